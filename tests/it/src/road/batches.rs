//! Large batches: each account for itself, work in sets, and nobody else delayed.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use tests_harness::TestBridge;

use super::{WELL, agent, create, instruct, names};

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_accounts_succeed_and_fail_each_for_itself() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let script = "
default: { takes: 0ms }
accounts: [{ match: 'known-.*7', refuses: unauthorized }]";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    let known = names("known", 9_000);
    create(&bridge, &known, Some("eu")).await?;
    let item = |name: &String| json!({"name": name, "state": "ACTIVE"});
    let mut items: Vec<Value> = known.iter().map(item).collect();
    items.extend(names("unknown", 999).iter().map(item));
    items.push(json!({"name": "bad", "state": "ACTIVE", "zoneId": " eu "}));
    let path = "/armory/accounts?wait=60s";
    let answer = bridge.api.patch(path, Value::Array(items)).await?.expect(200)?;
    let mut outcomes = std::collections::BTreeMap::new();
    for item in answer.body["items"].as_array().context("items")? {
        let code = item["error"]["code"].as_str().unwrap_or("-");
        *outcomes.entry((item["outcome"].to_string(), code.to_owned())).or_insert(0) += 1;
    }
    let count = |outcome: &str, code: &str| {
        let key = (format!("{outcome:?}"), code.to_owned());
        outcomes.get(&key).copied().unwrap_or(0)
    };
    assert_eq!(count("done", "-"), 8_100, "{outcomes:?}");
    assert_eq!(count("failed", "unauthorized"), 900, "{outcomes:?}");
    assert_eq!(count("refused", "unknown"), 999, "{outcomes:?}");
    assert_eq!(count("refused", "zone-name"), 1, "{outcomes:?}");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_five_hundred_of_a_batch_cost_single_digit_statements() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let all = names("a", 5_000);
    let before = bridge.store().statements().writes;
    create(&bridge, &all, Some("eu")).await?;
    let created = bridge.store().statements().writes;
    // Without an agent nothing is answered, so that these statements are the request's own.
    let items = all.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect();
    bridge.api.patch("/armory/accounts", Value::Array(items)).await?.expect(202)?;
    let activated = bridge.store().statements().writes;
    let batches = 10;
    for (what, writes) in [("created", created - before), ("activated", activated - created)] {
        assert!(writes < 10 * batches, "{what}: {writes} statements for {batches} batches");
    }
    bridge.stop().await;
    Ok(())
}

/// The id of the first step of an account into a state.
async fn step_into(bridge: &TestBridge, account: &str, state: &str) -> Result<String> {
    let path = format!("/armory/accounts/{account}/history");
    let history = bridge.api.get(&path).await?.expect(200)?.body;
    let steps = history["items"].as_array().context("steps")?;
    let step = steps.iter().rev().find(|step| step["to"] == state).context("such a step")?;
    Ok(step["id"].as_str().context("an id")?.to_owned())
}

#[tokio::test(flavor = "multi_thread")]
async fn neither_a_large_batch_nor_a_slow_agent_delays_anybody_else() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    // On a clock that stands, this one never answers.
    let slow = agent(&bridge, "agent-slow", "eu", "default: { takes: 1h }").await?;
    let quick = agent(&bridge, "agent-quick", "us", WELL).await?;
    let many = names("many", 10_000);
    create(&bridge, &many, Some("eu")).await?;
    create(&bridge, &["one".into()], Some("us")).await?;
    let items = many.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect();
    let api = bridge.api.clone();
    let batch =
        tokio::spawn(async move { api.patch("/armory/accounts", Value::Array(items)).await });
    while bridge.api.state(&many[0]).await?.as_deref() == Some("INACTIVE") {
        tokio::task::yield_now().await;
    }
    let one = instruct(&bridge, &["one".into()], "ACTIVE").await?.expect(200)?;
    assert_eq!(one.outcome("one"), Some("done"));
    let batch = batch.await??.expect(202)?;
    let done = step_into(&bridge, "one", "ACTIVE").await?;
    let begun = step_into(&bridge, &many[9_999], "TO_MIGRATE").await?;
    assert!(done < begun, "the one was active before the last of the many was begun");
    let handle = batch.location.context("a Location")?;
    let standing = bridge.api.get(&handle).await?.expect(200)?.body;
    assert_eq!(standing["done"], false, "and the many still wait for their agent");
    slow.stop().await;
    quick.stop().await;
    bridge.stop().await;
    Ok(())
}
