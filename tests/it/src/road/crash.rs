//! The real program, killed in the middle of its work, and started again.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use host::SystemClock;
use serde_json::{Value, json};
use tests_harness::{BridgeProcess, Kind, ProcessOptions, TestAgent, TestDatabase};

use super::names;

/// Returns when every account is in a state, as the bridge itself says.
async fn all_in(bridge: &BridgeProcess, state: &str, count: usize) -> Result<()> {
    let mut seen = BTreeMap::new();
    for _ in 0..2_000 {
        seen.clear();
        for (_, state) in bridge.api.states().await? {
            *seen.entry(state).or_insert(0) += 1;
        }
        if seen.get(state) == Some(&count) {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "{count} accounts should be {state}, and these are: {seen:?}");
    Ok(())
}

on_every_database!(a_bridge_killed_while_it_activates_a_thousand_accounts_finishes_when_it_is_back);

async fn a_bridge_killed_while_it_activates_a_thousand_accounts_finishes_when_it_is_back(
    kind: Kind,
) -> Result<()> {
    let database = TestDatabase::new(kind).await?;
    let options = ProcessOptions::on(&database);
    let bridge = BridgeProcess::start_with(options.clone()).await?;
    let agents = bridge.agents.trim_start_matches("http://").to_owned();
    let clock = Arc::new(SystemClock);
    // Each take lasts long enough for the kill to come in between.
    let script = "default: { takes: 20ms }";
    let a = TestAgent::start(&bridge.agents, "agent-a", "eu", script, clock.clone()).await?;
    let b = TestAgent::start(&bridge.agents, "agent-b", "eu", script, clock.clone()).await?;
    let all = names("a", 1_000);
    let create = |name: &String| json!({"name": name, "zoneId": "eu", "kubeconfigFile": "/kc"});
    let items: Vec<Value> = all.iter().map(create).collect();
    bridge.api.post("/armory/accounts/dynamic", Value::Array(items)).await?.expect(202)?;
    let items: Vec<Value> = all.iter().map(|n| json!({"name": n, "state": "ACTIVE"})).collect();
    let asked = bridge.api.patch("/armory/accounts", Value::Array(items)).await?.expect(202)?;
    let handle = asked.location.context("a 202 carries a Location")?;
    // Some are there, not all.
    loop {
        let states = bridge.api.states().await?;
        let active = states.iter().filter(|(_, state)| state == "ACTIVE").count();
        if active > 0 {
            ensure!(active < 1_000, "the kill came too late to prove anything");
            break;
        }
    }
    bridge.kill().await?;

    let bridge = BridgeProcess::start_with(ProcessOptions { agents: &agents, ..options }).await?;
    all_in(&bridge, "ACTIVE", 1_000).await?;
    let result = bridge.api.get(&format!("{handle}?wait=60s")).await?.expect(200)?;
    ensure!(result.body["done"] == true, "{}", result.body);
    let done = result.body["items"]
        .as_array()
        .map_or(0, |items| items.iter().filter(|item| item["outcome"] == "done").count());
    assert_eq!(done, 1_000);
    a.stop().await;
    b.stop().await;
    bridge.kill().await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_bridge_on_the_same_file_is_refused_with_a_sentence() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let first = BridgeProcess::start(folder.path(), "127.0.0.1:0", &[]).await?;
    let second = BridgeProcess::start(folder.path(), "127.0.0.1:0", &[]).await;
    let said = second.err().context("the second one started")?.to_string();
    assert!(said.contains("another bridge has the database"), "{said}");
    first.api.get("/health").await?.expect(200)?;
    first.kill().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_with_an_unknown_key_is_refused_with_the_nearest_one() -> Result<()> {
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("swingbridge.yml"), "agents:\n  grase: 60s\n")?;
    let started = BridgeProcess::start(folder.path(), "127.0.0.1:0", &[]).await;
    let said = started.err().context("it started")?.to_string();
    assert!(said.contains("agents.grase") && said.contains("agents.grace"), "{said}");
    Ok(())
}
