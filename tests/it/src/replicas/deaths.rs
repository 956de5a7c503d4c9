//! A replica that dies is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use host_agent::AgentOptions;
use host_core::port::failpoints::{Failpoints, Point};
use host_core::port::replicas::Replicas as _;
use tests_harness::{Kind, TestAgent, TestBridge, TestDatabase};

use super::{
    WELL, advance, agent, create, eventually, instruct, is_in, know_each_other, on_every_server,
    options, steps, stop,
};

on_every_server!(
    the_keeper_that_dies_is_replaced_within_the_ttl,
    the_agents_of_a_replica_that_died_are_awaited_and_not_gone,
    an_agent_that_does_not_come_back_after_a_death_is_gone_after_the_grace,
);

/// Kills a replica from the inside: it says nothing to the database or to agents any more.
#[derive(Debug, Default)]
struct Deadly(AtomicBool);

impl Failpoints for Deadly {
    fn goes_on(&self, _: Point<'_>) -> bool {
        !self.0.load(Ordering::SeqCst)
    }
}

/// Two replicas, the first of which can be killed, and keeps.
async fn with_a_mortal_one(kind: Kind) -> Result<(Vec<TestBridge>, Arc<Deadly>)> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let deadly = Arc::new(Deadly::default());
    let mortal = {
        let mut mortal = options(1);
        mortal.failpoints = Some(Arc::clone(&deadly) as Arc<_>);
        mortal
    };
    let mut replicas = vec![TestBridge::start_on(Arc::clone(&database), mortal).await?];
    keeps(&replicas[0], "bridge-1").await?;
    replicas.push(TestBridge::start_on(database, options(2)).await?);
    know_each_other(&replicas).await?;
    Ok((replicas, deadly))
}

async fn keeps(seen_by: &TestBridge, replica: &str) -> Result<()> {
    let is = async || {
        let lease = seen_by.store().lease("keeper".into()).await?;
        Ok(lease.is_some_and(|lease| lease.holder == replica))
    };
    eventually(&format!("{replica} keeps"), is).await
}

async fn the_keeper_that_dies_is_replaced_within_the_ttl(kind: Kind) -> Result<()> {
    let (replicas, deadly) = with_a_mortal_one(kind).await?;
    let fence = replicas[1].store().lease("keeper".into()).await?.map(|lease| lease.fence);
    deadly.0.store(true, Ordering::SeqCst);
    // Half a second at a time, with the time for many looks at the database in between, also on a busy machine.
    for _ in 0..20 {
        replicas[1].clock.advance(500);
        for _ in 0..60 {
            let lease = replicas[1].store().lease("keeper".into()).await?;
            if lease.is_some_and(|lease| lease.holder == "bridge-2" && Some(lease.fence) > fence) {
                stop(replicas).await;
                return Ok(());
            }
        }
    }
    bail!("ten seconds have passed, and the other one does not keep")
}

async fn the_agents_of_a_replica_that_died_are_awaited_and_not_gone(kind: Kind) -> Result<()> {
    let (mut replicas, deadly) = with_a_mortal_one(kind).await?;
    let both = format!("{},{}", replicas[0].agents(), replicas[1].agents());
    let held = AgentOptions::new(&both, "agent-a", "instance-1", "eu");
    let held = TestAgent::start_with(held, WELL, Arc::clone(&replicas[1].clock) as _).await?;
    create(&replicas[0].api, &["a"]).await?;
    instruct(&replicas[0].api, &["a"], "ACTIVE").await?;
    let before = steps(&replicas[1].api, "a").await?;
    deadly.0.store(true, Ordering::SeqCst);
    replicas[0].stop().await;
    let there = async || {
        replicas[1].clock.advance(500);
        let agents = replicas[1].api.get("/armory/agents").await?.expect(200)?.body;
        Ok(agents[0]["clouddriverId"] == "bridge-2")
    };
    eventually("the agent has found the other replica", there).await?;
    assert_eq!(steps(&replicas[1].api, "a").await?, before, "the account has noticed nothing");
    let listed = async || {
        replicas[1].clock.advance(1_000);
        let rows = replicas[1].api.get("/armory/clouddrivers").await?.expect(200)?.body;
        Ok(rows.as_array().is_some_and(|rows| rows.len() == 1))
    };
    eventually("the dead replica is no longer in the list", listed).await?;
    is_in(&replicas[1].api, "a", "ACTIVE").await?;
    held.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn an_agent_that_does_not_come_back_after_a_death_is_gone_after_the_grace(
    kind: Kind,
) -> Result<()> {
    let (mut replicas, deadly) = with_a_mortal_one(kind).await?;
    let held = agent(&replicas[0], "agent-a").await?;
    create(&replicas[0].api, &["a"]).await?;
    instruct(&replicas[0].api, &["a"], "ACTIVE").await?;
    deadly.0.store(true, Ordering::SeqCst);
    held.stop().await;
    replicas[0].stop().await;
    let orphaned = async || {
        advance(&[&replicas[1].clock], 1_000);
        Ok(replicas[1].api.state("a").await?.as_deref() == Some("ORPHANED"))
    };
    eventually("the account is orphaned", orphaned).await?;
    let back = agent(&replicas[1], "agent-a").await?;
    is_in(&replicas[1].api, "a", "ACTIVE").await?;
    back.stop().await;
    stop(replicas).await;
    Ok(())
}
