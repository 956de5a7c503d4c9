//! From Clouddriver's table to an agent, and back again.

use anyhow::Result;
use serde_json::json;

use super::{WELL, agent, beside_clouddriver, create, instruct, names, until};
use tests_harness::{Kind, TestBridge};

on_every_database!(
    an_account_of_a_real_clouddriver_goes_to_an_agent_and_back,
    the_journal_tells_who_what_and_which_module,
    an_account_without_a_zone_goes_to_every_agent_and_stays_in_the_zone_of_the_first,
    an_update_reaches_the_agent_that_holds_the_account,
    ten_thousand_accounts_in_one_body_are_answered_one_by_one,
    a_restart_of_the_bridge_loses_no_agent_and_no_account,
);

async fn an_account_of_a_real_clouddriver_goes_to_an_agent_and_back(kind: Kind) -> Result<()> {
    let mut bridge = beside_clouddriver(kind).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;

    let migrated =
        bridge.api.post("/armory/accounts", json!([{"name": "eu-1", "zoneId": "eu"}])).await?;
    assert_eq!((migrated.status, &migrated.body), (202, &json!([])));
    assert!(migrated.location.is_some_and(|l| l.starts_with("/operations/")));
    assert_eq!(bridge.api.state("eu-1").await?.as_deref(), Some("INACTIVE"));

    let activated = instruct(&bridge, &["eu-1".into()], "ACTIVE").await?.expect(200)?;
    assert_eq!(activated.outcome("eu-1"), Some("done"));
    let row = bridge.api.get("/agents/kubernetes/accounts/eu-1").await?.expect(200)?.body;
    assert_eq!((&row["status"], &row["zoneId"]), (&json!("ACTIVE"), &json!("eu")));
    assert_eq!(row["connections"], 1);
    assert!(row["certFingerprint"].is_string() && row["kubeHost"].is_string());

    let deactivated = instruct(&bridge, &["eu-1".into()], "INACTIVE").await?.expect(200)?;
    assert_eq!(deactivated.outcome("eu-1"), Some("done"));
    assert_eq!(bridge.api.state("eu-1").await?.as_deref(), Some("INACTIVE"));

    let deleted = bridge.api.delete("/armory/accounts/eu-1?wait=30s", None).await?.expect(200)?;
    assert_eq!(deleted.outcome("eu-1"), Some("done"));
    assert_eq!(bridge.api.state("eu-1").await?, None);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn the_journal_tells_who_what_and_which_module(kind: Kind) -> Result<()> {
    let mut bridge = super::bridge(kind).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let history = bridge.api.get("/armory/accounts/a/history").await?.expect(200)?.body;
    let items = history["items"].as_array().cloned().unwrap_or_default();
    let told: Vec<(String, String, String)> = items
        .iter()
        .rev()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
            (text("from"), text("to"), text("who"))
        })
        .collect();
    let expected = [
        ("-", "INACTIVE", "anonymous"),
        ("INACTIVE", "TO_MIGRATE", "anonymous"),
        ("TO_MIGRATE", "ACTIVATING", "anonymous"),
        ("ACTIVATING", "ACTIVE", "agent agent-a"),
    ]
    .map(|(from, to, who)| (from.to_owned(), to.to_owned(), who.to_owned()));
    assert_eq!(told, expected);
    assert!(items.iter().all(|i| i["module"].as_str().is_some_and(|m| m.starts_with("sha256:"))));
    assert!(items[0]["agentOperation"].is_string(), "the answer that led to ACTIVE: {}", items[0]);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn an_account_without_a_zone_goes_to_every_agent_and_stays_in_the_zone_of_the_first(
    kind: Kind,
) -> Result<()> {
    let mut bridge = super::bridge(kind).await?;
    let eu = agent(&bridge, "agent-eu", "eu", "default: { refuses: unreachable }").await?;
    let us = agent(&bridge, "agent-us", "us", WELL).await?;
    create(&bridge, &["a".into()], None).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let row = bridge.api.get("/agents/kubernetes/accounts/a").await?.expect(200)?.body;
    assert_eq!((&row["status"], &row["zoneId"]), (&json!("ACTIVE"), &json!("us")));
    eu.stop().await;
    us.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn an_update_reaches_the_agent_that_holds_the_account(kind: Kind) -> Result<()> {
    let mut bridge = super::bridge(kind).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    let update = json!({"name": "a", "namespaces": ["default"]});
    let updated = bridge.api.put("/armory/accounts/dynamic?wait=30s", update).await?.expect(200)?;
    assert_eq!(updated.outcome("a"), Some("done"));
    let sent = bridge.api.get("/armory/agent/operations?items=10").await?.expect(200)?.body;
    assert!(sent.to_string().contains("UpdateAccounts"), "{sent}");
    let row = bridge.api.get("/agents/kubernetes/accounts/a").await?.expect(200)?.body;
    assert_eq!(row["definition"]["namespaces"], json!(["default"]));
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn ten_thousand_accounts_in_one_body_are_answered_one_by_one(kind: Kind) -> Result<()> {
    let mut bridge = super::bridge(kind).await?;
    let held = agent(
        &bridge,
        "agent-a",
        "eu",
        "
default: { takes: 0ms }
accounts: [{ match: 'a-.*7', refuses: unauthorized }]",
    )
    .await?;
    let all = names("a", 10_000);
    create(&bridge, &all, Some("eu")).await?;
    let answer = instruct(&bridge, &all, "ACTIVE").await?.expect(200)?;
    assert_eq!(answer.body["items"].as_array().map(Vec::len), Some(10_000));
    assert_eq!(answer.outcome("a-00001"), Some("done"));
    assert_eq!(answer.outcome("a-00007"), Some("failed"));
    let states = bridge.api.states().await?;
    assert_eq!(states.iter().filter(|(_, state)| state == "ACTIVE").count(), 9_000);
    assert_eq!(states.iter().filter(|(_, state)| state == "FAILED").count(), 1_000);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn a_restart_of_the_bridge_loses_no_agent_and_no_account(kind: Kind) -> Result<()> {
    let mut bridge = super::bridge(kind).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &names("a", 20), Some("eu")).await?;
    instruct(&bridge, &names("a", 20), "ACTIVE").await?.expect(200)?;
    let journal = |bridge: &TestBridge| {
        let api = bridge.api.clone();
        async move { Ok::<_, anyhow::Error>(api.get("/armory/accounts/a-00003/history").await?.body) }
    };
    let before = journal(&bridge).await?;
    bridge.restart().await?;
    assert_eq!(bridge.api.state("a-00003").await?.as_deref(), Some("ACTIVE"));
    // Within the grace nothing is concluded; after it, with no agent back, the accounts are orphaned.
    assert_eq!(journal(&bridge).await?, before);
    bridge.clock.advance(61_000);
    until(&bridge, "a-00003", Some("ORPHANED")).await?;
    let again = agent(&bridge, "agent-b", "eu", WELL).await?;
    until(&bridge, "a-00003", Some("ACTIVE")).await?;
    held.stop().await;
    again.stop().await;
    bridge.stop().await;
    Ok(())
}
