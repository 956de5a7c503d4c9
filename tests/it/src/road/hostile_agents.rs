//! Agents that break the rules of the link, against the whole bridge: nobody else notices, and nothing is believed.

use anyhow::{Context as _, Result};
use proto::agent::v1::{OperationResult, Register, operation::Kind};
use serde_json::json;

use super::{WELL, agent, create, instruct, until};
use crate::link::dialler::{Dialler, done, part};
use tests_harness::TestBridge;

async fn dial(bridge: &TestBridge, register: Register) -> Result<Dialler> {
    let address = bridge.agents().trim_start_matches("http://").parse()?;
    Ok(Dialler::register(address, register).await)
}

fn of(agent: &str, instance: &str) -> Register {
    Register { agent_id: agent.into(), instance_id: instance.into(), ..part([], true) }
}

async fn activate(bridge: &TestBridge, name: &str) -> Result<()> {
    let instruction = json!([{"name": name, "state": "ACTIVE"}]);
    bridge.api.patch("/armory/accounts", instruction).await?.expect(202)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_nobody_asked_for_is_taken_and_believed_by_nobody() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let mut liar = dial(&bridge, of("agent-a", "i-1")).await?;
    liar.answer(vec![done("01ARZ3NDEKTSV4RRFFQ69G5FAV", "a", 7)]).await;
    assert_eq!(liar.acknowledged().await, ["01ARZ3NDEKTSV4RRFFQ69G5FAV"]);
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("INACTIVE"));
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_another_agents_operation_is_not_believed() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let mut asked = dial(&bridge, of("agent-a", "i-1")).await?;
    let mut liar = dial(&bridge, Register { zone_id: "us".into(), ..of("agent-b", "i-2") }).await?;
    activate(&bridge, "a").await?;
    let operation = asked.operations().await.remove(0);
    liar.answer(vec![done(&operation.id, "a", operation.generation)]).await;
    assert_eq!(liar.acknowledged().await, std::slice::from_ref(&operation.id));
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("ACTIVATING"));
    asked.answer(vec![done(&operation.id, "a", operation.generation)]).await;
    asked.acknowledged().await;
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("ACTIVE"));
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_of_an_old_generation_does_not_count() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let mut slow = dial(&bridge, of("agent-a", "i-1")).await?;
    activate(&bridge, "a").await?;
    let add = slow.operations().await.remove(0);
    let instruction = json!([{"name": "a", "state": "INACTIVE"}]);
    bridge.api.patch("/armory/accounts", instruction).await?.expect(202)?;
    let delete = slow.operations().await.remove(0);
    assert_eq!(delete.kind(), Kind::DeleteAccounts);
    assert!(delete.generation > add.generation);
    slow.answer(vec![done(&add.id, "a", add.generation)]).await;
    slow.acknowledged().await;
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("DEACTIVATING"));
    let dropped = OperationResult { held: false, ..done(&delete.id, "a", delete.generation) };
    slow.answer(vec![dropped]).await;
    slow.acknowledged().await;
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("INACTIVE"));
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_accounts_that_nobody_knows_are_to_be_dropped() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let names = (0..10_000).map(|n| format!("stray-{n:05}"));
    let mut hoarder = dial(&bridge, part(names, true)).await?;
    let mut told = 0;
    while told < 10_000 {
        let operations = hoarder.operations().await;
        assert!(operations.iter().all(|operation| operation.kind() == Kind::DeleteAccounts));
        told += operations.len();
    }
    assert_eq!(bridge.api.states().await?, [], "nothing an agent holds becomes a row by itself");
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_takes_another_agents_id_does_not_take_what_it_holds() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let mut first = dial(&bridge, of("agent-a", "i-1")).await?;
    activate(&bridge, "a").await?;
    let add = first.operations().await.remove(0);
    first.answer(vec![done(&add.id, "a", add.generation)]).await;
    first.acknowledged().await;
    let mut second = dial(&bridge, of("agent-a", "i-2")).await?;
    let told = first.refused().await;
    assert!(!told.text.is_empty() && !told.retry, "{told:?}");
    // The newcomer holds nothing, and is asked to: the account is not thought to be held by it.
    let asked = second.operations().await.remove(0);
    assert_eq!((asked.kind(), asked.account.as_str()), (Kind::AddAccounts, "a"));
    assert!(asked.generation > add.generation);
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_sends_garbage_loses_its_stream_and_nobody_else_does() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held = agent(&bridge, "agent-b", "eu", WELL).await?;
    let twice = part(["a".to_owned(), "a".to_owned()], true);
    let address = bridge.agents().trim_start_matches("http://").parse()?;
    let mut liar = Dialler::dial(address).await;
    liar.say(proto::agent::v1::agent_message::Message::Register(twice)).await;
    let refused = liar.refused().await;
    assert!(refused.text.contains('a'), "{refused:?}");
    create(&bridge, &["b".into()], Some("eu")).await?;
    let activated = instruct(&bridge, &["b".into()], "ACTIVE").await?.expect(200)?;
    assert_eq!(activated.outcome("b").context("an item")?, "done");
    until(&bridge, "b", Some("ACTIVE")).await?;
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
