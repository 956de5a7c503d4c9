//! What the agent promises about operations, without a wire and without a cluster.

use proto::agent::v1::{self as wire, failure, operation::Kind};

use super::{After, Decision, Ledger, REMEMBERED, Todo};
use crate::clusters::{Change, Code, Identity, Refusal, Seen};

fn operation(id: &str, generation: u64, kind: Kind) -> wire::Operation {
    wire::Operation {
        id: id.into(),
        kind: kind.into(),
        account: "eu-1".into(),
        generation,
        definition_revision: generation * 10,
        definition: b"{}".to_vec(),
        ..wire::Operation::default()
    }
}

fn seen() -> Result<Seen, Refusal> {
    let identity = Identity { host: "https://eu-1:6443".into(), ..Identity::default() };
    Ok(Seen { identity, namespaces: None })
}

fn unauthorized() -> Result<Seen, Refusal> {
    Err(Refusal::new(Code::Unauthorized, "the token has expired"))
}

fn looks(decision: &Decision) -> bool {
    matches!(decision.todo, Todo::Look(_))
}

/// An agent that was given `eu-1` by operation `add`, generation 1, and has sent its answer.
fn holding() -> Ledger {
    let mut ledger = Ledger::default();
    assert!(looks(&ledger.admit(operation("add", 1, Kind::AddAccounts))));
    assert_eq!(ledger.finish("eu-1", "add", &seen(), 5), After::Hold);
    assert_eq!(ledger.next_results(9).len(), 1);
    ledger
}

fn codes(results: &[wire::OperationResult]) -> Vec<(&str, Option<failure::Code>)> {
    results
        .iter()
        .map(|r| (r.operation_id.as_str(), r.failure.as_ref().map(wire::Failure::code)))
        .collect()
}

#[test]
fn an_account_is_held_when_its_cluster_was_seen() {
    let mut ledger = Ledger::default();
    ledger.admit(operation("add", 1, Kind::AddAccounts));
    assert_eq!((ledger.held(), ledger.has_words()), (0, false));
    ledger.finish("eu-1", "add", &seen(), 5);
    let results = ledger.next_results(9);
    assert_eq!(codes(&results), [("add", None)]);
    assert_eq!(
        (results[0].held, results[0].definition_revision, results[0].took_ms),
        (true, 10, 5)
    );
}

#[test]
fn an_id_that_was_done_is_answered_the_same_and_not_done_again() {
    let mut ledger = holding();
    assert_eq!(ledger.admit(operation("add", 1, Kind::AddAccounts)).todo, Todo::Nothing);
    assert_eq!(codes(&ledger.next_results(9)), [("add", None)]);
    ledger.acknowledged(&["add".into()]);
    assert_eq!(ledger.admit(operation("add", 1, Kind::AddAccounts)).todo, Todo::Nothing);
    assert_eq!(codes(&ledger.next_results(9)), [("add", None)]);
}

#[test]
fn an_id_that_is_under_way_is_not_begun_again() {
    let mut ledger = Ledger::default();
    assert!(looks(&ledger.admit(operation("add", 1, Kind::AddAccounts))));
    assert_eq!(ledger.admit(operation("add", 1, Kind::AddAccounts)), Decision::only(Todo::Nothing));
    assert!(!ledger.has_words());
}

#[test]
fn an_older_generation_is_refused_as_stale_and_changes_nothing() {
    let mut ledger = holding();
    ledger.admit(operation("drop", 5, Kind::DeleteAccounts));
    ledger.next_results(9);
    assert_eq!(ledger.admit(operation("late", 4, Kind::AddAccounts)).todo, Todo::Nothing);
    let results = ledger.next_results(9);
    assert_eq!(codes(&results), [("late", Some(failure::Code::Stale))]);
    assert!(!results[0].held);
    assert_eq!(ledger.held(), 0);
}

#[test]
fn a_newer_generation_ends_the_work_on_the_older_whose_end_then_counts_for_nothing() {
    let mut ledger = Ledger::default();
    ledger.admit(operation("add", 1, Kind::AddAccounts));
    let decision = ledger.admit(operation("drop", 2, Kind::DeleteAccounts));
    assert_eq!(decision, Decision { overtakes: true, todo: Todo::Release("eu-1".into()) });
    assert_eq!(ledger.finish("eu-1", "add", &seen(), 5), After::Overtaken);
    assert_eq!(ledger.held(), 0);
    assert_eq!(codes(&ledger.next_results(9)), [("drop", None)]);
}

#[test]
fn a_refused_update_leaves_what_was_held_and_a_refused_add_does_not() {
    let mut ledger = holding();
    ledger.admit(operation("update", 2, Kind::UpdateAccounts));
    assert_eq!(ledger.finish("eu-1", "update", &unauthorized(), 5), After::Stay);
    let results = ledger.next_results(9);
    assert_eq!(codes(&results), [("update", Some(failure::Code::Unauthorized))]);
    assert_eq!((results[0].held, results[0].definition_revision), (true, 10));

    ledger.admit(operation("again", 3, Kind::AddAccounts));
    assert_eq!(ledger.finish("eu-1", "again", &unauthorized(), 5), After::Release);
    assert!(!ledger.next_results(9)[0].held);
}

#[test]
fn a_check_changes_nothing() {
    let mut ledger = holding();
    assert!(looks(&ledger.admit(operation("check", 2, Kind::CheckAccounts))));
    assert_eq!(ledger.finish("eu-1", "check", &unauthorized(), 5), After::Stay);
    let results = ledger.next_results(9);
    assert_eq!(codes(&results), [("check", Some(failure::Code::Unauthorized))]);
    assert!(results[0].held);
}

#[test]
fn deleting_what_is_not_held_is_done() {
    let mut ledger = Ledger::default();
    ledger.admit(operation("drop", 1, Kind::DeleteAccounts));
    assert_eq!(codes(&ledger.next_results(9)), [("drop", None)]);
}

#[test]
fn an_account_of_the_own_configuration_is_never_dropped() {
    let mut ledger = Ledger::default();
    ledger.configure("eu-1");
    assert_eq!(ledger.admit(operation("drop", 1, Kind::DeleteAccounts)).todo, Todo::Nothing);
    let results = ledger.next_results(9);
    assert_eq!(codes(&results), [("drop", Some(failure::Code::IdentityConflict))]);
    assert!(results[0].held);
    let registered = ledger.register();
    assert_eq!(registered[0].origin(), wire::Origin::Configured);
}

#[test]
fn answers_are_repeated_until_they_are_acknowledged() {
    let mut ledger = holding();
    ledger.beat();
    assert!(!ledger.has_words(), "the bridge has a heartbeat's time");
    ledger.beat();
    assert_eq!(codes(&ledger.next_results(9)), [("add", None)]);
    let registered = ledger.register();
    assert_eq!((registered.len(), registered[0].generation, registered[0].held), (1, 1, true));
    assert_eq!(codes(&ledger.next_results(9)), [("add", None)], "a new stream");
    ledger.acknowledged(&["add".into(), "nobody's".into()]);
    let seen = said(&mut ledger);
    ledger.heard(&[seen]);
    ledger.beat();
    ledger.beat();
    ledger.register();
    assert!(!ledger.has_words());
}

#[test]
fn a_generation_is_remembered_after_the_drop_and_the_oldest_are_forgotten() {
    let mut ledger = Ledger::default();
    for n in 0..=REMEMBERED {
        let drop = wire::Operation {
            account: format!("a{n}"),
            ..operation(&n.to_string(), 1, Kind::DeleteAccounts)
        };
        ledger.admit(drop);
    }
    assert_eq!(ledger.register().len(), REMEMBERED + 1, "unacknowledged ones are kept");
    for n in 0..=REMEMBERED {
        ledger.acknowledged(&[n.to_string()]);
    }
    let remembered = ledger.register();
    assert_eq!(remembered.len(), REMEMBERED);
    assert!(remembered.iter().all(|account| account.name != "a0" && !account.held));
}

#[test]
fn only_held_accounts_are_observed_and_the_newest_observation_travels() {
    let mut ledger = holding();
    let change = |account: &str, health| Change {
        account: account.into(),
        health,
        identity: None,
        namespaces: None,
    };
    let expired = Err(Refusal::new(Code::Unauthorized, "the token has expired"));
    ledger.changed(&change("eu-2", expired.clone()));
    assert!(!ledger.has_words());
    ledger.changed(&change("eu-1", expired));
    ledger.changed(&change("eu-1", Ok(())));
    let observed = ledger.next_observations(9);
    assert_eq!(observed.len(), 1);
    assert_eq!((observed[0].health(), observed[0].held), (wire::Health::Healthy, true));
    assert!(observed[0].identity.is_some(), "what was not looked at stays");
    assert_eq!(observed[0].failure, None);
}

#[test]
fn why_an_account_is_not_healthy_is_told_and_registered() {
    let mut ledger = holding();
    let expired = Refusal::new(Code::Unauthorized, "the token has expired");
    let health = Err(expired.clone());
    ledger.changed(&Change { account: "eu-1".into(), health, identity: None, namespaces: None });
    let told = Some(wire::Failure::from(expired));
    assert_eq!(ledger.next_observations(9)[0].failure, told);
    let registered = ledger.register();
    assert_eq!(registered[0].failure, told);
    assert_eq!(registered[0].health(), wire::Health::Unreachable);
}

/// A loss at the account of [`holding`].
fn lost() -> Change {
    let health = Err(Refusal::new(Code::Unreachable, "it does not answer"));
    Change { account: "eu-1".into(), health, identity: None, namespaces: None }
}

/// Says what is observed, in one message. Its number.
fn said(ledger: &mut Ledger) -> u64 {
    let seen = ledger.next_observations(9);
    assert_eq!(seen.len(), 1);
    ledger.say(&seen)
}

#[test]
fn an_observation_is_repeated_until_a_message_with_the_newest_is_acknowledged() {
    let mut ledger = holding();
    ledger.acknowledged(&["add".into()]);
    ledger.changed(&lost());
    let first = said(&mut ledger);
    ledger.beat();
    assert!(!ledger.has_words(), "the bridge has a heartbeat's time");
    ledger.beat();
    let second = said(&mut ledger);
    assert_ne!(first, second);
    ledger.heard(&[first]);
    ledger.register();
    let third = said(&mut ledger);
    ledger.changed(&Change { health: Ok(()), ..lost() });
    let newest = said(&mut ledger);
    ledger.heard(&[third]);
    ledger.beat();
    ledger.beat();
    assert_eq!(ledger.next_observations(9).len(), 1, "an older one was heard");
    ledger.heard(&[newest]);
    ledger.beat();
    ledger.beat();
    ledger.register();
    assert!(!ledger.has_words());
}

#[test]
fn an_observation_is_repeated_after_registrations_that_failed_and_streams_that_ended_at_once() {
    let mut ledger = holding();
    ledger.acknowledged(&["add".into()]);
    ledger.changed(&lost());
    said(&mut ledger);
    for _ in 0..20 {
        ledger.register();
    }
    said(&mut ledger);
    for _ in 0..20 {
        ledger.register();
        said(&mut ledger);
    }
}

#[test]
fn after_an_answer_that_is_repeated_comes_what_was_seen_since() {
    let mut ledger = holding();
    ledger.changed(&lost());
    let seen = said(&mut ledger);
    ledger.heard(&[seen]);
    ledger.register();
    assert_eq!(codes(&ledger.next_results(9)), [("add", None)], "it says that all is well");
    assert_eq!(ledger.next_observations(9)[0].health(), wire::Health::Unreachable);
}

#[test]
fn what_is_seen_of_configured_accounts_is_said_on_every_stream() {
    let mut ledger = Ledger::default();
    ledger.configure("eu-1");
    ledger.register();
    assert!(!ledger.has_words(), "nobody has looked");
    ledger.changed(&Change { health: Ok(()), namespaces: Some(vec!["dev".into()]), ..lost() });
    let number = said(&mut ledger);
    ledger.heard(&[number]);
    ledger.register();
    assert_eq!(ledger.next_observations(9)[0].namespaces, ["dev"]);
}

#[test]
fn after_a_refused_update_or_any_check_of_a_held_account_comes_how_it_stands() {
    for (kind, looked) in [
        (Kind::UpdateAccounts, unauthorized()),
        (Kind::CheckAccounts, unauthorized()),
        (Kind::CheckAccounts, seen()),
    ] {
        let mut ledger = holding();
        ledger.admit(operation("next", 2, kind));
        assert_eq!(ledger.finish("eu-1", "next", &looked, 5), After::Stay);
        assert_eq!(ledger.next_results(9)[0].operation_id, "next");
        let seen = ledger.next_observations(9);
        assert_eq!((seen.len(), seen[0].health()), (1, wire::Health::Healthy), "{kind:?}");
    }
    let mut ledger = Ledger::default();
    ledger.admit(operation("check", 1, Kind::CheckAccounts));
    ledger.finish("eu-1", "check", &seen(), 5);
    ledger.next_results(9);
    assert!(ledger.next_observations(9).is_empty(), "nobody holds it");
}

#[test]
fn what_makes_no_sense_is_refused_and_remembered_nowhere() {
    let mut ledger = Ledger::default();
    ledger.admit(operation("odd", 1, Kind::Unspecified));
    ledger.admit(operation("", 1, Kind::AddAccounts));
    assert_eq!(codes(&ledger.next_results(9)), [("odd", Some(failure::Code::Internal))]);
    assert!(ledger.register().is_empty());
}
