//! When a stream counts as ended, and that its good-bye is always said, once.

use proto::agent::v1::Drain;
use proto::agent::v1::bridge_message::Message;

use super::dialler::{Dialler, done, part};
use super::station::{Fact, Station, add, soon};

#[tokio::test]
async fn a_stream_without_a_word_for_the_timeout_counts_as_ended() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    station.clock.somebody_waits(60_000).await;
    station.clock.advance(60_000);
    assert!(dialler.drained().await.contains("agents.timeout"));
    assert_eq!(station.next().await, Fact::Closed(session.clone()));
    assert!(!station.link.deliver(&session, vec![add("op", "a", 1)]).await.open);
}

#[tokio::test]
async fn a_heartbeat_within_the_timeout_keeps_a_stream_open() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    for _ in 0..5 {
        station.clock.somebody_waits(60_000).await;
        station.clock.advance(59_999);
        dialler.beat().await;
        assert_eq!(soon(station.facts.recv()).await, Some(Fact::Heard(session.clone())));
    }
    assert!(station.link.deliver(&session, vec![add("op", "a", 1)]).await.open);
    assert_eq!(dialler.operations().await[0].id, "op");
}

#[tokio::test]
async fn the_bridges_own_slowness_is_not_taken_for_the_agents_silence() {
    let mut station = Station::open().await;
    station.script.commits.forget_permits(1_000_000);
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    dialler.answer(vec![done("op-1", "a", 1)]).await;
    station.results().await;
    station.clock.advance(600_000);
    station.script.commits.add_permits(1);
    assert_eq!(dialler.acknowledged().await, ["op-1"]);
    assert!(station.link.deliver(&session, vec![add("op-2", "a", 2)]).await.open);
    assert_eq!(dialler.operations().await[0].id, "op-2");
}

#[tokio::test]
async fn an_agent_that_leaves_is_said_good_bye_for_after_everything_that_it_brought() {
    let mut station = Station::open().await;
    let dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    station.script.commits.forget_permits(1_000_000);
    dialler.answer((0..2_000).map(|n| done(&format!("op-{n}"), "a", 1)).collect()).await;
    let mut brought = station.results().await.len();
    drop(dialler);
    station.script.commits.add_permits(1_000_000);
    let closed = loop {
        match station.next().await {
            Fact::Results(_, results) => brought += results.len(),
            Fact::Closed(session) => break session,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!((closed, brought), (session, 2_000));
}

#[tokio::test]
async fn a_fault_of_the_bridge_at_an_answer_ends_one_stream_and_says_good_bye() {
    let mut station = Station::open().await;
    let dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    dialler.answer(vec![done("fault", "a", 1)]).await;
    assert_eq!(station.next().await, Fact::Closed(session.clone()));
    assert!(!station.link.disconnect("agent-a", "").await);
    let _again = Dialler::register(station.address, part([], true)).await;
    assert_ne!(station.registered().await.1.session, session.session);
}

#[tokio::test]
async fn a_bridge_that_stops_sends_its_agents_elsewhere_and_calls_none_of_them_gone() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    station.begin_to_stop();
    assert_eq!(dialler.drained().await, "the bridge stops");
    drop(dialler);
    let mut facts = station.stopped().await;
    assert_eq!(facts.recv().await, None, "a restart is no agent's loss");
}

#[tokio::test]
async fn what_an_agent_said_is_handed_on_before_the_bridge_has_stopped() {
    let mut station = Station::open().await;
    station.script.commits.forget_permits(1_000_000);
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    dialler.answer(vec![done("op-1", "a", 1)]).await;
    station.results().await;
    station.begin_to_stop();
    station.script.commits.add_permits(1);
    let heard = dialler.hear().await;
    assert!(matches!(heard, Some(Message::Ack(_) | Message::Drain(Drain { .. }))), "{heard:?}");
    drop(dialler);
    station.stopped().await;
}
