//! What is learnt, and what is not.

use super::{answered, given_up, observed, registered, spoken_by, submitted};
use crate::account::{Failure, Identity};
use crate::agent::{HeldAccount, OperationResult};
use crate::holding::{Holding, Observed};
use crate::operation::{Operation, OperationKind, OperationState};

fn operation(generation: u64, kind: OperationKind) -> Operation {
    Operation {
        id: format!("op-{generation}"),
        parent: None,
        account: "eu-1".into(),
        agent: "agent-a".into(),
        instance: "i1".into(),
        kind,
        definition_revision: 1,
        generation,
        state: OperationState::Pending,
        not_before: None,
        deadline: None,
        context: String::new(),
        module: String::new(),
        data_version: 1,
        created_at: 0,
        attempts: 0,
        sent_at: None,
        ended_at: None,
        failure: None,
    }
}

fn result(generation: u64, failure: Option<&str>, held: Option<u64>) -> OperationResult {
    OperationResult {
        operation: format!("op-{generation}"),
        account: "eu-1".into(),
        generation,
        failure: failure.map(|code| Failure { code: code.into(), text: String::new() }),
        held,
        undelivered: false,
        identity: None,
        took_ms: 0,
    }
}

fn says(held: Option<u64>) -> HeldAccount {
    HeldAccount {
        account: "eu-1".into(),
        configured: false,
        held,
        generation: 0,
        identity: None,
        healthy: None,
        failure: None,
        namespaces: None,
    }
}

fn nothing_known() -> Holding {
    Holding::unheard_of("eu-1", "agent-a", "i1")
}

fn asked(kind: OperationKind, generation: u64) -> Holding {
    submitted(&nothing_known(), &operation(generation, kind), 7).holding
}

#[test]
fn what_is_held_is_unknown_from_the_command_to_the_answer() {
    let known = asked(OperationKind::Add, 1);
    assert_eq!((known.observed, known.asked_revision), (Observed::Unknown, 7));
    let lesson =
        answered(&known, &result(1, None, Some(1)), Some(&operation(1, OperationKind::Add)), 9)
            .expect("counts");
    assert!(lesson.counted);
    assert_eq!(lesson.holding.observed, Observed::Held(1));
    assert_eq!(lesson.holding.operation, None);
    assert_eq!(lesson.ended.map(|e| e.state), Some(OperationState::Done));
}

#[test]
fn an_answer_to_an_older_operation_does_not_count() {
    let known = submitted(&asked(OperationKind::Add, 1), &operation(2, OperationKind::Delete), 8);
    assert_eq!(known.ended.map(|e| e.state), Some(OperationState::Withdrawn));
    let late = result(1, None, Some(1));
    assert_eq!(answered(&known.holding, &late, Some(&operation(1, OperationKind::Add)), 9), None);
}

#[test]
fn an_answer_counts_once() {
    let row = operation(1, OperationKind::Add);
    let once = answered(&asked(OperationKind::Add, 1), &result(1, None, Some(1)), Some(&row), 9);
    let known = once.expect("counts").holding;
    assert_eq!(answered(&known, &result(1, None, Some(1)), Some(&row), 9), None);
}

#[test]
fn an_answer_that_nobody_asked_for_teaches_nothing() {
    let known = asked(OperationKind::Add, 1);
    assert_eq!(answered(&known, &result(1, None, Some(1)), None, 9), None);
    let of_another = Operation { agent: "agent-b".into(), ..operation(1, OperationKind::Add) };
    assert_eq!(answered(&known, &result(1, None, Some(1)), Some(&of_another), 9), None);
}

#[test]
fn a_late_answer_to_a_withdrawn_operation_is_the_truth() {
    let known = given_up(&asked(OperationKind::Add, 1)).expect("had one").holding;
    let row = operation(1, OperationKind::Add);
    let lesson = answered(&known, &result(1, None, Some(1)), Some(&row), 9).expect("counts");
    assert_eq!(lesson.holding.observed, Observed::Held(1));
}

#[test]
fn refusals_are_counted_until_something_is_done() {
    let refuse = |known: &Holding, generation| {
        let row = operation(generation, OperationKind::Add);
        let known = submitted(known, &row, 8).holding;
        answered(&known, &result(generation, Some("timeout"), None), Some(&row), 9)
            .expect("counts")
            .holding
    };
    let twice = refuse(&refuse(&nothing_known(), 1), 2);
    assert_eq!(twice.refusal.as_ref().map(|r| r.times), Some(2));
    let row = operation(3, OperationKind::Add);
    let known = submitted(&twice, &row, 8).holding;
    let done = answered(&known, &result(3, None, Some(1)), Some(&row), 9).expect("counts").holding;
    assert_eq!(done.refusal, None);
}

#[test]
fn an_older_answer_is_the_truth_when_what_overtook_it_is_withdrawn() {
    let known = asked(OperationKind::Add, 5);
    let newer = operation(6, OperationKind::Delete);
    let known = submitted(&known, &newer, 9).holding;
    let older = operation(5, OperationKind::Add);
    let late = result(5, None, Some(3));
    assert_eq!(answered(&known, &late, Some(&older), 9), None, "the newer one is unanswered");
    // The agent goes before it has seen the newer one, and is back while it still works on the older.
    let known = given_up(&known).expect("it is withdrawn").holding;
    let known = registered(&known, "i1", None).expect("news").holding;
    let lesson = answered(&known, &late, Some(&older), 9).expect("it counts");
    assert_eq!(lesson.holding.observed, Observed::Held(3));
}

#[test]
fn what_another_instance_was_asked_is_forgotten_when_one_speaks() {
    let known = asked(OperationKind::Add, 5);
    assert_eq!(spoken_by(&known, "i1"), None);
    let lesson = spoken_by(&known, "i2").expect("news");
    assert_eq!(lesson.ended.map(|ended| ended.id), Some("op-5".into()));
    assert_eq!((lesson.holding.instance.as_str(), lesson.holding.operation), ("i2", None));
}

#[test]
fn a_new_instance_forgets_what_the_old_one_was_asked() {
    let known = asked(OperationKind::Add, 5);
    let lesson = registered(&known, "i2", Some(&says(Some(3)))).expect("news");
    assert_eq!(lesson.ended.map(|e| e.id), Some("op-5".into()));
    assert_eq!(lesson.holding.observed, Observed::Held(3));
    assert_eq!(lesson.holding.answered_generation, 0);
    assert_eq!(lesson.holding.asked_revision, 0);
}

#[test]
fn the_same_instance_keeps_its_unanswered_operation() {
    let known = asked(OperationKind::Add, 5);
    let lesson = registered(&known, "i1", None).expect("news");
    assert_eq!(lesson.holding.observed, Observed::NotHeld);
    assert!(lesson.holding.operation.is_some());
    assert_eq!(lesson.ended, None);
}

#[test]
fn a_registration_that_says_what_is_known_teaches_nothing() {
    assert_eq!(registered(&nothing_known(), "i1", None), None);
}

#[test]
fn an_observation_does_not_answer_an_operation() {
    let known = asked(OperationKind::Delete, 2);
    assert_eq!(observed(&known, &says(Some(1))), None);
    let lesson = observed(&nothing_known(), &says(Some(1))).expect("news");
    assert_eq!(lesson.holding.observed, Observed::Held(1));
}

#[test]
fn the_answer_to_a_check_says_what_was_not_heard_while_it_was_unanswered() {
    // The agent still works on an older one, of which it was told to have been withdrawn.
    let known = given_up(&asked(OperationKind::Add, 5)).expect("it is withdrawn").holding;
    let known = registered(&known, "i1", None).expect("news").holding;
    let check = operation(6, OperationKind::Check);
    let known = submitted(&known, &check, 9).holding;
    assert_eq!(known.observed, Observed::NotHeld, "a check changes nothing");
    let late = result(5, None, Some(3));
    assert_eq!(answered(&known, &late, Some(&operation(5, OperationKind::Add)), 9), None);
    let lesson = answered(&known, &result(6, None, Some(3)), Some(&check), 9).expect("it counts");
    assert_eq!(lesson.holding.observed, Observed::Held(3));
}

#[test]
fn what_the_bridge_answers_in_an_agents_stead_says_nothing_of_what_is_held() {
    let undelivered = |known: &Holding, kind| {
        let row = operation(6, kind);
        let known = submitted(known, &row, 9).holding;
        let result = OperationResult { undelivered: true, ..result(6, Some("internal"), None) };
        answered(&known, &result, Some(&row), 9).expect("it counts").holding
    };
    let held = Holding { observed: Observed::Held(3), ..nothing_known() };
    assert_eq!(undelivered(&held, OperationKind::Check).observed, Observed::Held(3));
    assert_eq!(undelivered(&held, OperationKind::Update).observed, Observed::Held(0));
    let after = undelivered(&nothing_known(), OperationKind::Add);
    assert_eq!(after.observed, Observed::Unknown, "an older one may have brought it there");
    assert!(after.refusal.is_some());
}

#[test]
fn only_what_a_module_is_told_of_is_for_modules() {
    let known = Holding { observed: Observed::Held(1), ..nothing_known() };
    let health = HeldAccount { healthy: Some(false), ..says(Some(1)) };
    let lesson = observed(&known, &health).expect("news");
    assert!(!lesson.is_for_modules(&known));
    let identity = Identity { host: "https://other:443".into(), ..Identity::default() };
    let other = HeldAccount { identity: Some(identity), ..says(Some(1)) };
    assert!(observed(&known, &other).expect("news").is_for_modules(&known));
    assert!(observed(&known, &says(None)).expect("news").is_for_modules(&known));
}

#[test]
fn a_cluster_that_has_just_told_which_one_it_is_answers() {
    let known = asked(OperationKind::Add, 1);
    let row = operation(1, OperationKind::Add);
    let seen = OperationResult { identity: Some(Identity::default()), ..result(1, None, Some(1)) };
    let lesson = answered(&known, &seen, Some(&row), 9).expect("counts");
    assert_eq!(lesson.holding.healthy, Some(true));
    let unseen = answered(&known, &result(1, None, Some(1)), Some(&row), 9).expect("counts");
    assert_eq!(unseen.holding.healthy, None);
}
