//! Static rows: accounts of the agents' own configuration.

use super::world::{DEFINED, NOW, World, account, agent, holding, identity, item};
use crate::{Action, AgentEvent, Holding, Observed, Origin, State};

fn own(id: &str, cluster: &str) -> Holding {
    let mut own = holding(id, Observed::Held(0)).seeing(cluster);
    own.configured = true;
    own
}

fn row(state: State) -> World {
    World::with(state).row(|row| {
        row.declared_by = Some("a1".to_owned());
        row.identity = Some(identity("eu"));
    })
}

#[test]
fn an_account_of_an_agents_own_configuration_becomes_a_static_row() {
    let world = World::new().agent(agent("a1", "z")).knows(own("a1", "eu"));
    let decided = world.hears("a1", AgentEvent::Joined);
    let made = decided.made();
    assert_eq!(decided.path(), ["ACTIVE"]);
    assert_eq!(made.origin, Origin::Declared("a1".to_owned()));
    assert_eq!(made.fields.zone.as_deref(), Some("z"));
    assert_eq!(made.fields.identity, Some(identity("eu")));
    assert!(decided.submissions.is_empty());
}

#[test]
fn a_declared_name_with_a_row_but_for_case_stays_a_visible_claim() {
    let mut world = World::new().agent(agent("a1", "z")).knows(own("a1", "eu"));
    world.accounts = vec![account("ACC", State::Active)];
    let decided = world.hears("a1", AgentEvent::Joined);
    assert!(decided.inserts.is_empty() && decided.submissions.is_empty());
}

#[test]
fn a_static_row_refuses_every_instruction_and_says_where_it_comes_from() {
    let actions =
        [Action::Activate, Action::Deactivate, Action::Update, Action::Delete, Action::Check];
    for action in actions {
        let decided = row(State::Active).ask(action, item("acc"));
        assert_eq!(decided.refusal().code, "static");
        assert!(decided.refusal().reason.contains("the configuration of agent a1"));
    }
}

#[test]
fn a_static_row_moves_between_active_and_orphaned_by_holding() {
    let gone = row(State::Active).knows(own("a1", "eu").gone(NOW - 60_000));
    let decided = gone.hears("a1", AgentEvent::Left);
    assert_eq!(decided.path(), ["ORPHANED"]);
    assert_eq!(decided.changed().fields.due_at, Some(NOW - 60_000 + 600_000));
    let back = row(State::Orphaned).agent(agent("a1", "z")).knows(own("a1", "eu"));
    assert_eq!(back.hears("a1", AgentEvent::Joined).path(), ["ACTIVE"]);
}

#[test]
fn a_static_row_waits_for_the_grace_and_then_for_the_cleanup() {
    let gone = row(State::Active).knows(own("a1", "eu").gone(NOW));
    let decided = gone.hears("a1", AgentEvent::Left);
    assert!(decided.path().is_empty());
    assert_eq!(decided.changed().fields.due_at, Some(NOW + 60_000));

    let mut late = row(State::Orphaned).knows(own("a1", "eu").gone(NOW - 600_000));
    late.accounts[0].attributes =
        vec![("undeclared-since".to_owned(), (NOW - 600_000).to_string())];
    assert_eq!(late.tick().path(), ["removed"]);
}

#[test]
fn another_cluster_does_not_hold_a_static_row_and_nothing_is_sent() {
    let decided = row(State::Orphaned)
        .agent(agent("a2", "z"))
        .knows(own("a2", "us"))
        .hears("a2", AgentEvent::Joined);
    assert!(decided.path().is_empty() && decided.submissions.is_empty());
    let rebound = row(State::Orphaned)
        .agent(agent("a2", "z"))
        .knows(own("a2", "us"))
        .ask(Action::Rebind, item("acc"));
    assert_eq!(rebound.changed().fields.identity, Some(identity("us")));
    assert_eq!(rebound.path(), ["ORPHANED", "ACTIVE"]);
}

#[test]
fn a_dynamic_holding_of_a_static_name_is_left_alone() {
    let decided = row(State::Active)
        .agent(agent("a1", "z"))
        .knows(own("a1", "eu"))
        .agent(agent("a2", "z"))
        .knows(holding("a2", Observed::Held(DEFINED)))
        .hears("a2", AgentEvent::Joined);
    assert!(decided.submissions.is_empty());
}

#[test]
fn a_static_row_is_not_removed_under_an_agent_that_declares_the_name() {
    let weeks = NOW - 900_000;
    for state in [State::Active, State::Orphaned] {
        let decided = row(state)
            .knows(own("a1", "eu").gone(weeks))
            .agent(agent("a2", "z"))
            .knows(own("a2", "us"))
            .hears("a2", AgentEvent::Reported(Vec::new()));
        assert!(decided.path().is_empty(), "{state:?}: {decided:?}");
        let fields = &decided.changed().fields;
        assert_eq!(fields.error.as_ref().map(|e| e.code.as_str()), Some("identity-conflict"));
        assert_eq!((&fields.identity, fields.due_at), (&Some(identity("eu")), None), "{state:?}");
    }
}

#[test]
fn one_of_another_zone_that_sees_another_cluster_does_not_hold_a_static_row_and_is_heard() {
    let decided = row(State::Active)
        .knows(own("a1", "eu").gone(NOW - 90_000))
        .agent(agent("b1", "y"))
        .knows(own("b1", "us"))
        .tick();
    assert_eq!(decided.path(), ["ORPHANED"]);
    assert_eq!(decided.changed().fields.due_at, None, "it is declared");
}

#[test]
fn the_cleanup_begins_when_the_last_agent_stops_declaring_it() {
    let mut stopped = holding("a2", Observed::NotHeld);
    for of_an_older_start in [false, true] {
        if of_an_older_start {
            stopped.instance = "a2-0".to_owned();
        }
        let decided = row(State::Active)
            .knows(own("a1", "eu").gone(NOW - 900_000))
            .agent(agent("a2", "z"))
            .knows(stopped.clone())
            .hears("a2", AgentEvent::Joined);
        assert_eq!(decided.path(), ["ORPHANED"]);
        assert_eq!(decided.attribute("undeclared-since"), Some(NOW.to_string().as_str()));
    }
}
