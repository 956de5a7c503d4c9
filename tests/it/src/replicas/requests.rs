//! Any replica takes any request.

use anyhow::{Result, ensure};
use tests_harness::{Kind, TestBridge, TestDatabase};

use super::{
    NOWHERE, agent, create, eventually, instruct, is_in, know_each_other, on_every_server, options,
    replicas, stop,
};

on_every_server!(
    a_request_at_one_replica_reaches_the_agent_of_another_at_once,
    a_lost_ring_costs_a_look_and_nothing_else,
    clocks_that_are_apart_do_no_harm,
    every_replica_is_told,
);

async fn a_request_at_one_replica_reaches_the_agent_of_another_at_once(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 3).await?;
    let held = agent(&replicas[1], "agent-a").await?;
    let asked = &replicas[0].api;
    create(asked, &["a", "b"]).await?;
    // The answer comes to the second replica, the caller waits at the first, and no clock moves.
    let done = instruct(asked, &["a", "b"], "ACTIVE").await?;
    assert_eq!((done.outcome("a"), done.outcome("b")), (Some("done"), Some("done")));
    let gone = instruct(&replicas[2].api, &["a"], "INACTIVE").await?;
    assert_eq!(gone.outcome("a"), Some("done"));
    held.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn a_lost_ring_costs_a_look_and_nothing_else(kind: Kind) -> Result<()> {
    let database = std::sync::Arc::new(TestDatabase::new(kind).await?);
    let mut replicas = Vec::new();
    for number in [1, 2] {
        let mut deaf = options(number);
        deaf.advertise = Some(NOWHERE.to_owned());
        replicas.push(TestBridge::start_on(std::sync::Arc::clone(&database), deaf).await?);
    }
    know_each_other(&replicas).await?;
    let held = agent(&replicas[1], "agent-a").await?;
    replicas[0].clock.advance(1_000);
    create(&replicas[0].api, &["a"]).await?;
    let seen = async || {
        let agents = replicas[0].api.get("/armory/agents").await?.expect(200)?.body;
        Ok(agents.as_array().is_some_and(|agents| agents.len() == 1))
    };
    eventually("the agent is known", seen).await?;
    let ask = serde_json::json!([{"name": "a", "state": "ACTIVE"}]);
    replicas[0].api.patch("/armory/accounts", ask).await?.expect(202)?;
    let looked = async || {
        // Each look is a second later.
        replicas.iter().for_each(|replica| replica.clock.advance(1_000));
        Ok(replicas[0].api.state("a").await?.as_deref() == Some("ACTIVE"))
    };
    eventually("a look finds the operation", looked).await?;
    held.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn clocks_that_are_apart_do_no_harm(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 2).await?;
    // The first is ten seconds ahead.
    replicas[0].clock.advance(10_000);
    let held = agent(&replicas[1], "agent-a").await?;
    let (ahead, behind) = (&replicas[0].api, &replicas[1].api);
    for round in 0..3 {
        create(ahead, &["a"]).await?;
        assert_eq!(instruct(behind, &["a"], "ACTIVE").await?.outcome("a"), Some("done"), "{round}");
        let delete = behind.delete("/armory/accounts/a?wait=30s", None).await?.expect(200)?;
        assert_eq!(delete.outcome("a"), Some("done"), "{round}");
        // Made again by the one whose clock is behind: its revisions still are new ones.
        create(behind, &["a"]).await?;
        assert_eq!(instruct(ahead, &["a"], "ACTIVE").await?.outcome("a"), Some("done"), "{round}");
        let delete = ahead.delete("/armory/accounts/a?wait=30s", None).await?.expect(200)?;
        assert_eq!(delete.outcome("a"), Some("done"), "{round}");
    }
    let history = ahead.get("/armory/accounts/a/history?limit=500").await?.expect(200)?.body;
    let mut revisions: Vec<u64> = history["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| item["revision"].as_u64())
        .collect();
    let steps = revisions.len();
    revisions.sort_unstable();
    revisions.dedup();
    ensure!(steps >= 6 && revisions.len() >= 12, "{revisions:?}");
    held.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn every_replica_is_told(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 3).await?;
    for replica in &replicas {
        let rows = replica.api.get("/armory/clouddrivers").await?.expect(200)?.body;
        let ids: Vec<&str> = rows
            .as_array()
            .into_iter()
            .flatten()
            .filter(|row| row["ready"] == true)
            .filter_map(|row| row["id"].as_str())
            .collect();
        assert_eq!(ids, ["bridge-1", "bridge-2", "bridge-3"]);
    }
    let held = agent(&replicas[2], "agent-a").await?;
    create(&replicas[0].api, &["a"]).await?;
    instruct(&replicas[1].api, &["a"], "ACTIVE").await?;
    for replica in &replicas {
        is_in(&replica.api, "a", "ACTIVE").await?;
        let seen = async || {
            let agents = replica.api.get("/armory/agents").await?.expect(200)?.body;
            Ok(agents[0]["clouddriverId"] == "bridge-3"
                && agents[0]["accounts"] == serde_json::json!(["a"]))
        };
        eventually("the agent and what it holds are seen everywhere", seen).await?;
    }
    held.stop().await;
    stop(replicas).await;
    Ok(())
}
