//! The story: every kind of request, an agent that refuses once, one that starts anew. Told by somebody patient, who asks
//! again when he has heard nothing.

use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tests_harness::{Answer, Kind, TestAgent};

use super::guardian::Guardian;
use super::truth;

/// `flaky-…` is refused by each agent once.
const SCRIPT: &str = "
default: { takes: 5ms }
accounts:
  - match: 'flaky-.*'
    refuses: unreachable
    times: 1
";

/// So often a question is put again before the story has failed.
const PATIENCE: usize = 2_000;

/// After so many looks what was asked for is asked for again.
const ASK_AGAIN: usize = 500;

/// The story with its people.
pub(super) struct Story {
    guardian: Guardian,
}

impl Story {
    /// Tells it, with a death at a point. Answers how many points it has.
    pub(super) async fn tell(kind: Kind, at: usize) -> Result<usize> {
        let story = Self { guardian: Guardian::start(kind, at).await? };
        let first = story.agent("agent-a").await?;
        let second = story.agent("agent-b").await?;
        story.requests_before().await?;
        second.stop().await;
        let second = story.agent("agent-b").await?;
        story.requests_after().await?;
        truth::settles(story.guardian.api.clone(), &["a-1", "a-2", "any"]).await?;
        // Whoever dies behind the end of the story would need time to come back from it, so nobody does.
        story.guardian.mortality.spare();
        truth::settles(story.guardian.api.clone(), &["a-1", "a-2", "any"]).await?;
        story.guardian.stop_time();
        truth::settles(story.guardian.api.clone(), &["a-1", "a-2", "any"]).await?;
        let reached = story.guardian.mortality.reached();
        // A telling with fewer points than the first one may not have come to its death; the questions are none of it.
        story.guardian.mortality.revive();
        let mut bridge = story.guardian.release().await?;
        truth::holds(&bridge, &["a-1", "a-2", "any"], &["flaky-1"]).await?;
        first.stop().await;
        second.stop().await;
        bridge.stop().await;
        Ok(reached)
    }

    async fn agent(&self, id: &str) -> Result<TestAgent> {
        let address = format!("http://{}", self.guardian.cable.address);
        TestAgent::start(&address, id, "eu", SCRIPT, Arc::clone(&self.guardian.clock) as _).await
    }

    async fn requests_before(&self) -> Result<()> {
        let new = |name: &str, zone: Value| {
            let mut item = json!({"name": name, "kubeconfigFile": "/kc"});
            if zone.is_string() {
                item["zoneId"] = zone;
            }
            item
        };
        let items = json!([
            new("a-1", json!("eu")),
            new("a-2", json!("eu")),
            new("flaky-1", json!("eu")),
            new("any", Value::Null)
        ]);
        // Some of them may have been made before the answer was lost: 409, and the others are made.
        self.ask(Method::POST, "/armory/accounts/dynamic?wait=30s", Some(items), &[200, 409])
            .await?;
        self.states("ACTIVE", &["a-1", "a-2", "flaky-1", "any"]).await?;
        let context = json!({"name": "a-1", "context": "second"});
        self.ask(Method::PUT, "/armory/accounts/dynamic?wait=30s", Some(context), &[200]).await?;
        Ok(())
    }

    async fn requests_after(&self) -> Result<()> {
        self.states("INACTIVE", &["a-2"]).await?;
        self.states("ACTIVE", &["a-2"]).await?;
        self.ask(Method::DELETE, "/armory/accounts/flaky-1?wait=30s", None, &[200, 404]).await?;
        Ok(())
    }

    /// Instructs until it is so: a refused try ends the request, and the retry comes by itself; a deactivation that came
    /// to no end in its time is ACTIVE again, and has to be asked for again (`spec/lifecycle.md`).
    async fn states(&self, wanted: &str, names: &[&str]) -> Result<()> {
        let items = names.iter().map(|name| json!({"name": name, "state": wanted})).collect();
        let items = Value::Array(items);
        for look in 0..PATIENCE {
            if look % ASK_AGAIN == 0 {
                let items = Some(items.clone());
                self.ask(Method::PATCH, "/armory/accounts?wait=30s", items, &[200]).await?;
            }
            let api = self.guardian.api.borrow().clone();
            if let Ok(states) = api.states().await {
                let is = |name: &&str| states.contains(&((*name).to_owned(), wanted.to_owned()));
                if names.iter().all(is) {
                    return Ok(());
                }
            }
            tokio::task::yield_now().await;
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        let api = self.guardian.api.borrow().clone();
        let states = api.states().await.context("states")?;
        ensure!(false, "{names:?} should be {wanted}, and these are: {states:?}");
        Ok(())
    }

    /// Asks until there is an answer of one of these kinds.
    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        statuses: &[u16],
    ) -> Result<Answer> {
        let mut last = String::new();
        for _ in 0..PATIENCE {
            let api = self.guardian.api.borrow().clone();
            match api.call(method.clone(), path, body.as_ref()).await {
                Ok(answer) if statuses.contains(&answer.status) => return Ok(answer),
                Ok(answer) if answer.status >= 500 || answer.status == 202 => {
                    last = format!("{answer:?}");
                }
                Ok(answer) => anyhow::bail!("{method} {path}: {answer:?}"),
                Err(error) => last = format!("{error:#}"),
            }
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        anyhow::bail!("{method} {path} never came to an end; the last word: {last}")
    }
}
