//! What a registered agent says: answers, observations, and what is no word at all.

use std::sync::atomic::Ordering;

use proto::agent::v1::{
    self as wire, Health, Observations, Origin, agent_message::Message, refused::Reason,
};

use super::dialler::{Dialler, done, part};
use super::station::{Fact, Station};

#[tokio::test]
async fn an_answer_is_acknowledged_when_it_is_committed_and_not_before() {
    let mut station = Station::open().await;
    station.script.commits.forget_permits(1_000_000);
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    dialler.answer(vec![done("op-1", "a", 1)]).await;
    let results = station.results().await;
    assert_eq!((results[0].operation.as_str(), results[0].held), ("op-1", Some(3)));
    // The stream's queue is in order: whatever is sent now would come after an acknowledgement that was sent before.
    assert!(station.link.disconnect("agent-a", "to see what is on the stream").await);
    station.script.commits.add_permits(1);
    assert_eq!(dialler.acknowledged().await, ["op-1"]);
    assert_eq!(dialler.drained().await, "to see what is on the stream");
}

#[tokio::test]
async fn an_answer_that_could_not_be_committed_is_not_acknowledged() {
    let mut station = Station::open().await;
    station.script.acknowledges.store(false, Ordering::SeqCst);
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    dialler.answer(vec![done("op-1", "a", 1)]).await;
    station.results().await;
    station.script.acknowledges.store(true, Ordering::SeqCst);
    dialler.answer(vec![done("op-2", "b", 1)]).await;
    station.results().await;
    assert_eq!(dialler.acknowledged().await, ["op-2"]);
}

#[tokio::test]
async fn the_answers_of_an_agent_arrive_in_order_in_batches() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    let all: Vec<String> = (0..1_200).map(|n| format!("op-{n}")).collect();
    for some in all.chunks(3) {
        dialler.answer(some.iter().map(|id| done(id, id, 1)).collect()).await;
    }
    let (mut arrived, mut acknowledged) = (Vec::new(), Vec::new());
    while arrived.len() < all.len() {
        let batch = station.results().await;
        assert!(batch.len() < 500 + 3, "{}", batch.len());
        arrived.extend(batch.into_iter().map(|result| result.operation));
        acknowledged.extend(dialler.acknowledged().await);
    }
    assert_eq!(arrived, all);
    assert_eq!(acknowledged, all);
}

#[tokio::test]
async fn ten_thousand_answers_in_one_message_are_taken_in_batches() {
    let mut station = Station::open().await;
    let dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    dialler
        .answer((0..10_000).map(|n| done(&format!("op-{n}"), &format!("a-{n}"), 1)).collect())
        .await;
    let mut arrived = 0;
    while arrived < 10_000 {
        let batch = station.results().await.len();
        assert!(batch <= 500);
        arrived += batch;
    }
}

#[tokio::test]
async fn observations_reach_the_bridge() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part(["a".into()], true)).await;
    let (_, session) = station.registered().await;
    let observation = wire::Observation {
        account: "a".into(),
        health: Health::Unreachable.into(),
        namespaces: vec!["default".into()],
        held: true,
        definition_revision: 3,
        origin: Origin::Configured.into(),
        ..wire::Observation::default()
    };
    let say = |number| {
        let observations = vec![observation.clone()];
        Message::Observations(Observations { observations, number })
    };
    dialler.say(say(5)).await;
    let Fact::Observations(from, accounts) = station.next().await else {
        panic!("nothing observed")
    };
    assert_eq!(from, session);
    let seen = &accounts[0];
    assert_eq!((seen.healthy, seen.held, seen.configured), (Some(false), Some(3), true));
    assert_eq!(seen.namespaces, Some(vec!["default".to_owned()]));
    assert_eq!(dialler.heard().await, [5], "they are committed");
    // Those that could not be committed are not, and neither are those of an agent that does not number them.
    station.script.acknowledges.store(false, Ordering::SeqCst);
    dialler.say(say(6)).await;
    station.next().await;
    station.script.acknowledges.store(true, Ordering::SeqCst);
    for number in [0, 7] {
        dialler.say(say(number)).await;
        station.next().await;
    }
    assert_eq!(dialler.heard().await, [7]);
}

#[tokio::test]
async fn a_registered_agent_that_breaks_a_rule_is_told_which_and_loses_its_stream() {
    let mut station = Station::open().await;
    let no_code =
        wire::OperationResult { failure: Some(wire::Failure::default()), ..done("op-1", "a", 1) };
    let unbounded = wire::OperationResult { generation: u64::MAX, ..done("op-1", "a", 1) };
    let results = |result| Message::Results(wire::OperationResults { results: vec![result] });
    for (message, words) in [
        (Message::Register(part([], true)), "another stream"),
        (results(no_code), "no code"),
        (results(unbounded), "a generation is larger"),
        (results(done("", "a", 1)), "operation's id"),
        (results(done("op-1", "a b", 1)), "cannot be an account"),
    ] {
        let mut dialler = Dialler::register(station.address, part([], true)).await;
        let (_, session) = station.registered().await;
        dialler.say(message).await;
        let refused = dialler.refused().await;
        assert_eq!((refused.reason(), refused.retry), (Reason::Malformed, false));
        assert!(refused.text.contains(words), "{:?} without {words:?}", refused.text);
        assert_eq!(station.next().await, Fact::Closed(session));
    }
}
