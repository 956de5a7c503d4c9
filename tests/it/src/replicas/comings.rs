//! Agents that go from one replica to another.

use std::sync::Arc;

use anyhow::Result;
use host_agent::AgentOptions;
use host_core::port::store::Memory as _;
use serde_json::json;
use tests_harness::{Cable, Kind, TestAgent};

use super::{WELL, agent, create, eventually, instruct, on_every_server, replicas, steps, stop};

on_every_server!(
    an_agent_that_is_drained_goes_to_another_replica_and_nothing_is_lost,
    the_late_good_bye_of_an_old_stream_changes_nothing,
    a_new_instance_on_another_replica_is_given_what_it_should_hold,
    a_stream_can_be_ended_at_any_replica,
);

async fn an_agent_that_is_drained_goes_to_another_replica_and_nothing_is_lost(
    kind: Kind,
) -> Result<()> {
    let mut replicas = replicas(kind, 2).await?;
    let both = format!("{},{}", replicas[0].agents(), replicas[1].agents());
    let options = AgentOptions::new(&both, "agent-a", "instance-1", "eu");
    let held = TestAgent::start_with(options, WELL, Arc::clone(&replicas[1].clock) as _).await?;
    create(&replicas[0].api, &["a", "b"]).await?;
    instruct(&replicas[0].api, &["a", "b"], "ACTIVE").await?;
    let before = steps(&replicas[1].api, "a").await?;
    replicas[0].stop().await;
    let there = async || {
        let agents = replicas[1].api.get("/armory/agents").await?.expect(200)?.body;
        Ok(agents[0]["clouddriverId"] == "bridge-2")
    };
    eventually("the agent is at the other replica", there).await?;
    assert_eq!(steps(&replicas[1].api, "a").await?, before, "no account has noticed");
    let gone = instruct(&replicas[1].api, &["b"], "INACTIVE").await?;
    assert_eq!(gone.outcome("b"), Some("done"), "what it holds can be changed at once");
    held.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn the_late_good_bye_of_an_old_stream_changes_nothing(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 2).await?;
    let cable = Cable::unplugged().await?;
    cable.plug(replicas[0].agents_address());
    let address = format!("http://{}", cable.address);
    let clock = Arc::clone(&replicas[0].clock);
    let first = AgentOptions::new(&address, "agent-a", "instance-1", "eu");
    let first = TestAgent::start_with(first, WELL, Arc::clone(&clock) as _).await?;
    create(&replicas[0].api, &["a"]).await?;
    instruct(&replicas[0].api, &["a"], "ACTIVE").await?;
    let before = steps(&replicas[0].api, "a").await?;
    // The same instance opens a stream at the other replica, as after a network that came back elsewhere: it says what
    // it holds, and only then the old stream is heard to end.
    let second = AgentOptions::new(&replicas[1].agents(), "agent-a", "instance-1", "eu");
    let second = TestAgent::start_with(second, WELL, Arc::clone(&clock) as _).await?;
    cable.cut();
    first.stop().await;
    instruct(&replicas[1].api, &["a"], "ACTIVE").await?;
    let states = replicas[1].api.states().await?;
    assert_eq!(states, [("a".to_owned(), "ACTIVE".to_owned())]);
    let agents = replicas[0].api.get("/armory/agents").await?.expect(200)?.body;
    assert_eq!(agents[0]["clouddriverId"], "bridge-2", "{agents}");
    assert!(steps(&replicas[0].api, "a").await? <= before + 1, "it was never orphaned");
    second.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn a_new_instance_on_another_replica_is_given_what_it_should_hold(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 2).await?;
    let first = agent(&replicas[0], "agent-a").await?;
    create(&replicas[0].api, &["a"]).await?;
    instruct(&replicas[0].api, &["a"], "ACTIVE").await?;
    first.stop().await;
    let second = agent(&replicas[1], "agent-a").await?;
    let holds = async || {
        let agent = replicas[1].api.get("/armory/agents/agent-a").await?.expect(200)?.body;
        Ok(agent["accounts"] == json!(["a"]))
    };
    eventually("it holds the account", holds).await?;
    let states = replicas[0].api.states().await?;
    assert_eq!(states, [("a".to_owned(), "ACTIVE".to_owned())]);
    second.stop().await;
    stop(replicas).await;
    Ok(())
}

async fn a_stream_can_be_ended_at_any_replica(kind: Kind) -> Result<()> {
    let replicas = replicas(kind, 2).await?;
    let held = agent(&replicas[1], "agent-a").await?;
    let known = async || {
        let agents = replicas[0].api.get("/armory/agents").await?.expect(200)?.body;
        Ok(agents.as_array().is_some_and(|agents| agents.len() == 1))
    };
    eventually("the agent is known at the other replica", known).await?;
    let session = async || {
        let agents = replicas[1].store().agents().await?;
        Ok::<_, anyhow::Error>(agents.into_iter().next().map(|agent| agent.session))
    };
    let before = session().await?;
    replicas[0].api.post("/armory/agent/agent-a/disconnect", json!(null)).await?.expect(202)?;
    let renewed = async || {
        // It dials again after its back-off.
        replicas[1].clock.advance(1_000);
        Ok(session().await? != before)
    };
    eventually("the agent has registered again", renewed).await?;
    held.stop().await;
    stop(replicas).await;
    Ok(())
}
