//! How a held account's cluster stands: why, since when, and when nothing is known of it any more.

use super::tests::{nothing_known, operation, result, says};
use super::{answered, observed, registered, submitted};
use crate::account::{Failure, Identity};
use crate::agent::{HeldAccount, OperationResult};
use crate::holding::{Health, Holding};
use crate::operation::{OperationKind, SeenNamespaces, Sight};

fn failure(code: &str) -> Failure {
    Failure { code: code.into(), text: format!("the text of {code}") }
}

fn well() -> HeldAccount {
    HeldAccount { healthy: Some(true), ..says(Some(1)) }
}

fn unwell(code: &str) -> HeldAccount {
    HeldAccount { healthy: Some(false), failure: Some(failure(code)), ..says(Some(1)) }
}

fn after(known: &Holding, says: &HeldAccount, now: u64) -> Holding {
    observed(known, says, now).expect("news").holding
}

#[test]
fn a_health_has_a_reason_and_a_time_that_another_reason_does_not_move() {
    let held = after(&nothing_known(), &well(), 5);
    assert_eq!(held.health, Some(Health { failure: None, since: 5 }));
    assert_eq!(observed(&held, &well(), 6), None, "nothing new");
    let lost = after(&held, &unwell("timeout"), 7);
    assert_eq!(lost.health, Some(Health { failure: Some(failure("timeout")), since: 7 }));
    let otherwise = after(&lost, &unwell("unauthorized"), 8);
    let expected = Health { failure: Some(failure("unauthorized")), since: 7 };
    assert_eq!(otherwise.health, Some(expected));
    let back = after(&otherwise, &well(), 9);
    assert_eq!(back.health, Some(Health { failure: None, since: 9 }));
}

#[test]
fn an_agent_that_gives_no_reason_still_is_heard() {
    let silent = HeldAccount { failure: None, ..unwell("x") };
    let lost = after(&nothing_known(), &silent, 7);
    let code = lost.health.and_then(|health| health.failure).map(|failure| failure.code);
    assert_eq!(code.as_deref(), Some("unreachable"));
}

#[test]
fn an_observation_that_did_not_look_leaves_the_health_as_it_was() {
    let held = after(&nothing_known(), &unwell("timeout"), 5);
    let seen = HeldAccount { identity: Some(Identity::default()), ..says(Some(1)) };
    assert_eq!(after(&held, &seen, 6).health, held.health);
}

#[test]
fn the_health_outlives_a_new_stream_and_not_a_new_process() {
    let held = after(&nothing_known(), &unwell("timeout"), 5);
    assert_eq!(registered(&held, "i1", Some(&unwell("timeout")), 8), None);
    let anew = registered(&held, "i2", Some(&unwell("timeout")), 8).expect("news").holding;
    assert_eq!(anew.health.map(|health| health.since), Some(8));
    let unsaid = registered(&held, "i1", Some(&says(Some(1))), 8).expect("news").holding;
    assert_eq!(unsaid.health, None, "it has not looked");
}

#[test]
fn of_what_is_not_held_there_is_no_health() {
    let held = after(&nothing_known(), &unwell("timeout"), 5);
    let gone = registered(&held, "i1", None, 8).expect("news").holding;
    assert_eq!(gone.health, None);
    assert_eq!(after(&held, &HeldAccount { held: None, ..unwell("x") }, 8).health, None);
    let row = operation(1, OperationKind::Delete);
    let asked = submitted(&held, &row, 7).holding;
    assert!(asked.health.is_some(), "it may hold it still");
    let dropped = answered(&asked, &result(1, None, None), Some(&row), 9).expect("counts").holding;
    assert_eq!(dropped.health, None);
}

#[test]
fn what_a_check_saw_is_kept_with_it_and_changes_nothing_that_is_held() {
    let held = after(&nothing_known(), &unwell("timeout"), 5);
    let namespaces = Some(SeenNamespaces { count: 2, first: vec!["a".into(), "b".into()] });
    let identity = Some(Identity { host: "https://h:6443".into(), ..Identity::default() });
    let said = |generation| OperationResult {
        identity: identity.clone(),
        namespaces: namespaces.clone(),
        ..result(generation, None, Some(1))
    };
    let row = operation(1, OperationKind::Check);
    let asked = submitted(&held, &row, 7).holding;
    let lesson = answered(&asked, &said(1), Some(&row), 9).expect("counts");
    let sight = lesson.ended.and_then(|ended| ended.sight);
    assert_eq!(sight, Some(Sight { identity: identity.clone(), namespaces: namespaces.clone() }));
    assert_eq!(lesson.holding.observed, held.observed);
    assert_eq!(lesson.holding.health, held.health, "the watch has not said that it is back");
    assert_eq!(lesson.holding.identity, held.identity, "nor that it is another cluster");
    let unwatched = Holding { health: None, ..asked.clone() };
    let lesson_of_it = answered(&unwatched, &said(1), Some(&row), 9).expect("counts").holding;
    assert_eq!(lesson_of_it.health, Some(Health { failure: None, since: 9 }), "nobody has looked");
    let row = operation(2, OperationKind::Update);
    let asked = submitted(&lesson.holding, &row, 8).holding;
    let updated = answered(&asked, &said(2), Some(&row), 9).expect("counts");
    assert_eq!(updated.ended.and_then(|ended| ended.sight), None, "what is held is observed");
}
