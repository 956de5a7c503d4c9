//! Answers to COMMIT that never arrive, seen from the door: what was asked has one effect, and what cannot be learnt is
//! said with the id by which it can be learnt later.

use std::sync::Arc;

use anyhow::Result;
use serde_json::json;
use tests_harness::{CommitFate, Kind, TestBridge, TestBridgeOptions, TestDatabase};

use super::{WELL, agent, create, instruct};

on_servers!(
    accounts_cross_once_although_answers_to_commit_are_lost,
    what_became_of_a_request_is_learnt_by_its_id_when_the_database_is_back,
);

async fn behind_a_line(kind: Kind) -> Result<(TestBridge, tests_harness::Proxy)> {
    let (database, proxy) = TestDatabase::behind_a_proxy(kind).await?;
    let options = TestBridgeOptions { database: kind, ..TestBridgeOptions::default() };
    Ok((TestBridge::start_on(Arc::new(database), options).await?, proxy))
}

async fn accounts_cross_once_although_answers_to_commit_are_lost(kind: Kind) -> Result<()> {
    let (mut bridge, proxy) = behind_a_line(kind).await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    for turn in 0..4 {
        let name = format!("a-{turn}");
        // The request's own row, and the unit.
        proxy.commits(CommitFate::AnswerLost, 2);
        create(&bridge, std::slice::from_ref(&name), Some("eu")).await?;
        proxy.commits(CommitFate::AnswerLost, 2);
        let answer = instruct(&bridge, std::slice::from_ref(&name), "ACTIVE").await?.expect(200)?;
        assert_eq!(answer.outcome(&name), Some("done"), "{}", answer.body);
        let steps = format!(
            "SELECT to_state FROM swingbridge_journal WHERE account = '{name}' ORDER BY id"
        );
        let steps = bridge.database().rows(&steps).await?;
        let steps: Vec<String> = steps.into_iter().flatten().flatten().collect();
        assert_eq!(steps, ["INACTIVE", "TO_MIGRATE", "ACTIVATING", "ACTIVE"], "each once");
        let adds = format!("SELECT id FROM swingbridge_operations WHERE account = '{name}'");
        assert_eq!(bridge.database().rows(&adds).await?.len(), 1, "one operation");
    }
    assert_eq!(proxy.lost_commits(), 16);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

async fn what_became_of_a_request_is_learnt_by_its_id_when_the_database_is_back(
    kind: Kind,
) -> Result<()> {
    let (mut bridge, proxy) = behind_a_line(kind).await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let mut id = String::new();
    for _ in 0..5 {
        proxy.commits_after(1, CommitFate::AnswerLostAndAway, 1);
        let items = json!([{"name": "a", "state": "ACTIVE"}]);
        let answer = bridge.api.patch("/armory/accounts", items).await?;
        proxy.restore();
        assert_eq!(answer.status, 503, "{}", answer.body);
        id = answer.location.clone().unwrap_or_else(|| answer.body.to_string());
        // Housekeeping commits too, when it likes: then it was the request's beginning that was lost.
        if !id.contains("nothing was begun") {
            break;
        }
    }
    assert!(id.contains("operations/"), "it names what can be asked later: {id}");
    // Nothing is stuck: the same may be asked again, and comes to one end.
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    let again = instruct(&bridge, &["a".into()], "ACTIVE").await?.expect(200)?;
    assert_eq!(again.outcome("a"), Some("done"), "{}", again.body);
    held.stop().await;
    bridge.stop().await;
    Ok(())
}
