//! `engine.native`: processor time per account, activation end to end on SQLite, with the lifecycle as wasm against the
//! same bridge with the library linked.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_harness::{TestAgent, TestBridge, TestBridgeOptions};

use crate::measure::{Measure, ratios};
use crate::stopwatch::processor_time;

/// Accounts of one run.
const ACCOUNTS: usize = 10_000;

pub(crate) async fn native(pairs: usize) -> Result<Measure> {
    let against = "the same bridge with the lifecycle library linked natively behind the same port";
    let (values, thrown_away) = ratios(
        pairs,
        async || activation(TestBridge::start().await?).await,
        async || {
            let options = TestBridgeOptions { native: true, ..TestBridgeOptions::default() };
            activation(TestBridge::start_with(options).await?).await
        },
    )
    .await?;
    let mut measure = Measure::of("engine.native", "ratio", against, Some(1.05), values);
    measure.thrown_away = thrown_away;
    Ok(measure)
}

/// Processor time per account in seconds, from the PATCH until all are `ACTIVE`.
async fn activation(mut bridge: TestBridge) -> Result<f64> {
    let clock = Arc::clone(&bridge.clock) as Arc<_>;
    let script = "default: { takes: 0ms }";
    let agent = TestAgent::start(&bridge.agents(), "agent-a", "eu", script, clock).await?;
    let names: Vec<String> = (0..ACCOUNTS).map(|n| format!("prod-eu-{n:05}")).collect();
    let create =
        |name: &String| json!({"name": name, "zoneId": "eu", "kubeconfigFile": "/etc/kubeconfig"});
    let items = names.iter().map(create).collect();
    bridge.api.post("/armory/accounts/dynamic", Value::Array(items)).await?.expect(202)?;
    let items = names.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect();

    let before = processor_time();
    let answer = bridge.api.patch("/armory/accounts?wait=60s", Value::Array(items)).await?;
    let used = processor_time() - before;

    let done = answer.body["items"]
        .as_array()
        .map_or(0, |items| items.iter().filter(|item| item["outcome"] == "done").count());
    ensure!(answer.status == 200 && done == ACCOUNTS, "{done} of {ACCOUNTS} were activated");
    agent.stop().await;
    bridge.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
    let accounts = ACCOUNTS as f64;
    Ok(used.as_secs_f64() / accounts)
}
