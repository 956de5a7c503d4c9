//! Tries to activate: how they begin, fail, are repeated and given up.

use super::world::{DEFINED, NOW, World, agent, failure, holding, identity, item, open};
use crate::{Action, AgentEvent, Finish, Observed, OperationKind, Presence, State};

const HELD: Observed = Observed::Held(DEFINED);

fn activating() -> World {
    World::with(State::Activating).agent(agent("a1", "z")).agent(agent("a2", "z"))
}

#[test]
fn a_refusal_by_every_agent_is_a_try_with_every_reason() {
    let decided = activating()
        .row(|row| row.requests = vec![open("r0", "activate")])
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add))
        .knows(holding("a2", Observed::NotHeld).refused(OperationKind::Add))
        .tick();
    let fields = &decided.changed().fields;
    assert_eq!(decided.path(), ["FAILED"]);
    assert_eq!(fields.failed_count, 1);
    assert_eq!(fields.due_at, Some(NOW + 5_000));
    let error = fields.error.as_ref().expect("an error");
    assert_eq!(error.code, "unreachable");
    assert!(error.text.contains("agent a1: unreachable") && error.text.contains("agent a2"));
    let finished = &decided.changed().finished;
    assert!(matches!(&finished[..], [one] if matches!(one.finish, Finish::Failed(_))));
}

#[test]
fn one_agent_that_still_may_answer_keeps_the_try_open() {
    let decided = activating()
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add))
        .knows(holding("a2", Observed::NotHeld).asked(OperationKind::Add))
        .tick();
    assert!(decided.changes.is_empty());
}

#[test]
fn one_success_is_enough_and_the_first_gives_zone_and_identity() {
    let decided = activating()
        .row(|row| {
            row.zone = None;
            row.requests = vec![open("r0", "activate")];
        })
        .agent(agent("b1", "y"))
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add))
        .knows(holding("a2", Observed::NotHeld).asked(OperationKind::Add))
        .knows(holding("b1", HELD).seeing("eu"))
        .answered("b1", None);
    let change = decided.changed();
    assert_eq!(decided.path(), ["ACTIVE"]);
    assert_eq!(change.fields.zone.as_deref(), Some("y"));
    assert_eq!(change.fields.identity, Some(identity("eu")));
    assert_eq!(change.finished[0].finish, Finish::Done);
    // The others are of another zone by now: whoever may still take it is told not to.
    assert_eq!(decided.sent(), ["delete a2"]);
}

#[test]
fn a_try_whose_agents_all_go_is_repeated_and_lost_the_third_time() {
    let gone = holding("a1", Observed::NotHeld).asked(OperationKind::Add).gone(NOW);
    let mut world = World::with(State::Activating).knows(gone);
    let first = world.tick();
    assert_eq!(first.path(), ["TO_MIGRATE"]);
    assert_eq!(first.attribute("lost"), Some("1"));
    assert_eq!(first.changed().fields.failed_count, 0);

    world.accounts[0].attributes = vec![("lost".to_owned(), "2".to_owned())];
    let third = world.tick();
    assert_eq!(third.path(), ["FAILED"]);
    assert_eq!(third.changed().fields.error.as_ref().map(|e| e.code.as_str()), Some("lost"));
    assert_eq!(third.changed().fields.failed_count, 1);
}

#[test]
fn an_agent_that_is_awaited_is_neither_gone_nor_asked() {
    let mut awaited = agent("a1", "z");
    awaited.presence = Presence::Awaited;
    let asked = holding("a1", Observed::NotHeld).asked(OperationKind::Add);
    let trying = World::with(State::Activating).agent(awaited.clone()).knows(asked).tick();
    assert!(trying.changes.is_empty());
    let waiting = World::with(State::ToMigrate).agent(awaited).tick();
    assert!(waiting.changes.is_empty() && waiting.submissions.is_empty());
}

#[test]
fn no_agent_is_no_try_and_only_a_candidate_ends_it() {
    let world = World::with(State::ToMigrate).row(|row| row.due_at = Some(NOW));
    let decided = world.tick();
    assert_eq!(decided.path(), ["FAILED"]);
    assert_eq!(decided.changed().fields.failed_count, 0);
    assert_eq!(decided.changed().fields.due_at, None);
    assert_eq!(decided.attribute("no-agent"), Some("1"));

    let failed = World::with(State::Failed)
        .row(|row| row.attributes = vec![("no-agent".to_owned(), "1".to_owned())]);
    assert!(failed.clone().at(NOW + 10_000_000).tick().changes.is_empty());
    let decided = failed.agent(agent("a1", "z")).hears("a1", AgentEvent::Joined);
    assert_eq!(decided.path(), ["TO_MIGRATE", "ACTIVATING"]);
    assert_eq!(decided.sent(), ["add a1"]);
}

#[test]
fn after_giving_up_a_newcomer_is_tried_once_per_cap_and_never_forgotten() {
    let refused = World::with(State::Failed)
        .row(|row| row.attributes = vec![("gave-up".to_owned(), (NOW - 1_000).to_string())])
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add));
    assert!(refused.tick().changes.is_empty(), "who has refused is not tried again");

    let gave_up = refused.agent(agent("a2", "z"));
    let early = gave_up.hears("a2", AgentEvent::Joined);
    assert!(early.path().is_empty());
    assert_eq!(early.attribute("newcomer"), Some("1"));
    assert_eq!(early.changed().fields.due_at, Some(NOW - 1_000 + 600_000));

    let mut later = gave_up.at(NOW - 1_000 + 600_000);
    later.accounts[0].attributes = early.changed().fields.attributes.clone();
    later.accounts[0].due_at = early.changed().fields.due_at;
    assert_eq!(later.tick().path(), ["TO_MIGRATE", "ACTIVATING"]);
}

#[test]
fn a_policy_that_gives_up_leaves_no_timer() {
    let mut world = World::with(State::Activating)
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add));
    world.give_up_at = 1;
    let decided = world.answered("a1", Some(failure("unreachable")));
    assert_eq!(decided.changed().fields.due_at, None);
    assert_eq!(decided.attribute("gave-up"), Some(NOW.to_string().as_str()));
}

#[test]
fn an_answer_that_claims_to_be_done_and_holds_nothing_fails_the_try() {
    let mut known = holding("a1", Observed::NotHeld).asked(OperationKind::Add);
    known.operation = None;
    known.observed = Observed::NotHeld;
    let decided = World::with(State::Activating).agent(agent("a1", "z")).knows(known);
    let decided = decided.answered("a1", None);
    assert_eq!(decided.path(), ["FAILED"]);
    assert_eq!(decided.changed().fields.due_at, Some(NOW + 5_000));
}

#[test]
fn another_cluster_under_the_name_counts_as_a_refusal_and_is_told_to_drop() {
    let mut claim = holding("a1", HELD).seeing("other");
    claim.asked_revision = super::world::REVISION;
    let world = World::with(State::Activating)
        .row(|row| row.identity = Some(identity("eu")))
        .agent(agent("a1", "z"))
        .knows(claim);
    let decided = world.answered_to(Some(OperationKind::Add), "a1", None);
    assert_eq!(decided.path(), ["FAILED"]);
    let error = decided.changed().fields.error.as_ref().expect("an error");
    assert_eq!(error.code, "identity-conflict");
    assert_eq!(decided.sent(), ["delete a1"]);
    assert_eq!(decided.changed().fields.identity, Some(identity("eu")));
}

#[test]
fn the_deadline_runs_anew_with_an_update_and_not_with_a_newcomer() {
    let world = activating().knows(holding("a1", Observed::NotHeld).asked(OperationKind::Add));
    let joined = world.hears("a2", AgentEvent::Joined);
    assert_eq!(joined.sent(), ["add a2"]);
    assert_eq!(joined.changed().fields.due_at, Some(NOW + 10_000));

    let mut change = item("acc");
    change.definition = Some(super::world::definition(&["namespaces"]));
    let updated = world.ask(Action::Update, change);
    assert_eq!(updated.sent(), ["add a1", "add a2"]);
    // The row's own timer; the answers are awaited as long.
    assert_eq!(updated.changed().fields.due_at, Some(NOW + 60_000));
}

#[test]
fn a_memory_of_another_module_is_written_back() {
    let theirs = ("theirs".to_owned(), "kept".to_owned());
    let decided = World::with(State::Inactive)
        .row(|row| row.attributes = vec![theirs.clone()])
        .ask(Action::Activate, item("acc"));
    assert_eq!(decided.changed().fields.attributes, [theirs]);
}
