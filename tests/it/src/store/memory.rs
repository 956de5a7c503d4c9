//! Agents and slots are remembered across a restart.

use host_core::agent::{Agent, Presence};
use host_core::port::store::{Memory as _, Records as _, Rows as _};
use host_core::unit::Unit;
use tests_harness::Kind;

use super::Fresh;
use super::words::{agent, holding, new_holding, texts, unit};

on_every_database!(
    the_last_word_about_an_agent_is_kept,
    a_slot_moves_when_another_module_serves_and_only_then,
    the_namespaces_that_agents_see_are_put_together,
    what_an_agent_holds_is_told_by_name,
);

async fn the_last_word_about_an_agent_is_kept(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    fresh.store.put_agent(agent("agent-1")).await.expect("written");
    fresh.store.put_agent(agent("agent-0")).await.expect("written");
    let gone = Agent { presence: Presence::Awaited, instance: "j".into(), ..agent("agent-1") };
    fresh.store.put_agent(gone.clone()).await.expect("written");
    let fresh = fresh.again().await;
    assert_eq!(fresh.store.agents().await, Ok(vec![agent("agent-0"), gone]));
    fresh.store.close().await;
}

async fn a_slot_moves_when_another_module_serves_and_only_then(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let serve = |digest: &str| fresh.store.serve("lifecycle".into(), digest.to_owned(), 2);
    assert_eq!(serve("sha256:1").await, Ok(1));
    assert_eq!(serve("sha256:2").await, Ok(2));
    assert_eq!(serve("sha256:1").await, Ok(3), "a module that comes back is a new generation");
    let other = fresh.store.serve("retry".into(), "sha256:9".into(), 2).await;
    assert_eq!(other, Ok(1), "slots count by themselves");
    let fresh = fresh.again().await;
    let still = fresh.store.serve("lifecycle".into(), "sha256:1".into(), 3).await;
    assert_eq!(still, Ok(3));
    fresh.store.close().await;
}

async fn the_namespaces_that_agents_see_are_put_together(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let seen = |agent: &str, names: &[&str]| {
        ("a".to_owned(), agent.to_owned(), texts(names.iter().copied()))
    };
    store
        .put_namespaces(vec![seen("1", &["x", "b"]), seen("2", &["b", "a"])])
        .await
        .expect("written");
    assert_eq!(store.namespaces("a".into()).await, Ok(texts(["a", "b", "x"])));
    store.put_namespaces(vec![seen("1", &["c"])]).await.expect("written");
    assert_eq!(store.namespaces("a".into()).await, Ok(texts(["a", "b", "c"])));
    assert_eq!(store.namespaces("z".into()).await, Ok(Vec::new()));
    store.close().await;
}

async fn what_an_agent_holds_is_told_by_name(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let mut lost = new_holding("a", "agent-1");
    lost.holding.observed = host_core::holding::Observed::NotHeld;
    let holdings = vec![
        lost,
        new_holding("c", "agent-1"),
        new_holding("b", "agent-1"),
        new_holding("d", "agent-2"),
    ];
    store.apply(Unit { holdings, ..unit("c1") }).await.expect("applied");
    let held = store.held_by("agent-1".into()).await;
    assert_eq!(held, Ok(vec![holding("b", "agent-1"), holding("c", "agent-1")]));
    store.close().await;
}
