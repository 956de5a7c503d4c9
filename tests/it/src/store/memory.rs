//! Agents and slots are remembered across a restart.

use host_core::agent::{Agent, Presence};
use host_core::port::slots::{Offer, Serving};
use host_core::port::store::AgentNamespaces;
use host_core::unit::Unit;

use super::anywhere::{Fresh, Kind};
use super::words::{agent, inserts, new_holding, offer, removal, texts, unit};

on_every_store!(
    the_last_word_about_an_agent_is_kept,
    when_an_agent_was_heard_is_kept_unless_its_row_has_changed,
    a_slot_moves_when_another_module_serves_and_only_then,
    a_module_of_an_older_program_does_not_take_the_slot_back,
    the_bytes_of_a_module_are_kept_whole,
    the_namespaces_that_agents_see_are_kept_by_agent_as_long_as_the_account,
    what_an_agent_holds_is_told_by_name,
);

async fn the_last_word_about_an_agent_is_kept(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let put = |agent: Agent, session: Option<&str>| {
        fresh.store.put_agent(agent, session.map(str::to_owned))
    };
    assert_eq!(put(agent("agent-1"), None).await, Ok(Some(1)));
    assert_eq!(put(agent("agent-0"), None).await, Ok(Some(2)));
    let gone = Agent { presence: Presence::Awaited, instance: "j".into(), ..agent("agent-1") };
    assert_eq!(put(gone.clone(), Some("s")).await, Ok(Some(3)));
    assert_eq!(put(agent("agent-1"), Some("older")).await, Ok(None), "a newer session has it");
    assert_eq!(fresh.store.agents_changed().await, Ok(3), "what was not written does not count");
    let gone = Agent { changed: 3, ..gone };
    let first = Agent { changed: 2, ..agent("agent-0") };
    assert_eq!(fresh.store.agents_since(2).await, Ok(vec![gone.clone()]));
    let fresh = fresh.again().await;
    assert_eq!(fresh.store.agents().await, Ok(vec![first, gone]));
    fresh.store.close().await;
}

async fn when_an_agent_was_heard_is_kept_unless_its_row_has_changed(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.put_agent(agent("agent-0"), None).await.expect("written");
    store.put_agent(agent("agent-1"), None).await.expect("written");
    let heard = |one: u64, other: u64| {
        store.heard_of(vec![("agent-1".into(), other, 70), ("agent-0".into(), one, 60)])
    };
    heard(1, 2).await.expect("written");
    let seen = async || {
        let agents = store.agents().await.expect("read");
        agents.iter().map(|agent| (agent.last_seen, agent.changed)).collect::<Vec<_>>()
    };
    assert_eq!(seen().await, [(60, 1), (70, 2)], "and no other replica has to look at it");
    store.put_agent(Agent { last_seen: 99, ..agent("agent-1") }, None).await.expect("written");
    heard(1, 2).await.expect("nothing to be said");
    assert_eq!(seen().await, [(60, 1), (99, 3)]);
    store.close().await;
}

async fn a_slot_moves_when_another_module_serves_and_only_then(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let served = async |slot: &str, digest: &str| {
        let serving = fresh.store.serve(slot.into(), offer(digest), 2).await.expect("served");
        assert_eq!(serving.digest, digest);
        serving.generation
    };
    assert_eq!(served("lifecycle", "sha256:1").await, 1);
    assert_eq!(served("lifecycle", "sha256:2").await, 2);
    assert_eq!(served("lifecycle", "sha256:1").await, 3, "who comes back is a new generation");
    assert_eq!(served("retry", "sha256:9").await, 1, "slots count by themselves");
    let fresh = fresh.again().await;
    let still = fresh.store.serve("lifecycle".into(), offer("sha256:1"), 3).await;
    assert_eq!(still, Ok(Serving { digest: "sha256:1".into(), generation: 3 }));
    assert_eq!(fresh.store.serving("lifecycle".into()).await, Ok(still.ok()));
    assert_eq!(fresh.store.serving("placement".into()).await, Ok(None));
    fresh.store.close().await;
}

async fn a_module_of_an_older_program_does_not_take_the_slot_back(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let newer = Offer { program: 7, ..offer("sha256:new") };
    store.serve("lifecycle".into(), newer, 2).await.expect("served");
    let serving = store.serve("lifecycle".into(), offer("sha256:old"), 3).await;
    assert_eq!(serving, Ok(Serving { digest: "sha256:new".into(), generation: 2 }));
    store.close().await;
}

async fn the_bytes_of_a_module_are_kept_whole(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| (n % 251) as u8).collect();
    let large = Offer { digest: "sha256:large".into(), program: 1, bytes: bytes.clone() };
    for _ in 0..2 {
        store.serve("retry".into(), large.clone(), 2).await.expect("served");
    }
    assert_eq!(store.module("sha256:large".into()).await, Ok(Some(bytes)));
    assert_eq!(store.module("sha256:1".into()).await, Ok(None), "it came without bytes");
    store.close().await;
}

async fn the_namespaces_that_agents_see_are_kept_by_agent_as_long_as_the_account(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let seen = |agent: &str, names: &[&str]| {
        ("a".to_owned(), agent.to_owned(), texts(names.iter().copied()))
    };
    store
        .put_namespaces(vec![seen("1", &["x", "b"]), seen("2", &["b", "a"])])
        .await
        .expect("written");
    let of = |agent: &str, names: &[&str]| AgentNamespaces {
        agent: agent.to_owned(),
        namespaces: texts(names.iter().copied()),
    };
    let both = vec![of("1", &["x", "b"]), of("2", &["b", "a"])];
    assert_eq!(store.namespaces("a".into()).await, Ok(both));
    store.put_namespaces(vec![seen("1", &["c"])]).await.expect("written");
    let both = vec![of("1", &["c"]), of("2", &["b", "a"])];
    assert_eq!(store.namespaces("a".into()).await, Ok(both));
    assert_eq!(store.namespaces("z".into()).await, Ok(Vec::new()));
    store.apply(inserts("c1", ["a"])).await.expect("applied");
    store.apply(Unit { removals: vec![removal("a", 1)], ..unit("c2") }).await.expect("applied");
    assert_eq!(store.namespaces("a".into()).await, Ok(Vec::new()), "they go with the account");
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
    let of = |agents: &[&str]| store.held_by(texts(agents.iter().copied()));
    let pair = |agent: &str, account: &str| (agent.to_owned(), account.to_owned());
    let of_both = vec![pair("agent-1", "b"), pair("agent-1", "c"), pair("agent-2", "d")];
    assert_eq!(of(&["agent-1"]).await.as_deref(), Ok(&of_both[..2]));
    assert_eq!(of(&["agent-2", "agent-1"]).await, Ok(of_both));
    assert_eq!(of(&[]).await, Ok(Vec::new()));
    store.close().await;
}
