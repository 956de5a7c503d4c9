//! `GET /metrics`, end to end: what was done is counted, and what nobody comes to is seen.

use anyhow::{Context as _, Result};
use host_core::account::Account;
use host_core::definition::Definition;
use host_core::port::store::Rows as _;
use host_core::unit::{RowInsert, Unit};
use tests_harness::TestBridge;

use super::{WELL, agent, create, instruct};

/// The value of a series.
async fn measured(bridge: &TestBridge, series: &str) -> Result<u64> {
    let text = bridge.api.get("/metrics").await?.expect(200)?.body;
    let text = text.as_str().context("a text")?.to_owned();
    let line = text.lines().find(|line| line.rsplit_once(' ').is_some_and(|(s, _)| s == series));
    let line = line.with_context(|| format!("{series} is missing in\n{text}"))?;
    Ok(line.rsplit_once(' ').context("a value")?.1.parse()?)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_activation_is_counted_in_every_way_and_nothing_is_stuck() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &["a".into(), "b".into()], Some("eu")).await?;
    instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    for (series, value) in [
        (r#"swingbridge_accounts{state="ACTIVE"}"#, 1),
        (r#"swingbridge_accounts{state="INACTIVE"}"#, 1),
        ("swingbridge_accounts_stuck", 0),
        ("swingbridge_accounts_oldest_due_seconds", 0),
        ("swingbridge_operations_pending", 0),
        ("swingbridge_database_up", 1),
        (r#"swingbridge_agents{presence="connected"}"#, 1),
        (r#"swingbridge_transitions_total{from="",to="INACTIVE"}"#, 2),
        (r#"swingbridge_transitions_total{from="ACTIVATING",to="ACTIVE"}"#, 1),
        (r#"swingbridge_requests_total{action="activate"}"#, 1),
        (r#"swingbridge_items_total{outcome="done"}"#, 3),
        (r#"swingbridge_operations_total{kind="AddAccounts",result="submitted"}"#, 1),
        (r#"swingbridge_operations_total{kind="AddAccounts",result="done"}"#, 1),
        (r#"swingbridge_calls_total{export="handle",end="ok"}"#, 2),
        (r#"swingbridge_units_total{end="set-aside"}"#, 0),
    ] {
        assert_eq!(measured(&bridge, series).await?, value, "{series}");
    }
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_nobody_comes_to_is_seen() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    // As no unit of this module would leave it: on its way, and without a time at which it is looked at.
    let account = Account {
        name: "lost".into(),
        state: "ACTIVATING".into(),
        revision: 1,
        state_revision: 1,
        definition_revision: 1,
        zone: None,
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: 1,
        due_at: None,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    };
    let definition = Definition::default();
    let row =
        RowInsert { account, definition, source: "api".into(), source_fingerprint: String::new() };
    let unit = Unit {
        call: "01PLANTED".into(),
        slot_generation: 1,
        inserts: vec![row],
        ..Unit::default()
    };
    bridge.store().apply(unit).await.context("planted")?;
    assert_eq!(measured(&bridge, "swingbridge_accounts_stuck").await?, 1);
    bridge.stop().await;
    Ok(())
}
