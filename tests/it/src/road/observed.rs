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

/// Returns when a unit of work has failed.
async fn failed(bridge: &TestBridge) -> Result<()> {
    for _ in 0..20_000 {
        let metrics = bridge.api.get("/metrics").await?.expect(200)?.body;
        if metrics.to_string().contains(r#"units_total{end=\"failed\"}"#) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "no unit has failed");
    Ok(())
}

/// The account, when it is so after one of some heartbeats.
async fn after_heartbeats(bridge: &TestBridge, so: impl Fn(&Value) -> bool) -> Result<Value> {
    let path = "/agents/kubernetes/accounts/a";
    for look in 0..1_000 {
        if look % 100 == 0 {
            bridge.clock.advance(20_000);
        }
        let account = bridge.api.get(path).await?.expect(200)?.body;
        if so(&account) {
            return Ok(account);
        }
    }
    anyhow::bail!("ten heartbeats, and nobody said it again")
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
    proxy.commits(CommitFate::NeverSent, ALL);
    bridge.clock.advance(5_000);
    failed(&bridge).await?;
    proxy.commits(CommitFate::Answered, 0);
    account(&bridge, |a| a["agents"][0]["healthy"] == true).await?;
    let lost = after_heartbeats(&bridge, |a| a["agents"][0]["healthy"] == false).await?;
    ensure!(lost["agents"][0]["healthError"]["code"] == "unauthorized", "{lost:#}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
