//! What the reference agent does with operations, over the wire.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use host_agent::{AgentOptions, Change, Code, Refusal};
use host_core::account::Failure;
use host_core::operation::OperationKind;

use super::agent::{Running, options};
use super::clusters::Asked;
use super::station::{Fact, Station, add, delivery, drop_account, soon};

#[tokio::test]
async fn ten_thousand_accounts_at_once_are_all_held_and_looked_at_a_few_at_a_time() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    let deliveries = (0..10_000).map(|n| add(&format!("op-{n}"), &format!("a-{n}"), 1)).collect();
    assert!(station.link.deliver(&session, deliveries).await.open);
    let results = station.many_results(10_000).await;
    assert!(results.iter().all(|result| result.failure.is_none() && result.held == Some(10)));
    let accounts: BTreeSet<_> = results.iter().map(|result| &result.account).collect();
    assert_eq!(accounts.len(), 10_000);
    let most = agent.clusters.most_at_once.load(Ordering::SeqCst);
    assert!((1..=64).contains(&most), "{most} at once");
}

#[tokio::test]
async fn the_same_id_is_answered_the_same_and_not_done_twice() {
    let mut station = Station::open().await;
    let mut agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    let mut answers = Vec::new();
    for _ in 0..3 {
        station.link.deliver(&session, vec![add("op-1", "a", 1)]).await;
        answers.push(station.results().await);
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(agent.asked().await, Asked::Look("a".into()));
    assert_eq!(agent.asked().await, Asked::Hold("a".into()));
    assert!(agent.asked.try_recv().is_err(), "nothing else was done");
}

#[tokio::test]
async fn an_old_generation_is_refused_as_stale() {
    let mut station = Station::open().await;
    let _agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("new", "a", 7)]).await;
    station.results().await;
    station.link.deliver(&session, vec![drop_account("old", "a", 6)]).await;
    let refused = &station.results().await[0];
    assert_eq!(refused.failure.as_ref().map(|failure| failure.code.as_str()), Some("stale"));
    assert_eq!(refused.held, Some(70), "what is held stays held");
}

#[tokio::test]
async fn a_newer_operation_is_done_at_once_and_the_older_is_abandoned() {
    let mut station = Station::open().await;
    let mut agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("older", "slow", 1)]).await;
    assert_eq!(agent.asked().await, Asked::Look("slow".into()));
    station.link.deliver(&session, vec![drop_account("newer", "slow", 2)]).await;
    let answers = station.results().await;
    assert_eq!((answers.len(), answers[0].operation.as_str(), answers[0].held), (1, "newer", None));
    let rest = [agent.asked().await, agent.asked().await];
    assert!(rest.contains(&Asked::GivenUp("slow".into())), "{rest:?}");
    assert!(rest.contains(&Asked::Release("slow".into())), "{rest:?}");
    agent.clusters.answers.send_replace(true);
    station.link.deliver(&session, vec![add("next", "b", 1)]).await;
    assert_eq!(station.results().await[0].operation, "next", "the older is not answered");
}

#[tokio::test]
async fn one_bad_account_stops_nobody_else() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    let deliveries = vec![add("op-1", "fault", 1), add("op-2", "slow", 1), add("op-3", "good", 1)];
    station.link.deliver(&session, deliveries).await;
    let mut answers = station.many_results(2).await;
    answers.sort_by(|one, other| one.operation.cmp(&other.operation));
    assert_eq!(answers[0].failure.as_ref().map(|f| f.code.as_str()), Some("internal"));
    assert_eq!((answers[1].account.as_str(), answers[1].held), ("good", Some(10)));

    soon(agent.clock.somebody_waits(30_000)).await;
    agent.clock.advance(30_000);
    let late = &station.many_results(1).await[0];
    assert_eq!(late.failure.as_ref().map(|f| f.code.as_str()), Some("timeout"));
    assert_eq!((late.held, late.took_ms), (None, 30_000));
}

#[tokio::test]
async fn a_check_says_what_is_seen_and_changes_nothing() {
    let mut station = Station::open().await;
    let mut agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    let check = delivery("check", OperationKind::Check, "a", 1, "{}");
    station.link.deliver(&session, vec![check]).await;
    let answer = &station.results().await[0];
    assert_eq!((answer.failure.as_ref(), answer.held), (None, None));
    assert_eq!(answer.identity.as_ref().map(|i| i.host.as_str()), Some("https://a:6443"));
    assert_eq!(agent.asked().await, Asked::Look("a".into()));
    assert!(agent.asked.try_recv().is_err(), "it is not held");
}

#[tokio::test]
async fn a_change_at_a_held_account_is_told() {
    let mut station = Station::open().await;
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "a", 1)]).await;
    station.results().await;
    let change = Change {
        account: "a".into(),
        health: Err(Refusal::new(Code::Unreachable, "it does not answer")),
        identity: None,
        namespaces: Some(vec!["default".into()]),
    };
    agent.changes.send(change).unwrap();
    let Fact::Observations(_, seen) = station.next().await else { panic!("nothing observed") };
    assert_eq!(
        (seen[0].account.as_str(), seen[0].healthy, seen[0].held),
        ("a", Some(false), Some(10))
    );
    let failure = Failure { code: "unreachable".into(), text: "it does not answer".into() };
    assert_eq!(seen[0].failure, Some(failure));
    assert_eq!(seen[0].namespaces, Some(vec!["default".to_owned()]));
    assert!(seen[0].identity.is_some(), "what did not change is still said");
}

#[tokio::test]
async fn a_cluster_that_is_silent_for_a_second_keeps_nobody_waiting() {
    let mut station = Station::open().await;
    let mut agent = Running::start(AgentOptions { looks_at_once: 1, ..options(&station) });
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "slow", 1), add("op-2", "a", 1)]).await;
    assert_eq!(agent.asked().await, Asked::Look("slow".into()));
    soon(agent.clock.somebody_waits(1_000)).await;
    assert!(agent.asked.try_recv().is_err(), "there is one place");
    agent.clock.advance(1_000);
    assert_eq!(agent.asked().await, Asked::Look("a".into()));
}

#[tokio::test]
async fn an_answer_that_is_not_acknowledged_is_repeated_on_the_same_stream() {
    let mut station = Station::open().await;
    station.script.acknowledges.store(false, Ordering::SeqCst);
    let agent = Running::start(options(&station));
    let (_, session) = station.registered().await;
    station.link.deliver(&session, vec![add("op-1", "a", 1)]).await;
    let first = station.results().await;
    for _ in 0..2 {
        soon(agent.clock.somebody_waits(20_000)).await;
        agent.clock.advance(20_000);
        assert_eq!(soon(station.facts.recv()).await, Some(Fact::Heard(session.clone())));
    }
    assert_eq!(station.results().await, first);
}
