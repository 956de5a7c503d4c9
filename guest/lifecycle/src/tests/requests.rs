//! Requests: what is refused, what policies say, what waits and what is overtaken.

use super::world::{DEFINED, World, account, agent, definition, holding, identity, item, open};
use crate::{
    Action, AgentEvent, DefinitionChange, Event, Finish, Observed, OperationKind, Origin, Outcome,
    Placement, Request, State, Verdict,
};

const HELD: Observed = Observed::Held(DEFINED);

fn create(names: &[&str]) -> Event {
    let items = names.iter().map(|name| {
        let mut item = item(name);
        item.definition = Some(definition(&["kubeconfigFile"]));
        item
    });
    Event::Handle(Request {
        id: "r1".to_owned(),
        action: Some(Action::Create),
        items: items.collect(),
    })
}

#[test]
fn a_name_that_differs_only_by_case_exists_already() {
    let mut world = World::new();
    world.accounts = vec![account("EU-1", State::Active)];
    let decided = world.decide(&create(&["eu-1"]));
    assert_eq!(decided.refusal().code, "exists");
    assert!(decided.refusal().reason.contains("EU-1"));
}

#[test]
fn of_two_items_that_differ_only_by_case_the_first_is_taken() {
    let decided = World::new().decide(&create(&["eu-1", "EU-1", "eu-2"]));
    assert_eq!(decided.outcomes[0], Outcome::Done);
    assert!(matches!(&decided.outcomes[1], Outcome::Refused(refused) if refused.code == "exists"));
    assert_eq!(decided.outcomes[2], Outcome::Done);
    assert_eq!(decided.inserts.len(), 2);
}

#[test]
fn a_migration_copies_the_source_and_keeps_the_overrides() {
    let mut asked = item("acc");
    asked.zone = Some("z".to_owned());
    asked.definition = Some(definition(&["kubeconfigFile"]));
    let decided = World::new().offers("acc", None).ask(Action::Migrate, asked);
    let made = decided.made();
    assert_eq!(decided.path(), ["INACTIVE"]);
    assert_eq!(made.fields.zone.as_deref(), Some("z"));
    assert!(matches!(&made.origin, Origin::Source { overrides: Some(_), .. }));
}

#[test]
fn a_name_in_no_source_and_a_broken_one_are_refused_with_the_reason() {
    let decided = World::new().ask(Action::Migrate, item("acc"));
    assert_eq!(decided.refusal().code, "not-in-source");
    let broken = World::new().offers("acc", Some("the body is not JSON"));
    let decided = broken.ask(Action::Migrate, item("acc"));
    assert_eq!(decided.refusal().code, "bad-source");
    assert!(decided.refusal().reason.contains("the body is not JSON"));
}

#[test]
fn an_unknown_action_is_unsupported_and_reads_nothing() {
    let items = vec![item("acc"), item("b")];
    let event = Event::Handle(Request { id: "r1".to_owned(), action: None, items });
    assert!(crate::reads(&event).names.is_empty());
    let decided = World::with(State::Active).decide(&event);
    assert_eq!(decided.outcomes, [Outcome::Unsupported, Outcome::Unsupported]);
}

#[test]
fn a_row_in_a_state_of_another_module_is_left_alone() {
    let world = World::with(State::Active).row(|row| row.state = None).agent(agent("a1", "z"));
    assert_eq!(world.ask(Action::Activate, item("acc")).refusal().code, "state");
    let decided = world.knows(holding("a1", HELD)).hears("a1", AgentEvent::Joined);
    assert!(decided.changes.is_empty() && decided.submissions.is_empty());
}

#[test]
fn a_policy_can_deny_amend_and_place() {
    let mut world = World::with(State::Inactive).row(|row| row.zone = None);
    world.placement = Placement::Zone("y".to_owned());
    world = world.agent(agent("b1", "y")).agent(agent("a1", "z"));
    let decided = world.ask(Action::Activate, item("acc"));
    assert_eq!(decided.changed().fields.zone.as_deref(), Some("y"));
    assert_eq!(decided.sent(), ["add b1"], "only the agents of the zone are asked");

    world.placement = Placement::Refuse("no room".to_owned());
    let decided = world.ask(Action::Activate, item("acc"));
    assert_eq!((decided.refusal().code, decided.refusal().reason.as_str()), ("policy", "no room"));

    let mut world = World::new();
    world.verdict = Verdict::Deny("not on a Friday".to_owned());
    assert_eq!(world.decide(&create(&["acc"])).refusal().reason, "not on a Friday");
    let mut amended = definition(&["namespaces"]);
    amended.id = "amended".to_owned();
    world.verdict = Verdict::Amend(amended.clone());
    assert_eq!(world.decide(&create(&["acc"])).made().origin, Origin::Given(amended));
}

#[test]
fn a_zone_is_taken_at_rest_and_refused_while_agents_are_concerned() {
    let mut elsewhere = item("acc");
    elsewhere.zone = Some("y".to_owned());
    for state in State::ALL {
        let decided = World::with(state).ask(Action::Update, elsewhere.clone());
        match state {
            State::Inactive | State::Failed | State::Orphaned => {
                assert_eq!(decided.changed().fields.zone.as_deref(), Some("y"), "{state:?}");
            }
            State::Deleting => assert_eq!(decided.refusal().code, "state"),
            State::ToMigrate
            | State::Activating
            | State::Active
            | State::ToDeactivate
            | State::Deactivating
            | State::DeleteFailed => {
                assert_eq!(decided.refusal().code, "zone", "{state:?}");
                assert!(decided.refusal().reason.contains("deactivate first"));
            }
        }
    }
}

#[test]
fn a_second_identical_instruction_is_no_error() {
    let held = World::with(State::Active).agent(agent("a1", "z")).knows(holding("a1", HELD));
    let decided = held.ask(Action::Activate, item("acc"));
    assert_eq!(decided.outcomes, [Outcome::Done]);
    assert!(decided.changes.is_empty() && decided.submissions.is_empty());

    let trying = World::with(State::Activating)
        .row(|row| row.requests = vec![open("r0", "activate")])
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::NotHeld).asked(OperationKind::Add));
    let decided = trying.ask(Action::Activate, item("acc"));
    assert_eq!(decided.outcomes, [Outcome::Pending]);
    assert_eq!(decided.changed().open, Some(open("r1", "activate")));
    assert!(decided.path().is_empty() && decided.submissions.is_empty());
}

#[test]
fn the_last_instruction_wins_and_the_earlier_one_is_superseded() {
    let world = World::with(State::Activating)
        .row(|row| row.requests = vec![open("r0", "activate")])
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::NotHeld).asked(OperationKind::Add));
    let decided = world.ask(Action::Deactivate, item("acc"));
    assert_eq!(decided.path(), ["TO_DEACTIVATE", "DEACTIVATING"]);
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    assert_eq!((finished.request.as_str(), &finished.finish), ("r0", &Finish::Superseded));
}

#[test]
fn an_activation_with_another_kubeconfig_is_an_update_where_it_is_active() {
    let mut asked = item("acc");
    asked.definition = Some(definition(&["kubeconfigFile"]));
    let decided = World::with(State::Active)
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD))
        .ask(Action::Activate, asked);
    assert_eq!(decided.sent(), ["update a1"]);
    assert!(matches!(decided.changed().definition, DefinitionChange::Override(_)));
    assert_eq!(decided.changed().open, Some(open("r1", "update")));
}

#[test]
fn a_delete_ends_every_other_open_request() {
    let decided = World::with(State::Failed)
        .row(|row| row.requests = vec![open("r0", "check")])
        .ask(Action::Delete, item("acc"));
    assert_eq!(decided.outcomes, [Outcome::Done]);
    assert_eq!(decided.removed().finished[0].finish, Finish::Superseded);
}

#[test]
fn rebind_accepts_the_claim_and_tries_again() {
    let world = World::with(State::Failed)
        .row(|row| row.identity = Some(identity("old")))
        .agent(agent("a1", "z"))
        .knows(holding("a1", Observed::NotHeld).refused(OperationKind::Add).seeing("new"));
    let decided = world.ask(Action::Rebind, item("acc"));
    assert_eq!(decided.changed().fields.identity, Some(identity("new")));
    assert_eq!(decided.path(), ["TO_MIGRATE", "ACTIVATING"]);
}

#[test]
fn a_bad_item_stops_no_other() {
    let items = vec![item("nobody"), item("acc")];
    let event = Event::Handle(Request { id: "r1".to_owned(), action: Some(Action::Delete), items });
    let decided = World::with(State::Inactive).decide(&event);
    assert!(matches!(&decided.outcomes[0], Outcome::Refused(refused) if refused.code == "unknown"));
    assert_eq!(decided.outcomes[1], Outcome::Done);
    assert_eq!(decided.removals.len(), 1);
}
