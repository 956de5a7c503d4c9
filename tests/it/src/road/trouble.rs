//! What goes wrong, and how it comes right by itself.

use anyhow::Result;
use serde_json::json;

use super::{WELL, agent, create, instruct, names, until};
use tests_harness::TestBridge;

/// Returns when the bridge has seen that an agent is gone.
async fn gone(bridge: &TestBridge, agent: &str) -> Result<()> {
    for _ in 0..20_000 {
        let there = bridge.api.get("/armory/agents").await?.expect(200)?.body;
        if !there.to_string().contains(agent) {
            return Ok(());
        }
    }
    anyhow::bail!("{agent} should be gone")
}

/// Returns when an account has failed so many times.
async fn retried(bridge: &TestBridge, account: &str, times: u64) -> Result<()> {
    for _ in 0..20_000 {
        let path = format!("/agents/kubernetes/accounts/{account}");
        let row = bridge.api.get(&path).await?.expect(200)?.body;
        if row["status"] == "FAILED" && row["retryCount"] == times {
            return Ok(());
        }
    }
    anyhow::bail!("{account} should have failed {times} times")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_account_is_tried_again_until_it_is_taken() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let script = "
default: { takes: 0ms }
accounts: [{ match: a, refuses: unauthorized, times: 2 }]";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let first = instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    assert_eq!(first.outcome("a"), Some("failed"));
    let row = bridge.api.get("/agents/kubernetes/accounts/a").await?.expect(200)?.body;
    assert_eq!((&row["status"], &row["retryCount"]), (&json!("FAILED"), &json!(1)));
    assert!(row["errorMessage"].as_str().is_some_and(|m| m.contains("agent-a")), "{row}");
    // The default retry: 5 s, then 10 s, stretched by at most a fifth.
    bridge.clock.advance(6_001);
    retried(&bridge, "a", 2).await?;
    bridge.clock.advance(12_001);
    until(&bridge, "a", Some("ACTIVE")).await?;
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_agent_an_activation_fails_and_goes_on_when_one_comes() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    bridge
        .api
        .patch("/armory/accounts", json!([{"name": "a", "state": "ACTIVE"}]))
        .await?
        .expect(202)?;
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("TO_MIGRATE"));
    bridge.clock.advance(30_001);
    until(&bridge, "a", Some("FAILED")).await?;
    let row = bridge.api.get("/agents/kubernetes/accounts/a").await?.expect(200)?.body;
    assert_eq!(row["retryCount"], 0, "no agent is not a try: {row}");
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    until(&bridge, "a", Some("ACTIVE")).await?;
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_agent_orphans_its_accounts_after_the_grace_and_another_takes_them() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let first = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &names("a", 3), Some("eu")).await?;
    instruct(&bridge, &names("a", 3), "ACTIVE").await?.expect(200)?;
    first.stop().await;
    gone(&bridge, "agent-a").await?;
    bridge.clock.advance(30_000);
    assert_eq!(bridge.api.state("a-00001").await?.as_deref(), Some("ACTIVE"), "within the grace");
    bridge.clock.advance(31_000);
    until(&bridge, "a-00001", Some("ORPHANED")).await?;
    let second = agent(&bridge, "agent-b", "eu", WELL).await?;
    until(&bridge, "a-00001", Some("ACTIVE")).await?;
    second.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_comes_back_is_told_what_it_must_drop() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let first = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    bridge.stop().await;
    // The bridge is back on another port, as after a restart by hand: the agent is not told, and dials in vain.
    bridge.restart().await?;
    bridge.clock.advance(61_000);
    until(&bridge, "a", Some("ORPHANED")).await?;
    let deactivated = instruct(&bridge, &["a".into()], "INACTIVE").await?.expect(200)?;
    assert_eq!(deactivated.outcome("a"), Some("done"));
    first.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configured_account_of_an_agent_is_a_static_row_that_nobody_may_change() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let mut options = host_agent::AgentOptions::new(&bridge.agents(), "agent-a", "i-1", "eu");
    options.accounts = vec![host_agent::ConfiguredAccount {
        name: "own".into(),
        definition: host_agent::Definition::default(),
    }];
    let clock = std::sync::Arc::clone(&bridge.clock) as _;
    let held = tests_harness::TestAgent::start_with(options, WELL, clock).await?;
    until(&bridge, "own", Some("ACTIVE")).await?;
    let row = bridge.api.get("/agents/kubernetes/accounts/own").await?.expect(200)?.body;
    assert_eq!(row["dynamic"], false);
    let refused = instruct(&bridge, &["own".into()], "INACTIVE").await?.expect(409)?;
    assert!(refused.body.to_string().contains("configuration of agent agent-a"), "{refused:?}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
