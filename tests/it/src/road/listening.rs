//! `GET /events` and `GET /operations/{id}/events`, end to end: what happens is heard as it happens.

use anyhow::{Context as _, Result, bail, ensure};
use host_core::journal::JournalEntry;
use host_core::port::ids::Ids as _;
use host_core::port::store::Rows as _;
use host_core::unit::Unit;
use proto::agent::v1::Register;
use serde_json::{Value, json};
use tests_harness::{SeededIds, TestBridge};

use super::{WELL, agent, create, instruct};
use crate::link::dialler::{Dialler, done as answer, part};

/// A stream of events as a reader takes it.
struct Reader {
    response: reqwest::Response,
    text: String,
}

impl Reader {
    async fn open(bridge: &TestBridge, path: &str, last: Option<&str>) -> Result<Self> {
        let mut request = reqwest::Client::new().get(format!("{}{path}", bridge.api.base()));
        if let Some(last) = last {
            request = request.header("Last-Event-ID", last);
        }
        let response = request.send().await?;
        ensure!(response.status() == 200, "{response:?}");
        Ok(Self { response, text: String::new() })
    }

    /// The next event that has a name, and its body. Nothing when the stream has ended.
    async fn next(&mut self) -> Result<Option<(String, Value)>> {
        loop {
            while let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |key: &str| event.lines().find_map(|line| line.strip_prefix(key));
                let named = line("event: ").zip(line("data: "));
                let named = named.map(|(name, data)| (name.to_owned(), data.to_owned()));
                self.text = rest.to_owned();
                if let Some((name, data)) = named {
                    return Ok(Some((name, serde_json::from_str(&data)?)));
                }
            }
            match self.response.chunk().await? {
                Some(chunk) => self.text.push_str(std::str::from_utf8(&chunk)?),
                None => return Ok(None),
            }
        }
    }

    async fn transition(&mut self) -> Result<Value> {
        match self.next().await? {
            Some((name, body)) if name == "transition" => Ok(body),
            other => bail!("a transition was expected: {other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_step_of_an_activation_is_heard_in_order_and_again_after_a_break() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into(), "b".into()], Some("eu")).await?;
    let mut reader = Reader::open(&bridge, "/events?zone=eu&account=a", None).await?;
    instruct(&bridge, &["a".into(), "b".into()], "ACTIVE").await?.expect(200)?;
    let mut first = None;
    for to in ["TO_MIGRATE", "ACTIVATING", "ACTIVE"] {
        let step = reader.transition().await?;
        assert_eq!((&step["account"], &step["to"]), (&json!("a"), &json!(to)));
        assert!(step["module"].as_str().is_some_and(|m| m.starts_with("sha256:")), "{step}");
        first.get_or_insert(step["id"].as_str().context("an id")?.to_owned());
    }
    drop(reader);
    instruct(&bridge, &["a".into()], "INACTIVE").await?.expect(200)?;
    let mut again = Reader::open(&bridge, "/events?account=a", first.as_deref()).await?;
    let mut seen = Vec::new();
    while seen.last() != Some(&json!("INACTIVE")) || seen.len() < 3 {
        seen.push(again.transition().await?["to"].clone());
    }
    let wanted = ["ACTIVATING", "ACTIVE", "TO_DEACTIVATE", "DEACTIVATING", "INACTIVE"];
    let after: Vec<&Value> = seen.iter().skip_while(|to| **to != "ACTIVATING").collect();
    assert_eq!(after, wanted.map(Value::from).iter().collect::<Vec<_>>(), "{seen:?}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

/// What no ring told, since another replica wrote it, and with an id before one that was told.
#[tokio::test(flavor = "multi_thread")]
async fn what_another_replica_committed_late_is_heard_too() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let early = SeededIds::new(1).next();
    create(&bridge, &["a".into()], None).await?;
    let mut reader = Reader::open(&bridge, "/events", None).await?;
    let body = json!([{"name": "a", "state": "ACTIVE"}]);
    bridge.api.patch("/armory/accounts", body).await?.expect(202)?;
    let told = reader.transition().await?;
    ensure!(early.as_str() < told["id"].as_str().unwrap_or_default(), "{early} and {told}");
    let late = JournalEntry {
        id: early.clone(),
        at: 1,
        account: "elsewhere".into(),
        from: None,
        to: Some("INACTIVE".into()),
        event: "create".into(),
        reason: "another replica".into(),
        who: "ada".into(),
        request: None,
        operation: None,
        module: "sha256:1".into(),
        revision: 1,
    };
    let unit = Unit {
        call: "01OTHERREPLICA".into(),
        slot_generation: 1,
        journal: vec![late],
        new_items: vec![host_core::unit::ItemWrite {
            request: "r".into(),
            name: "elsewhere".into(),
            outcome: host_core::request::ItemOutcome::Done,
            state: None,
        }],
        ..Unit::default()
    };
    bridge.store().apply(unit).await.context("written as another replica does")?;
    bridge.clock.advance(1_000);
    loop {
        let step = reader.transition().await?;
        if step["account"] == "elsewhere" {
            assert_eq!(step["id"], json!(early));
            break;
        }
    }
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_is_followed_account_by_account_to_its_end() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let address = bridge.agents().trim_start_matches("http://").parse()?;
    let register = Register { agent_id: "agent-a".into(), zone_id: "eu".into(), ..part([], true) };
    let mut held = Dialler::register(address, register).await;
    create(&bridge, &["a".into(), "b".into()], Some("eu")).await?;
    let body = json!([{"name": "a", "state": "ACTIVE"}, {"name": "b", "state": "ACTIVE"}]);
    let asked = bridge.api.patch("/armory/accounts", body).await?.expect(202)?;
    let path = format!("{}/events", asked.location.context("a Location")?);
    let mut reader = Reader::open(&bridge, &path, None).await?;
    let (name, standing) = reader.next().await?.context("the standing")?;
    assert_eq!((name.as_str(), &standing["done"]), ("standing", &json!(false)));
    let mut answers = Vec::new();
    while answers.len() < 2 {
        let operations = held.operations().await;
        answers.extend(operations.iter().map(|o| answer(&o.id, &o.account, o.generation)));
    }
    held.answer(answers).await;
    let mut done = Vec::new();
    while let Some((name, body)) = reader.next().await? {
        match name.as_str() {
            "item" if body["outcome"] == "done" => done.push(body["name"].clone()),
            "item" => {}
            "done" => {
                done.sort_by_key(Value::to_string);
                assert_eq!(done, [json!("a"), json!("b")]);
                done.clear();
            }
            other => bail!("{other}: {body}"),
        }
    }
    assert!(done.is_empty(), "it ended with done");
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_with_a_word_when_the_bridge_stops() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let body = json!([{"name": "a", "state": "ACTIVE"}]);
    let asked = bridge.api.patch("/armory/accounts", body).await?.expect(202)?;
    let path = format!("{}/events", asked.location.context("a Location")?);
    let mut all = Reader::open(&bridge, "/events", None).await?;
    let mut one = Reader::open(&bridge, &path, None).await?;
    bridge.stop().await;
    for reader in [&mut all, &mut one] {
        let mut last = None;
        while let Some((name, _)) = reader.next().await? {
            last = Some(name);
        }
        assert_eq!(last.as_deref(), Some("ended"));
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn old_steps_go_and_a_resumption_from_before_them_is_told_so() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let history = bridge.api.get("/armory/accounts/a/history").await?.expect(200)?.body;
    let first = history["items"][0]["id"].as_str().context("an id")?.to_owned();
    bridge.api.delete("/armory/accounts/a?wait=5s", None).await?.expect(200)?;
    bridge.clock.advance(91 * 86_400_000);
    // The account is removed, so that all of its steps go in the first round after that.
    for _ in 0..20_000 {
        if bridge.api.get("/armory/accounts/a/history").await?.status == 404 {
            let answer = reqwest::Client::new()
                .get(format!("{}/events", bridge.api.base()))
                .header("Last-Event-ID", &first)
                .send()
                .await?;
            assert_eq!(answer.status(), 410);
            bridge.stop().await;
            return Ok(());
        }
        bridge.clock.advance(50);
        tokio::task::yield_now().await;
    }
    bail!("the steps should have gone")
}
