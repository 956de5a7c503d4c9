//! The main job, end to end: HTTP in, a real component, a real database, real gRPC, agents with simulated clusters.

mod batches;
mod crash;
mod explained;
mod goodbyes;
mod hostile_agents;
mod hostile_bodies;
mod listening;
mod lost_commits;
mod measured;
mod observed;
mod recorded;
mod repeated;
mod secrets;
mod seen;
mod there_and_back;
mod trouble;
mod two_at_once;
mod typed;

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_harness::{CLOUDDRIVER_ROWS, Kind, TestAgent, TestBridge, TestBridgeOptions};

/// An agent whose clusters all answer at once.
const WELL: &str = "default: { takes: 0ms }";

/// A bridge beside the Clouddriver of the recorded rows.
async fn beside_clouddriver(kind: Kind) -> Result<TestBridge> {
    TestBridge::start_with(TestBridgeOptions {
        database: kind,
        clouddriver_rows: Some(CLOUDDRIVER_ROWS.to_owned()),
        ..TestBridgeOptions::default()
    })
    .await
}

/// A bridge on a kind of database.
async fn bridge(kind: Kind) -> Result<TestBridge> {
    TestBridge::start_with(TestBridgeOptions { database: kind, ..TestBridgeOptions::default() })
        .await
}

async fn agent(bridge: &TestBridge, id: &str, zone: &str, script: &str) -> Result<TestAgent> {
    TestAgent::start(&bridge.agents(), id, zone, script, Arc::clone(&bridge.clock) as _).await
}

/// New accounts with a kubeconfig of their own, inactive.
async fn create(bridge: &TestBridge, names: &[String], zone: Option<&str>) -> Result<()> {
    let items: Vec<Value> = names
        .iter()
        .map(|name| json!({"name": name, "zoneId": zone, "kubeconfigFile": "/etc/kubeconfig"}))
        .collect();
    bridge.api.post("/armory/accounts/dynamic", Value::Array(items)).await?.expect(202)?;
    Ok(())
}

/// Asks for a state and waits for the outcome, by the bridge's own `wait`.
async fn instruct(
    bridge: &TestBridge,
    names: &[String],
    state: &str,
) -> Result<tests_harness::Answer> {
    let items: Vec<Value> =
        names.iter().map(|name| json!({"name": name, "state": state})).collect();
    bridge.api.patch("/armory/accounts?wait=30s", Value::Array(items)).await
}

/// Returns when an account is in a state: waits for whatever brings it there, looking at every commit.
async fn until(bridge: &TestBridge, name: &str, state: Option<&str>) -> Result<()> {
    let mut last = None;
    for _ in 0..20_000 {
        last = bridge.api.state(name).await?;
        if last.as_deref() == state {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "{name} should have come to {state:?} and is {last:?}");
    Ok(())
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|n| format!("{prefix}-{n:05}")).collect()
}
