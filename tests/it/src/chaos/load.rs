//! Callers that never give up: each asks one thing after the other of its own accounts, at any replica, until it is
//! taken, and remembers what it asked for last.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::Duration;

use anyhow::{Result, bail};
use rand::rngs::StdRng;
use rand::{Rng as _, RngExt as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use tests_harness::Answer;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::stage::{Apis, zone};

/// Accounts of one caller.
const ACCOUNTS: usize = 12;

/// So often a question is put before the caller says that it is never answered: half a minute.
const PATIENCE: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

/// What an account should be in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Active,
    Inactive,
    Gone,
}

/// All callers.
pub(super) struct Load {
    callers: Vec<JoinHandle<Result<BTreeMap<String, Wanted>>>>,
    done: CancellationToken,
}

impl Load {
    pub(super) fn start(apis: &Apis, callers: usize, random: &mut StdRng) -> Self {
        let done = CancellationToken::new();
        let callers = (0..callers).map(|number| {
            let caller = Caller {
                number,
                apis: Apis::clone(apis),
                random: StdRng::seed_from_u64(random.next_u64()),
                wanted: BTreeMap::new(),
            };
            tokio::spawn(caller.call(done.clone()))
        });
        let callers = callers.collect();
        Self { callers, done }
    }

    /// No more is asked. Answers what every account should be.
    pub(super) async fn finish(self) -> Result<BTreeMap<String, Wanted>> {
        self.done.cancel();
        let mut wanted = BTreeMap::new();
        for caller in self.callers {
            wanted.extend(caller.await??);
        }
        Ok(wanted)
    }
}

struct Caller {
    number: usize,
    apis: Apis,
    random: StdRng,
    wanted: BTreeMap<String, Wanted>,
}

impl Caller {
    async fn call(mut self, done: CancellationToken) -> Result<BTreeMap<String, Wanted>> {
        while !done.is_cancelled() {
            let some = self.some();
            match self.random.random_range(0..10) {
                0..4 => self.instruct(&some, Wanted::Active).await?,
                4..7 => self.instruct(&some, Wanted::Inactive).await?,
                7..9 => self.update(&some[0]).await?,
                _ => self.delete(&some[0]).await?,
            }
        }
        Ok(self.wanted)
    }

    /// A few of its accounts; those that are not there are made first.
    fn some(&mut self) -> Vec<String> {
        let count = self.random.random_range(1..=ACCOUNTS / 2);
        let first = self.random.random_range(0..ACCOUNTS);
        let name = |n: usize| format!("caller-{}-account-{}", self.number, n % ACCOUNTS);
        (first..first + count).map(name).collect()
    }

    async fn make(&mut self, names: &[String]) -> Result<()> {
        let is_there = |name: &&String| self.wanted.get(*name).is_some_and(|w| *w != Wanted::Gone);
        let missing: Vec<&String> = names.iter().filter(|name| !is_there(name)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let item = |name: &&String| {
            let number = name.rsplit('-').next().and_then(|n| n.parse().ok()).unwrap_or(0);
            json!({"name": name, "zoneId": zone(number), "kubeconfigFile": "/kc"})
        };
        let items: Vec<Value> = missing.iter().map(item).collect();
        let names: Vec<String> = missing.into_iter().cloned().collect();
        let body = Some(Value::Array(items));
        // A 409 says that a try whose answer was lost had made some of them, and that the others are made.
        self.ask(Method::POST, "/armory/accounts/dynamic", body, &[202, 409]).await?;
        self.wanted.extend(names.into_iter().map(|name| (name, Wanted::Inactive)));
        Ok(())
    }

    async fn instruct(&mut self, names: &[String], wanted: Wanted) -> Result<()> {
        self.make(names).await?;
        let state = if wanted == Wanted::Active { "ACTIVE" } else { "INACTIVE" };
        let items = names.iter().map(|name| json!({"name": name, "state": state}));
        let body = Some(Value::Array(items.collect()));
        self.ask_each(Method::PATCH, "/armory/accounts", body, &[202]).await?;
        self.wanted.extend(names.iter().map(|name| (name.clone(), wanted)));
        Ok(())
    }

    async fn update(&mut self, name: &str) -> Result<()> {
        self.make(&[name.to_owned()]).await?;
        let context = format!("context-{}", self.random.random_range(0..1_000));
        let body = Some(json!({"name": name, "context": context}));
        self.ask_each(Method::PUT, "/armory/accounts/dynamic", body, &[202]).await
    }

    async fn delete(&mut self, name: &str) -> Result<()> {
        self.make(&[name.to_owned()]).await?;
        let path = format!("/armory/accounts/{name}");
        for _ in 0..PATIENCE {
            let answer = self.ask(Method::DELETE, &path, None, &[202, 404]).await?;
            if answer.status == 404 {
                self.wanted.insert(name.to_owned(), Wanted::Gone);
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{name} is never gone")
    }

    /// Asks until every item is taken: an item that was busy, or that stands between two states in which nobody takes the
    /// instruction, is asked for again.
    async fn ask_each(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        statuses: &[u16],
    ) -> Result<()> {
        let mut last = Value::Null;
        for _ in 0..PATIENCE {
            // The handle tells how each item was taken; without this header the body is the original's empty list.
            let answer = self.ask(method.clone(), path, body.clone(), statuses).await?;
            let items = answer.body["items"].as_array().cloned().unwrap_or_default();
            let taken = |item: &Value| {
                matches!(
                    item["outcome"].as_str(),
                    Some("pending" | "done" | "failed" | "superseded")
                )
            };
            if answer.status == 404 || (!items.is_empty() && items.iter().all(taken)) {
                return Ok(());
            }
            last = answer.body;
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{method} {path} was never taken: {last}")
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Option<Value>,
        statuses: &[u16],
    ) -> Result<Answer> {
        let mut last = String::new();
        for _ in 0..PATIENCE {
            let api = {
                let apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
                apis[self.random.random_range(0..apis.len())].clone()
            };
            let call = api.preferring(method.clone(), path, body.as_ref());
            match tokio::time::timeout(Duration::from_secs(5), call).await {
                Ok(Ok(answer)) if statuses.contains(&answer.status) => return Ok(answer),
                // Being deleted, or busy: it passes.
                Ok(Ok(answer)) if answer.status >= 500 || answer.status == 409 => {
                    last = format!("{answer:?}");
                }
                Ok(Ok(answer)) => bail!("{method} {path} {body:?}: {answer:?}"),
                Ok(Err(error)) => last = format!("{error:#}"),
                Err(_) => "no answer for five seconds".clone_into(&mut last),
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{method} {path} was never answered; the last word: {last}")
    }
}
