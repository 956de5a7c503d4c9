//! What agents see by themselves while the database does not answer: it is said until it is written down.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::Value;
use tests_harness::{CommitFate, Kind, TestBridge, TestBridgeOptions, TestDatabase};

use super::agent;
use super::seen::{account, active};

on_servers!(a_loss_that_could_not_be_written_down_is_seen_all_the_same);

/// More commits than there are while it is watched.
const ALL: usize = 1_000_000;

/// How many units of work have failed.
async fn failed(bridge: &TestBridge) -> Result<usize> {
    let metrics = bridge.api.get("/metrics").await?.expect(200)?.body.to_string();
    let counted = metrics.split_once(r#"units_total{end=\"failed\"} "#);
    let digits = counted.map(|(_, rest)| rest.chars().take_while(char::is_ascii_digit).collect());
    Ok(digits.map_or(Ok(0), |digits: String| digits.parse())?)
}

/// Lets heartbeats pass until something is so.
async fn with_heartbeats<F: Future<Output = Result<bool>>>(
    bridge: &TestBridge,
    what: &str,
    so: impl Fn() -> F,
) -> Result<()> {
    for look in 0..2_000 {
        if look % 100 == 0 {
            bridge.clock.advance(20_000);
        }
        if so().await? {
            return Ok(());
        }
    }
    anyhow::bail!("twenty heartbeats, and never that {what}")
}

/// Whether the cluster answers the agent that holds the account.
async fn healthy(bridge: &TestBridge) -> Result<Value> {
    let path = "/agents/kubernetes/accounts/a";
    Ok(bridge.api.get(path).await?.expect(200)?.body["agents"][0]["healthy"].clone())
}

async fn a_loss_that_could_not_be_written_down_is_seen_all_the_same(kind: Kind) -> Result<()> {
    let (database, proxy) = TestDatabase::behind_a_proxy(kind).await?;
    let options = TestBridgeOptions { database: kind, ..TestBridgeOptions::default() };
    let mut bridge = TestBridge::start_on(Arc::new(database), options).await?;
    let script = "default: { takes: 0ms, changes: [{ after: 5s, health: unauthorized }] }";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    active(&bridge).await?;
    let well = |a: &Value| a["agents"][0]["healthy"] == true && a["agents"][0]["namespaces"] == 2;
    account(&bridge, well).await?;
    let before = failed(&bridge).await?;
    proxy.commits(CommitFate::NeverSent, ALL);
    bridge.clock.advance(5_000);
    let again = || async { Ok(failed(&bridge).await? >= before + 3) };
    with_heartbeats(&bridge, "it is said again and again", again).await?;
    ensure!(healthy(&bridge).await? == true, "nothing of it is written");
    proxy.commits(CommitFate::Answered, 0);
    let lost = || async { Ok(healthy(&bridge).await? == false) };
    with_heartbeats(&bridge, "the loss is seen", lost).await?;
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
