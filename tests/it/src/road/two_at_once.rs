//! Two agents that answer at the same moment: what comes of both answers comes at once, and not when a deadline passes.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tests_harness::{Kind, TestBridge, TestBridgeOptions};

use super::{WELL, agent, create, until};

on_every_database!(answers_of_two_agents_are_heard_together);

/// So often: whether both answers are taken in at the same time is chance.
const TURNS: usize = 30;

/// Returns when both agents hold the account.
async fn held_by_both(bridge: &TestBridge) -> Result<()> {
    for _ in 0..20_000 {
        let account = bridge.api.get("/agents/kubernetes/accounts/a").await?.expect(200)?.body;
        if account["connections"] == 2 {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    anyhow::bail!("it should be held by both agents")
}

async fn answers_of_two_agents_are_heard_together(kind: Kind) -> Result<()> {
    let options = TestBridgeOptions { database: kind, ..TestBridgeOptions::default() };
    let mut bridge = TestBridge::start_with(options).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let one = agent(&bridge, "agent-a", "eu", WELL).await?;
    let other = agent(&bridge, "agent-b", "eu", WELL).await?;
    let ask = async |state: &str| {
        let items = json!([{"name": "a", "state": state}]);
        bridge.api.patch("/armory/accounts", items).await?.expect(202).map(|_| ())
    };
    // The clock stands still: no deadline comes to the rescue.
    for _ in 0..TURNS {
        ask("ACTIVE").await?;
        until(&bridge, "a", Some("ACTIVE")).await?;
        held_by_both(&bridge).await?;
        ask("INACTIVE").await?;
        until(&bridge, "a", Some("INACTIVE")).await?;
        let checked = bridge.api.post("/armory/accounts/a/check", Value::Null).await?;
        ended(&bridge, &checked.location.context("a Location")?).await?;
    }
    one.stop().await;
    other.stop().await;
    bridge.stop().await;
    Ok(())
}

/// Returns when nothing of a request is pending.
async fn ended(bridge: &TestBridge, handle: &str) -> Result<()> {
    let mut last = Value::Null;
    for _ in 0..20_000 {
        last = bridge.api.get(handle).await?.expect(200)?.body;
        let items = last["items"].as_array().cloned().unwrap_or_default();
        if !items.is_empty() && items.iter().all(|item| item["outcome"] != "pending") {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    anyhow::bail!("the check never ended: {last}")
}
