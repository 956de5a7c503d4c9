//! `GET /armory/accounts/{name}/explanation`: in every state, why, what it waits for and until when.

use anyhow::{Result, ensure};
use host_core::settings::Settings;
use proto::agent::v1::{OperationResult, Register};
use serde_json::{Value, json};
use tests_harness::{TestBridge, TestBridgeOptions};

use super::{WELL, agent, create, instruct, until};
use crate::link::dialler::{Dialler, done, part};

/// What an account's explanation says; the sentences tell the same.
async fn explained(bridge: &TestBridge, name: &str) -> Result<Value> {
    let path = format!("/armory/accounts/{name}/explanation");
    let body = bridge.api.get(&path).await?.expect(200)?.body;
    let sentences = body["sentences"].as_array().cloned().unwrap_or_default();
    ensure!(sentences.len() >= 3, "{body}");
    for wait in body["waitsFor"].as_array().into_iter().flatten() {
        ensure!(sentences.contains(&wait["sentence"]), "{wait} is missing in {sentences:?}");
    }
    ensure!(body["lateMs"].is_null(), "{body}");
    Ok(body)
}

fn waits(body: &Value) -> Vec<(&str, Option<u64>)> {
    let waits = body["waitsFor"].as_array().into_iter().flatten();
    waits.map(|w| (w["what"].as_str().unwrap_or_default(), w["until"].as_u64())).collect()
}

async fn ask(bridge: &TestBridge, state: &str) -> Result<()> {
    let body = json!([{"name": "a", "state": state}]);
    bridge.api.patch("/armory/accounts", body).await?.expect(202)?;
    Ok(())
}

fn now(bridge: &TestBridge) -> u64 {
    use host_core::port::time::Clock as _;
    bridge.clock.now()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_an_account_waits_for_one_and_then_for_ever() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let resting = explained(&bridge, "a").await?;
    assert_eq!((&resting["status"], waits(&resting)), (&json!("INACTIVE"), vec![]));
    assert_eq!(resting["possible"], json!(["activate", "update", "delete", "rebind"]));
    ask(&bridge, "ACTIVE").await?;
    let waiting = explained(&bridge, "a").await?;
    assert_eq!(waiting["status"], "TO_MIGRATE");
    assert_eq!(waits(&waiting), [("candidate", Some(now(&bridge) + 30_000))]);
    assert!(waiting["sentences"].to_string().contains("an agent of the zone eu"), "{waiting}");
    assert_eq!(waiting["operations"].as_array().map(Vec::len), Some(1), "the request waits");
    bridge.clock.advance(30_001);
    until(&bridge, "a", Some("FAILED")).await?;
    let failed = explained(&bridge, "a").await?;
    assert_eq!(failed["error"]["code"], "no-agent");
    assert_eq!(waits(&failed), [("candidate", None)], "time alone changes nothing");
    bridge.api.get("/armory/accounts/none/explanation").await?.expect(404)?;
    bridge.stop().await;
    Ok(())
}

/// An agent that answers when the test says so.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_is_on_its_way_waits_for_the_answers_of_agents() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let address = bridge.agents().trim_start_matches("http://").parse()?;
    let register = Register { agent_id: "agent-a".into(), zone_id: "eu".into(), ..part([], true) };
    let mut held = Dialler::register(address, register).await;
    create(&bridge, &["a".into()], Some("eu")).await?;
    ask(&bridge, "ACTIVE").await?;
    let add = held.operations().await.remove(0);
    let activating = explained(&bridge, "a").await?;
    assert_eq!(activating["status"], "ACTIVATING");
    assert_eq!(waits(&activating), [("answer", Some(now(&bridge) + 60_000))]);
    let wait = &activating["waitsFor"][0];
    assert_eq!((&wait["agentId"], &wait["type"]), (&json!("agent-a"), &json!("AddAccounts")));
    let definition_revision = add.definition_revision;
    let taken = OperationResult { definition_revision, ..done(&add.id, "a", add.generation) };
    held.answer(vec![taken]).await;
    held.acknowledged().await;
    let active = explained(&bridge, "a").await?;
    assert_eq!((&active["status"], waits(&active)), (&json!("ACTIVE"), vec![]));
    assert_eq!(active["agents"][0]["holds"], "held");
    ask(&bridge, "INACTIVE").await?;
    held.operations().await;
    let leaving = explained(&bridge, "a").await?;
    assert_eq!(leaving["status"], "DEACTIVATING");
    assert_eq!(waits(&leaving), [("answer", Some(now(&bridge) + 60_000))]);
    assert_eq!(leaving["waitsFor"][0]["type"], "DeleteAccounts");
    bridge.api.delete("/armory/accounts/a", None).await?.expect(202)?;
    let deleting = explained(&bridge, "a").await?;
    assert_eq!(deleting["status"], "DELETING");
    assert_eq!(waits(&deleting), [("answer", Some(now(&bridge) + 60_000))]);
    // It says that it is done, and that it holds the account all the same.
    let delete = held.operations().await.remove(0);
    assert_eq!(deleting["waitsFor"][0]["agentOperation"], json!(delete.id));
    held.answer(vec![done(&delete.id, "a", delete.generation)]).await;
    held.acknowledged().await;
    until(&bridge, "a", Some("DELETE_FAILED")).await?;
    let stuck = explained(&bridge, "a").await?;
    assert_eq!(stuck["error"]["code"], "still-held");
    assert!(stuck["possible"].to_string().contains("delete"), "{stuck}");
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_try_says_when_the_next_one_is() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held =
        agent(&bridge, "agent-a", "eu", "default: { takes: 0ms, refuses: unauthorized }").await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let failed = explained(&bridge, "a").await?;
    assert_eq!(
        (&failed["status"], &failed["error"]["code"]),
        (&json!("FAILED"), &json!("unauthorized"))
    );
    let [("retry", Some(at))] = waits(&failed)[..] else { anyhow::bail!("{failed}") };
    ensure!(at > now(&bridge) && at <= now(&bridge) + 6_000, "{failed}");
    assert_eq!(failed["agents"][0]["error"]["code"], "unauthorized");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_given_up_waits_for_somebody_to_ask() -> Result<()> {
    let settings = Settings { retry_max: 1, ..Settings::default() };
    let options = TestBridgeOptions { settings, ..TestBridgeOptions::default() };
    let mut bridge = TestBridge::start_with(options).await?;
    let held =
        agent(&bridge, "agent-a", "eu", "default: { takes: 0ms, refuses: unauthorized }").await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let given_up = explained(&bridge, "a").await?;
    assert_eq!(waits(&given_up), [("request", None)], "{given_up}");
    assert!(given_up["sentences"].to_string().contains("given up after 1 try"), "{given_up}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_agent_is_waited_for_within_the_grace_and_any_other_after_it() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let left = now(&bridge);
    held.stop().await;
    let mut body = Value::Null;
    for _ in 0..20_000 {
        body = explained(&bridge, "a").await?;
        if !waits(&body).is_empty() {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(waits(&body), [("return", Some(left + 60_000))], "{body}");
    assert_eq!(body["agents"][0]["presence"], "gone");
    bridge.clock.advance(60_001);
    until(&bridge, "a", Some("ORPHANED")).await?;
    let orphaned = explained(&bridge, "a").await?;
    assert_eq!(waits(&orphaned), [("candidate", None)]);
    bridge.stop().await;
    Ok(())
}
