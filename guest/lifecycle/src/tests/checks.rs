//! `check`: whom it asks, whose answers are its own, and when it is over.

use super::world::{
    DEFINED, NOW, REVISION, STATE_REVISION, World, agent, failure, holding, item, open,
};
use crate::{
    Action, AgentEvent, Decisions, Finish, Finished, Holding, Observed, OperationKind, Presence,
    State,
};

const HELD: Observed = Observed::Held(DEFINED);

/// An agent that was last asked, and has answered, at a revision.
fn answered_at(id: &str, observed: Observed, revision: u64) -> Holding {
    let mut known = holding(id, observed);
    known.asked_revision = revision;
    known
}

/// Checks that are open, by the revisions at which they began.
fn waiting(world: World, began: &[u64]) -> World {
    let revisions: Vec<String> = began.iter().map(u64::to_string).collect();
    world.row(|row| {
        row.requests = (1..=began.len()).map(|n| open(&format!("c{n}"), "check")).collect();
        row.attributes = vec![("checks".to_owned(), revisions.join(" "))];
    })
}

fn ended(decided: &Decisions) -> Vec<(&str, bool)> {
    let finished = decided.changes.iter().flat_map(|change| &change.finished);
    let one = |f: &'_ Finished| matches!(f.finish, Finish::Done);
    finished.map(|finished| (finished.request.as_str(), one(finished))).collect()
}

#[test]
fn a_check_ends_when_all_have_answered_and_fails_if_none_reaches_it() {
    let world = World::with(State::Inactive).agent(agent("a1", "z")).agent(agent("a2", "z"));
    let asked = world.ask(Action::Check, item("acc"));
    assert_eq!(asked.sent(), ["check a1", "check a2"]);
    assert_eq!(asked.changed().fields.due_at, Some(NOW + 60_000));

    let mut waiting = world.row(|row| row.requests = vec![open("r1", "check")]);
    let refused = |id| holding(id, Observed::NotHeld).refused(OperationKind::Check);
    waiting.holdings =
        vec![refused("a1"), holding("a2", Observed::NotHeld).asked(OperationKind::Check)];
    let first = waiting.answered("a1", Some(failure("unreachable")));
    assert!(first.changes.iter().all(|change| change.finished.is_empty()));
    waiting.holdings = vec![refused("a1"), refused("a2")];
    let none = waiting.answered("a2", Some(failure("unreachable")));
    assert!(matches!(none.changed().finished[0].finish, Finish::Failed(_)));
    let mut reached = holding("a2", Observed::NotHeld);
    reached.asked_revision = REVISION;
    waiting.holdings = vec![refused("a1"), reached];
    let one = waiting.answered("a2", None);
    assert_eq!(one.changed().finished[0].finish, Finish::Done);
}

#[test]
fn a_check_that_nobody_answered_is_not_done() {
    let world = World::with(State::Inactive)
        .row(|row| row.requests = vec![open("r1", "check")])
        .agent(agent("a2", "z"))
        .knows(holding("a1", Observed::NotHeld).asked(OperationKind::Check).gone(NOW));
    let decided = world.hears("a1", AgentEvent::Left);
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    assert!(matches!(&finished.finish, Finish::Failed(why) if why.code == "lost"), "{finished:?}");
}

#[test]
fn a_check_without_an_agent_says_whom_it_would_have_asked() {
    let decided =
        World::with(State::Inactive).agent(agent("b1", "y")).ask(Action::Check, item("acc"));
    assert_eq!(decided.refusal().code, "no-agent");
    assert!(decided.refusal().reason.contains("no agent of the zone z"), "{decided:?}");
}

#[test]
fn a_check_moves_no_state() {
    for state in [State::Inactive, State::Activating, State::Active, State::Failed] {
        let world = World::with(state)
            .row(|row| {
                row.requests = vec![open("r1", "check")];
                row.attributes = vec![("gave-up".to_owned(), NOW.to_string())];
            })
            .agent(agent("a1", "z"))
            .agent(agent("a2", "z"));
        let adding = holding("a2", Observed::NotHeld).asked(OperationKind::Add);
        let held = |id| holding(id, Observed::Held(DEFINED));
        let (one, other) = match state {
            State::Active => (held("a1"), held("a2")),
            State::Activating => (holding("a1", Observed::NotHeld), adding),
            State::Inactive
            | State::ToMigrate
            | State::Failed
            | State::Orphaned
            | State::ToDeactivate
            | State::Deactivating
            | State::Deleting
            | State::DeleteFailed => {
                (holding("a1", Observed::NotHeld), holding("a2", Observed::NotHeld))
            }
        };
        for failed in [None, Some(failure("unreachable"))] {
            let mut one = one.clone();
            one.asked_revision = REVISION;
            if failed.is_some() {
                one = one.refused(OperationKind::Check);
            }
            let mut other = other.clone();
            other.asked_revision = REVISION;
            let world = World { holdings: vec![one, other], ..world.clone() };
            let decided = world.answered_to(Some(OperationKind::Check), "a1", failed);
            assert!(decided.path().is_empty(), "{state:?}: {decided:?}");
            assert!(decided.submissions.is_empty(), "{state:?}: {decided:?}");
        }
    }
}

#[test]
fn who_has_refused_a_try_is_not_checked_during_it() {
    let world = World::with(State::Activating)
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add))
        .knows(holding("a2", Observed::NotHeld).asked(OperationKind::Add));
    let asked = world.ask(Action::Check, item("acc"));
    assert!(asked.submissions.is_empty() && asked.path().is_empty(), "{asked:?}");
    assert_eq!(asked.changed().open, Some(open("r1", "check")), "it waits for the try's answers");
}

#[test]
fn who_was_not_asked_by_a_check_does_not_answer_it() {
    let mut awaited = agent("a1", "z");
    awaited.presence = Presence::Awaited;
    let world = World::with(State::Active).agent(awaited).agent(agent("a2", "z"));
    let world = world.knows(answered_at("a1", HELD, STATE_REVISION)).knows(answered_at(
        "a2",
        HELD,
        STATE_REVISION,
    ));
    let asked = world.ask(Action::Check, item("acc"));
    assert_eq!(asked.sent(), ["check a2"]);
    let began = REVISION + 1;
    assert_eq!(asked.attribute("checks"), Some(began.to_string().as_str()));

    let mut world = waiting(world, &[began]);
    let mut refused = holding("a2", HELD).refused(OperationKind::Check);
    refused.asked_revision = began;
    world.holdings[1] = refused;
    let check = Some(OperationKind::Check);
    let decided = world.answered_to(check, "a2", Some(failure("unreachable")));
    assert_eq!(ended(&decided), [("c1", false)], "a1 was not asked");
    assert_eq!(decided.attribute("checks"), None);
}

#[test]
fn a_check_sends_at_once_what_waits_to_be_tried_again() {
    let mut waits = holding("a1", HELD).refused(OperationKind::Update).asked(OperationKind::Update);
    if let Some(operation) = &mut waits.operation {
        operation.not_before = Some(NOW + 600_000);
    }
    let world = World::with(State::Active).agent(agent("a1", "z")).knows(waits);
    let asked = world.ask(Action::Check, item("acc"));
    assert_eq!(asked.sent(), ["update a1"]);
    assert_eq!(asked.submissions[0].parent.as_deref(), Some("r1"));
    assert_eq!(asked.changed().open, Some(open("r1", "check")), "it waits for the answer");

    let began = REVISION + 1;
    let mut taken = waiting(world, &[began]);
    taken.holdings = vec![answered_at("a1", HELD, began)];
    let decided = taken.answered_to(Some(OperationKind::Update), "a1", None);
    assert_eq!(ended(&decided), [("c1", true)]);
}

#[test]
fn a_check_during_an_update_is_answered_by_it() {
    let world = World::with(State::Active)
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD).asked(OperationKind::Update));
    let asked = world.ask(Action::Check, item("acc"));
    assert!(asked.submissions.is_empty(), "{asked:?}");
    assert_eq!(asked.attribute("checks"), Some(REVISION.to_string().as_str()));
    let mut world = waiting(world, &[REVISION]);
    world.holdings = vec![answered_at("a1", HELD, REVISION)];
    let decided = world.answered_to(Some(OperationKind::Update), "a1", None);
    assert_eq!((ended(&decided), decided.sent()), (vec![("c1", true)], Vec::new()));
}

#[test]
fn a_second_check_asks_anew_when_the_first_is_answered() {
    let began = REVISION + 1;
    let mut asked = holding("a1", HELD).asked(OperationKind::Check);
    asked.asked_revision = began;
    let mut world = waiting(World::with(State::Active).agent(agent("a1", "z")), &[began])
        .knows(asked)
        .row(|row| row.revision = began);
    let second = world.ask(Action::Check, item("acc"));
    assert!(second.submissions.is_empty(), "it is still answering the first");
    let both = format!("{began} {}", began + 1);
    assert_eq!(second.attribute("checks"), Some(both.as_str()));

    world = waiting(world, &[began, began + 1]).row(|row| row.revision = began + 1);
    world.holdings = vec![answered_at("a1", HELD, began)];
    let decided = world.answered_to(Some(OperationKind::Check), "a1", None);
    assert_eq!(ended(&decided), [("c1", true)]);
    assert_eq!(decided.sent(), ["check a1"]);
    assert_eq!(decided.submissions[0].parent.as_deref(), Some("c2"));
    assert_eq!(decided.attribute("checks"), Some((began + 1).to_string().as_str()));
}

#[test]
fn a_check_ends_when_the_account_is_let_go() {
    let world = World::with(State::Active).agent(agent("a1", "z")).knows(holding("a1", HELD));
    let decided = waiting(world, &[REVISION]).ask(Action::Deactivate, item("acc"));
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    assert_eq!((finished.request.as_str(), &finished.finish), ("c1", &Finish::Superseded));
}

#[test]
fn of_checks_that_the_bridge_let_go_of_the_newest_keep_their_revisions() {
    let world = World::with(State::Inactive).agent(agent("a1", "z"));
    let world = waiting(world, &[REVISION - 9, REVISION, REVISION + 1]);
    let mut world = world.row(|row| drop(row.requests.remove(0)));
    world.holdings = vec![answered_at("a1", Observed::NotHeld, REVISION)];
    let decided = world.answered_to(Some(OperationKind::Check), "a1", None);
    assert_eq!(ended(&decided), [("c2", true)]);
    assert_eq!(decided.attribute("checks"), Some((REVISION + 1).to_string().as_str()));
}
