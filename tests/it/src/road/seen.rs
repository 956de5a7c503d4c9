//! What an operator sees of clusters without logging in anywhere: health and its reason, identity, version, namespaces,
//! per agent; a check that activates nothing; a cluster that turns into another one.

use anyhow::{Result, ensure};
use host_core::settings::Settings;
use serde_json::{Value, json};
use tests_harness::{TestBridge, TestBridgeOptions};

use super::{WELL, agent, create, instruct};

/// What a path answers, as soon as it is so.
async fn when(bridge: &TestBridge, path: &str, so: impl Fn(&Value) -> bool) -> Result<Value> {
    let mut last = Value::Null;
    for _ in 0..20_000 {
        last = bridge.api.get(path).await?.expect(200)?.body;
        if so(&last) {
            return Ok(last);
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "{path} never came to what was expected: {last:#}");
    Ok(last)
}

pub(super) async fn account(bridge: &TestBridge, so: impl Fn(&Value) -> bool) -> Result<Value> {
    when(bridge, "/agents/kubernetes/accounts/a", so).await
}

/// An account of the zone `eu`, active at the agents that are there.
pub(super) async fn active(bridge: &TestBridge) -> Result<()> {
    create(bridge, &["a".into()], Some("eu")).await?;
    let answer = instruct(bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    ensure!(answer.outcome("a") == Some("done"), "{answer:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_cluster_does_not_answer_and_since_when_is_seen_everywhere() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let script = "default: { takes: 0ms, changes: [\
        { after: 10s, health: unauthorized }, \
        { after: 20s, health: healthy, version: v1.35.0, namespaces: [team-a, team-b, team-c] }] }";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    active(&bridge).await?;
    // What an agent sees there comes behind its answer.
    let seen = |a: &Value| a["agents"][0]["namespaces"] == 2 && a["agents"][0]["healthy"] == true;
    let well = account(&bridge, seen).await?;
    assert_eq!((&well["kubeVersion"], &well["healthy"]), (&json!("v1.34.4"), &json!(true)));
    assert_eq!(well["agents"][0]["cluster"]["kubeHost"], "https://a.simulated:6443");
    bridge.clock.advance(10_000);
    let lost = account(&bridge, |a| a["agents"][0]["healthy"] == false).await?;
    let (since, seen) = (&lost["agents"][0]["healthSince"], &lost["agents"][0]);
    assert_eq!(seen["healthError"]["code"], "unauthorized");
    assert_eq!((&lost["status"], &lost["healthy"]), (&json!("ACTIVE"), &json!(false)));
    ensure!(since.as_u64() > well["agents"][0]["healthSince"].as_u64(), "{since} and {well}");
    let explained = bridge.api.get("/armory/accounts/a/explanation").await?.expect(200)?.body;
    let told = explained["sentences"].to_string();
    ensure!(told.contains("does not answer as it should since"), "{told}");
    ensure!(told.contains("unauthorized: the API server of a does not know"), "{told}");
    assert_eq!(explained["agents"][0]["healthError"]["code"], "unauthorized");
    let metrics = bridge.api.get("/metrics").await?.expect(200)?.body;
    let line = r#"swingbridge_accounts_unhealthy{code=\"unauthorized\"} 1"#;
    ensure!(metrics.to_string().contains(line), "{metrics}");
    bridge.clock.advance(10_000);
    let back = account(&bridge, |a| a["agents"][0]["healthy"] == true).await?;
    assert_eq!(back["agents"][0]["healthError"], Value::Null);
    account(&bridge, |a| a["kubeVersion"] == "v1.35.0" && a["agents"][0]["namespaces"] == 3)
        .await?;
    let names = bridge.api.get("/agents/kubernetes/accounts/a/namespaces").await?.expect(200)?;
    assert_eq!(names.body, json!(["team-a", "team-b", "team-c"]));
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_check_asks_every_agent_of_the_zone_and_moves_nothing() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let path = "/armory/accounts/a/check?wait=30s";
    let elsewhere = agent(&bridge, "agent-z", "us", WELL).await?;
    let nobody = bridge.api.post(path, Value::Null).await?.expect(409)?;
    ensure!(nobody.body.to_string().contains("no agent of the zone eu"), "{nobody:?}");
    let well = agent(&bridge, "agent-a", "eu", WELL).await?;
    let refusing =
        agent(&bridge, "agent-b", "eu", "default: { takes: 0ms, refuses: unauthorized }").await?;
    let before = bridge.api.get("/armory/accounts/a/history").await?.expect(200)?.body;
    let checked = bridge.api.post(path, Value::Null).await?.expect(200)?;
    assert_eq!(checked.outcome("a"), Some("done"), "one of two reaches it");
    let item = &checked.body["items"][0];
    assert_eq!(item["state"], "INACTIVE");
    let [one, other] = item["agents"].as_array().map_or(&[][..], Vec::as_slice) else {
        anyhow::bail!("two agents were to answer: {item}")
    };
    assert_eq!((&one["agentId"], &one["outcome"]), (&json!("agent-a"), &json!("done")));
    assert_eq!(one["cluster"]["kubeVersion"], "v1.34.4");
    assert_eq!(one["namespaces"], json!({"count": 2, "first": ["default", "kube-system"]}));
    assert_eq!((&other["outcome"], &other["type"]), (&json!("refused"), &json!("CheckAccounts")));
    assert_eq!(other["error"]["code"], "unauthorized");
    well.stop().await;
    let failed = bridge.api.post(path, Value::Null).await?.expect(200)?;
    assert_eq!(failed.outcome("a"), Some("failed"));
    assert_eq!(failed.body["items"][0]["error"]["code"], "unauthorized");
    let after = bridge.api.get("/armory/accounts/a/history").await?.expect(200)?.body;
    assert_eq!(before["items"].as_array().map(Vec::len), after["items"].as_array().map(Vec::len));
    let row = account(&bridge, |_| true).await?;
    assert_eq!((&row["status"], &row["errorCode"]), (&json!("INACTIVE"), &Value::Null));
    for agent in [elsewhere, refusing] {
        agent.stop().await;
    }
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn another_certificate_is_a_conflict_until_it_is_accepted() -> Result<()> {
    let settings = Settings { agents_grace_ms: 5_000, ..Settings::default() };
    let options = TestBridgeOptions { settings, ..TestBridgeOptions::default() };
    let mut bridge = TestBridge::start_with(options).await?;
    let script = "default: { takes: 0ms, changes: [{ after: 10s, certificate: renewed }] }";
    let held = agent(&bridge, "agent-a", "eu", script).await?;
    active(&bridge).await?;
    let first = account(&bridge, |a| a["certFingerprint"].is_string()).await?;
    bridge.clock.advance(10_000);
    let turned = account(&bridge, |a| a["errorCode"] == "identity-conflict").await?;
    assert_eq!(turned["certFingerprint"], first["certFingerprint"], "only rebind replaces it");
    let seen = turned["agents"][0].clone();
    assert_eq!((&seen["conflict"], &seen["caching"]), (&json!(true), &json!(true)));
    let fingerprint = seen["cluster"]["certFingerprint"].as_str().unwrap_or_default().to_owned();
    ensure!(turned["errorMessage"].to_string().contains(&fingerprint), "{turned}");
    // Longer than agents.grace: the row keeps its state.
    bridge.clock.advance(30_000);
    let checked = bridge.api.post("/armory/accounts/a/check?wait=30s", Value::Null).await?;
    assert_eq!(checked.outcome("a"), Some("failed"), "it reaches another cluster: {checked:?}");
    assert_eq!(checked.body["items"][0]["error"]["code"], "identity-conflict");
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("ACTIVE"));
    let none = "/armory/accounts/a/rebind?fingerprint=00:11";
    let none = bridge.api.post(none, Value::Null).await?.expect(409)?;
    ensure!(none.body.to_string().contains(&fingerprint), "it says what is seen: {none:?}");
    let accept =
        format!("/armory/accounts/a/rebind?fingerprint={}&wait=5s", fingerprint.to_lowercase());
    let accepted = bridge.api.post(&accept, Value::Null).await?.expect(200)?;
    assert_eq!(accepted.outcome("a"), Some("done"));
    let bound = account(&bridge, |a| a["errorCode"].is_null()).await?;
    assert_eq!(bound["certFingerprint"], json!(fingerprint));
    assert_eq!(
        (&bound["status"], &bound["agents"][0]["conflict"]),
        (&json!("ACTIVE"), &json!(false))
    );
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn where_agents_claim_different_clusters_the_caller_says_which() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let turning = "default: { takes: 0ms, changes: [{ after: 10s, certificate: second }] }";
    let one = agent(&bridge, "agent-a", "eu", turning).await?;
    active(&bridge).await?;
    account(&bridge, |a| a["certFingerprint"].is_string()).await?;
    let third = "default: { takes: 0ms, changes: [{ after: 0s, certificate: third }] }";
    let other = agent(&bridge, "agent-b", "eu", third).await?;
    let is_refused =
        |a: &Value| a["agents"][1]["conflict"] == true && a["agents"][1]["caching"] == false;
    account(&bridge, is_refused).await?;
    bridge.clock.advance(10_000);
    let both = account(&bridge, |a| a["agents"][0]["conflict"] == true).await?;
    let refused = bridge.api.post("/armory/accounts/a/rebind", Value::Null).await?.expect(409)?;
    let seen = |n: usize| both["agents"][n]["cluster"]["certFingerprint"].as_str().unwrap_or("?");
    for fingerprint in [seen(0), seen(1)] {
        ensure!(refused.body.to_string().contains(fingerprint), "{refused:?}");
    }
    let of_agent = "/armory/accounts/a/rebind?agent=agent-b&wait=5s";
    assert_eq!(bridge.api.post(of_agent, Value::Null).await?.outcome("a"), Some("done"));
    let bound = account(&bridge, |a| a["agents"][1]["caching"] == true).await?;
    assert_eq!((&bound["certFingerprint"], &bound["status"]), (&json!(seen(1)), &json!("ACTIVE")));
    for agent in [one, other] {
        agent.stop().await;
    }
    bridge.stop().await;
    Ok(())
}
