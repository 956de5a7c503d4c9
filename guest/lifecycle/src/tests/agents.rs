//! What agents hold against what the row wants: rules 2, 11, 15 and 17, orphans, and letting go.

use super::world::{
    DEFINED, NOW, World, agent, definition, failure, holding, identity, item, open,
};
use crate::{Action, AgentEvent, Finish, Observed, OperationKind, Presence, State};

const HELD: Observed = Observed::Held(DEFINED);

#[test]
fn whoever_holds_what_has_no_row_is_told_to_drop_it() {
    let decided = World::new().knows(holding("a1", HELD)).hears("a1", AgentEvent::Joined);
    assert_eq!(decided.sent(), ["delete a1"]);
    assert_eq!(decided.submissions[0].account_revision, None);
    assert_eq!(decided.submissions[0].holding_revision, Some(3));
}

#[test]
fn a_refused_drop_is_repeated_as_the_policy_says_until_it_gives_up() {
    let refused = holding("a1", HELD).refused(OperationKind::Delete);
    let mut world = World::with(State::Inactive).agent(agent("a1", "z")).knows(refused);
    let decided = world.answered("a1", Some(failure("internal")));
    assert_eq!(decided.sent(), ["delete a1 (later)"]);
    assert_eq!(decided.submissions[0].not_before, Some(NOW + 5_000));
    world.give_up_at = 1;
    assert!(world.answered("a1", Some(failure("internal"))).submissions.is_empty());
}

#[test]
fn an_agent_of_another_zone_that_holds_it_is_told_to_drop_it() {
    let decided = World::with(State::Active)
        .agent(agent("a1", "z"))
        .agent(agent("b1", "y"))
        .knows(holding("a1", HELD))
        .knows(holding("b1", HELD))
        .hears("b1", AgentEvent::Joined);
    assert_eq!(decided.sent(), ["delete b1"]);
}

#[test]
fn what_an_agent_has_in_its_own_configuration_is_left_to_it() {
    let mut own = holding("a1", HELD).seeing("other");
    own.configured = true;
    for state in State::ALL {
        let decided = World::with(state)
            .row(|row| row.identity = Some(identity("eu")))
            .agent(agent("a1", "z"))
            .knows(own.clone())
            .hears("a1", AgentEvent::Joined);
        assert!(decided.submissions.is_empty(), "{state:?}");
    }
}

#[test]
fn a_holder_of_an_old_definition_is_told_the_new_one() {
    let decided = World::with(State::Active)
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::Held(DEFINED - 1)))
        .hears("a1", AgentEvent::Joined);
    assert_eq!(decided.sent(), ["update a1"]);
}

#[test]
fn a_refused_update_leaves_the_account_active_with_the_error_and_is_repeated() {
    let refused = holding("a1", Observed::Held(DEFINED - 1)).refused(OperationKind::Update);
    let world = World::with(State::Active)
        .row(|row| {
            row.requests = vec![open("r0", "update")];
            row.attributes = vec![("answer-by".to_owned(), (NOW + 9_000).to_string())];
            row.due_at = Some(NOW + 9_000);
        })
        .agent(agent("a1", "z"))
        .knows(refused);
    let decided = world.answered("a1", Some(failure("unreachable")));
    let change = decided.changed();
    assert!(decided.path().is_empty());
    assert_eq!(change.fields.error.as_ref().map(|e| e.code.as_str()), Some("unreachable"));
    assert!(matches!(change.finished[0].finish, Finish::Failed(_)));
    assert_eq!(change.fields.due_at, None);
    assert_eq!(decided.sent(), ["update a1 (later)"]);

    let mut taken = world;
    taken.accounts[0].error = Some(failure("unreachable"));
    taken.accounts[0].attributes = change.fields.attributes.clone();
    taken.accounts[0].requests.clear();
    taken.holdings = vec![holding("a1", HELD)];
    let decided = taken.answered("a1", None);
    assert_eq!(decided.changed().fields.error, None);
    assert_eq!(decided.attribute("update-refused"), None);
}

#[test]
fn who_waits_for_the_next_try_of_an_update_holds_the_account_by_and_by() {
    let refused = holding("a1", Observed::Held(DEFINED - 1)).refused(OperationKind::Update);
    let mut waits = refused.asked(OperationKind::Update);
    if let Some(operation) = &mut waits.operation {
        operation.not_before = Some(NOW + 5_000);
    }
    let world = World::with(State::Active)
        .row(|row| {
            row.error = Some(failure("unreachable"));
            row.attributes = vec![("update-refused".to_owned(), "1".to_owned())];
        })
        .agent(agent("a1", "z"))
        .knows(waits);
    let decided = world.tick();
    assert!(decided.path().is_empty() && decided.submissions.is_empty(), "{decided:?}");
    assert!(decided.changes.is_empty(), "the error stands");
    let two = world.agent(agent("a2", "z")).knows(holding("a2", HELD));
    let error = two.tick().changes.first().map(|change| change.fields.error.clone());
    assert!(error.is_none_or(|error| error.is_some()), "nor does another holder clear it");
}

#[test]
fn an_update_goes_to_every_holder_and_ends_when_all_have_answered() {
    let mut change = item("acc");
    change.definition = Some(definition(&["context"]));
    let world = World::with(State::Active)
        .row(|row| row.identity = Some(identity("eu")))
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .knows(holding("a1", HELD).seeing("eu"))
        .knows(holding("a2", HELD).seeing("eu"));
    let decided = world.ask(Action::Update, change);
    assert_eq!(decided.sent(), ["update a1", "update a2"]);
    assert_eq!(decided.changed().fields.identity, None, "another context may be another cluster");
    assert_eq!(decided.changed().open, Some(open("r1", "update")));

    let mut half = world.row(|row| row.requests = vec![open("r1", "update")]);
    half.holdings[1] = holding("a2", HELD).asked(OperationKind::Update);
    let before = half.answered("a1", None);
    assert!(before.changes.iter().all(|change| change.finished.is_empty()));
    half.holdings[1] = holding("a2", HELD);
    let after = half.answered("a2", None);
    assert_eq!(after.changed().finished[0].finish, Finish::Done);
}

#[test]
fn an_update_nobody_answers_fails_at_its_deadline_and_the_account_stays_active() {
    let decided = World::with(State::Active)
        .row(|row| {
            row.requests = vec![open("r1", "update")];
            row.attributes = vec![("answer-by".to_owned(), NOW.to_string())];
            row.due_at = Some(NOW);
        })
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD).asked(OperationKind::Update))
        .tick();
    assert!(decided.path().is_empty());
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    assert!(matches!(&finished.finish, Finish::Failed(why) if why.code == "deadline"));
    assert_eq!(decided.changed().fields.due_at, None);
}

#[test]
fn a_holder_that_returns_within_the_grace_changes_nothing() {
    let gone = World::with(State::Active).knows(holding("a1", HELD).gone(NOW - 10));
    let decided = gone.hears("a1", AgentEvent::Left);
    assert!(decided.path().is_empty());
    assert_eq!(decided.changed().fields.due_at, Some(NOW - 10 + 60_000));

    let mut back = World::with(State::Active).agent(agent("a1", "z")).knows(holding("a1", HELD));
    back.accounts[0].due_at = decided.changed().fields.due_at;
    back.accounts[0].attributes = decided.changed().fields.attributes.clone();
    let decided = back.hears("a1", AgentEvent::Joined);
    assert!(decided.path().is_empty() && decided.submissions.is_empty());
    assert_eq!(decided.changed().fields.due_at, None);
}

#[test]
fn an_account_is_orphaned_after_the_grace_or_at_once_when_nobody_can_be_asked() {
    let gone = World::with(State::Active).knows(holding("a1", HELD).gone(NOW - 60_000));
    assert_eq!(gone.tick().path(), ["ORPHANED"]);

    let other = World::with(State::Active)
        .knows(holding("a1", HELD).gone(NOW))
        .agent(agent("a2", "z"))
        .knows(holding("a2", Observed::NotHeld).refused(OperationKind::Add));
    let decided = other.hears("a1", AgentEvent::Left);
    assert_eq!(decided.path(), ["ORPHANED", "ACTIVATING"]);
    assert_eq!(decided.sent(), ["add a2"]);
}

#[test]
fn an_awaited_holder_is_not_given_up() {
    let mut awaited = agent("a1", "z");
    awaited.presence = Presence::Awaited;
    let decided = World::with(State::Active)
        .agent(awaited)
        .knows(holding("a1", HELD))
        .at(NOW + 10_000_000)
        .tick();
    assert!(decided.path().is_empty());
}

#[test]
fn an_agent_is_asked_to_take_an_active_account_once_per_instance() {
    let world = World::with(State::Active)
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .knows(holding("a1", HELD));
    let joined = world.hears("a2", AgentEvent::Joined);
    assert_eq!(joined.sent(), ["add a2"]);
    assert_eq!(joined.path(), ["ACTIVE"]);
    let refused = world.knows(holding("a2", Observed::NotHeld).refused(OperationKind::Add));
    assert!(refused.answered("a2", Some(failure("unreachable"))).submissions.is_empty());
}

#[test]
fn every_possible_holder_that_is_there_is_told_to_let_go() {
    let decided = World::with(State::Active)
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .agent(agent("a3", "z"))
        .knows(holding("a1", HELD))
        .knows(holding("a2", Observed::NotHeld).asked(OperationKind::Add))
        .knows(holding("a3", Observed::NotHeld))
        .knows(holding("a4", HELD).gone(NOW - 5))
        .ask(Action::Deactivate, item("acc"));
    assert_eq!(decided.path(), ["TO_DEACTIVATE", "DEACTIVATING"]);
    assert_eq!(decided.sent(), ["delete a1", "delete a2"]);
}

#[test]
fn a_stop_that_is_refused_fails_the_request_and_says_who_holds_it_still() {
    let decided = World::with(State::Deactivating)
        .row(|row| row.requests = vec![open("r0", "deactivate")])
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD).refused(OperationKind::Delete))
        .answered("a1", Some(failure("internal")));
    assert_eq!(decided.path(), ["ACTIVE"]);
    let change = decided.changed();
    let error = change.fields.error.as_ref().expect("an error");
    assert_eq!(error.code, "still-held");
    assert!(error.text.contains("a1"));
    assert!(matches!(change.finished[0].finish, Finish::Failed(_)));
}

#[test]
fn after_the_deadline_of_a_stop_whoever_has_not_answered_is_asked_to_hold_it_again() {
    let decided = World::with(State::Deactivating)
        .row(|row| row.due_at = Some(NOW))
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD).asked(OperationKind::Delete))
        .tick();
    assert_eq!(decided.path(), ["ACTIVE"]);
    assert_eq!(decided.sent(), ["add a1"]);
}

#[test]
fn a_holder_that_joins_while_the_account_is_deleted_is_told_and_waited_for() {
    let decided = World::with(State::Deleting)
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .knows(holding("a1", Observed::NotHeld))
        .knows(holding("a2", HELD))
        .hears("a2", AgentEvent::Joined);
    assert!(decided.path().is_empty());
    assert_eq!(decided.sent(), ["delete a2"]);
}

#[test]
fn an_agent_that_answers_done_and_does_not_do_it_is_not_asked_in_a_circle() {
    let decided = World::with(State::Inactive)
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD))
        .answered("a1", None);
    assert_eq!(decided.submissions[0].not_before, Some(NOW + 600_000));
    let decided = World::with(State::Active)
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::Held(DEFINED - 1)))
        .answered("a1", None);
    assert_eq!(decided.submissions[0].not_before, Some(NOW + 600_000));
}

#[test]
fn what_an_earlier_instance_said_is_no_knowledge_of_the_present_one() {
    let mut old = holding("a1", HELD);
    old.instance = "a1-0".to_owned();
    let decided = World::with(State::Active).agent(agent("a1", "z")).knows(old).tick();
    assert_eq!(decided.sent(), ["add a1"]);
    assert_eq!(decided.submissions[0].instance, "a1-1");
    assert_eq!(decided.submissions[0].holding_revision, Some(3));
}

#[test]
fn a_time_that_nothing_follows_from_is_over() {
    for state in [State::Inactive, State::DeleteFailed] {
        let put_off = World::with(state).row(|row| row.due_at = Some(NOW - 1));
        let held = put_off.agent(agent("a1", "z")).knows(holding("a1", Observed::Held(0)));
        assert_eq!(held.tick().changed().fields.due_at, None, "{state:?}");
    }
    let later = World::with(State::Inactive).row(|row| row.due_at = Some(NOW + 1));
    assert!(later.tick().changes.is_empty(), "it has not come");
}
