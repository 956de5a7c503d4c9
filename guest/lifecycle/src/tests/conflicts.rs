//! Another cluster under a name: rules 3, 15 and 17.

use super::world::{
    DEFINED, NOW, REVISION, STATE_REVISION, World, agent, definition, failure, holding, identity,
    item, open,
};
use crate::{Action, AgentEvent, Finish, Holding, Observed, OperationKind, State};

const HELD: Observed = Observed::Held(DEFINED);

/// An account of the cluster `eu`, held by `a1`, which by now sees `us`.
pub(super) fn turned() -> World {
    World::with(State::Active)
        .row(|row| row.identity = Some(identity("eu")))
        .agent(agent("a1", "z"))
        .knows(holding("a1", HELD).seeing("us"))
}

fn own(cluster: &str) -> Holding {
    let mut own = holding("a1", Observed::Held(0)).seeing(cluster);
    own.configured = true;
    own
}

#[test]
fn a_holder_that_sees_another_cluster_goes_on_holding_and_the_row_says_so() {
    for event in [AgentEvent::Reported(Vec::new()), AgentEvent::Joined] {
        let decided = turned().hears("a1", event);
        assert!(decided.path().is_empty() && decided.submissions.is_empty(), "{decided:?}");
        let fields = &decided.changed().fields;
        let error = fields.error.as_ref().expect("an error");
        assert_eq!(error.code, "identity-conflict");
        for words in ["agent a1", "https://us", "sha256:us", "rebind"] {
            assert!(error.text.contains(words), "{words}: {}", error.text);
        }
        assert_eq!(fields.identity, Some(identity("eu")), "only rebind replaces it");
        assert_eq!((fields.due_at, decided.attribute("conflict")), (None, Some("1")));
    }
    let late = turned().at(NOW + 10_000_000).tick();
    assert!(late.path().is_empty() && late.submissions.is_empty(), "nor does time change it");
}

#[test]
fn a_conflict_is_over_when_the_recorded_cluster_is_seen_again_or_what_is_seen_is_accepted() {
    let mut noted = turned();
    let change = noted.hears("a1", AgentEvent::Reported(Vec::new())).changed().clone();
    noted.accounts[0].error.clone_from(&change.fields.error);
    noted.accounts[0].attributes.clone_from(&change.fields.attributes);
    assert!(noted.tick().changes.is_empty(), "it is said once");

    let mut back = noted.clone();
    back.holdings = vec![holding("a1", HELD).seeing("eu")];
    let decided = back.hears("a1", AgentEvent::Reported(Vec::new()));
    assert_eq!(decided.changed().fields.error, None);
    assert_eq!(decided.attribute("conflict"), None);

    let decided = noted.ask(Action::Rebind, item("acc"));
    assert_eq!(decided.path(), ["ACTIVE"]);
    assert!(decided.submissions.is_empty(), "what is held is right");
    let fields = &decided.changed().fields;
    assert_eq!((&fields.error, &fields.identity), (&None, &Some(identity("us"))));
}

#[test]
fn another_version_of_the_same_cluster_is_no_conflict() {
    let mut seen = holding("a1", HELD).seeing("eu");
    if let Some(identity) = &mut seen.identity {
        identity.version = "1.31".to_owned();
    }
    let world = turned().row(|row| row.identity = Some(identity("eu")));
    let decided = World { holdings: vec![seen], ..world }.tick();
    let fields = &decided.changed().fields;
    assert_eq!(fields.error, None);
    assert_eq!(fields.identity.as_ref().map(|seen| seen.version.as_str()), Some("1.31"));
}

#[test]
fn a_conflict_in_an_answer_is_a_refusal_and_the_claimant_is_told_to_drop() {
    let mut claim = holding("a2", HELD).seeing("us");
    claim.asked_revision = REVISION;
    let world = turned().agent(agent("a2", "z"));
    let two = World { holdings: vec![holding("a1", HELD).seeing("eu"), claim], ..world };
    let decided = two.answered_to(Some(OperationKind::Add), "a2", None);
    assert!(decided.path().is_empty());
    assert_eq!(decided.sent(), ["delete a2"]);
    let mut told = two;
    told.holdings[1] = told.holdings[1].clone().asked(OperationKind::Delete);
    assert!(told.tick().submissions.is_empty(), "it is being dropped");
    told.holdings[1] = holding("a2", HELD).seeing("us").refused(OperationKind::Delete);
    let again = told.answered("a2", Some(failure("internal")));
    assert_eq!(again.sent(), ["delete a2 (later)"], "a refused drop is repeated");
}

#[test]
fn who_sees_another_cluster_never_makes_a_row_active() {
    for state in [State::ToMigrate, State::Activating, State::Failed, State::Orphaned] {
        let decided = World::with(state)
            .row(|row| {
                row.identity = Some(identity("eu"));
                row.attributes = vec![("gave-up".to_owned(), NOW.to_string())];
            })
            .agent(agent("a1", "z"))
            .knows(holding("a1", HELD).seeing("us"))
            .hears("a1", AgentEvent::Joined);
        assert!(!decided.path().contains(&"ACTIVE"), "{state:?}");
        assert_eq!(decided.sent(), ["delete a1"], "{state:?}");
    }
}

#[test]
fn a_check_of_a_cluster_that_turned_fails_with_what_is_seen() {
    let asked = turned().ask(Action::Check, item("acc"));
    assert_eq!(asked.sent(), ["check a1"]);
    let mut seen = holding("a1", HELD).seeing("us");
    seen.asked_revision = REVISION;
    let mut waiting = turned().row(|row| row.requests = vec![open("r1", "check")]);
    waiting.holdings = vec![seen];
    let decided = waiting.answered_to(Some(OperationKind::Check), "a1", None);
    assert!(decided.path().is_empty() && decided.submissions.is_empty());
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    let Finish::Failed(why) = &finished.finish else { panic!("{finished:?}") };
    assert_eq!(why.code, "identity-conflict");
}

#[test]
fn a_static_row_stays_where_it_is_when_its_cluster_turns() {
    let world = |state, cluster: &str| {
        World::with(state)
            .row(|row| {
                row.declared_by = Some("a1".to_owned());
                row.identity = Some(identity("eu"));
            })
            .agent(agent("a1", "z"))
            .knows(own(cluster))
    };
    for state in [State::Active, State::Orphaned] {
        let decided = world(state, "us").hears("a1", AgentEvent::Reported(Vec::new()));
        assert!(decided.path().is_empty() && decided.submissions.is_empty(), "{state:?}");
        let fields = &decided.changed().fields;
        assert_eq!(fields.error.as_ref().map(|e| e.code.as_str()), Some("identity-conflict"));
        assert_eq!((&fields.identity, fields.due_at), (&Some(identity("eu")), None), "{state:?}");
    }
    let accepted = world(State::Orphaned, "us").ask(Action::Rebind, item("acc"));
    assert_eq!(accepted.path(), ["ORPHANED", "ACTIVE"]);
}

#[test]
fn a_holder_that_has_turned_is_told_of_updates_and_goes_on_holding() {
    let mut change = item("acc");
    change.definition = Some(definition(&["namespaces"]));
    assert_eq!(turned().ask(Action::Update, change).sent(), ["update a1"]);

    let mut taken = holding("a1", HELD).seeing("us");
    taken.asked_revision = REVISION;
    let waiting = turned().row(|row| row.requests = vec![open("r1", "update")]);
    let told = World { holdings: vec![taken], ..waiting };
    let decided = told.answered_to(Some(OperationKind::Update), "a1", None);
    assert!(decided.path().is_empty() && decided.submissions.is_empty(), "{decided:?}");
    let [finished] = &decided.changed().finished[..] else { panic!("{decided:?}") };
    let Finish::Failed(why) = &finished.finish else { panic!("{finished:?}") };
    assert_eq!(why.code, "identity-conflict", "it counts as a refusal");
}

#[test]
fn a_drop_that_was_refused_before_the_row_was_active_again_says_nothing_of_a_cluster_that_turns() {
    let mut kept = holding("a1", HELD).refused(OperationKind::Delete).seeing("us");
    kept.asked_revision = STATE_REVISION - 1;
    let world = World { holdings: vec![kept], ..turned() };
    let decided = world.hears("a1", AgentEvent::Reported(Vec::new()));
    assert!(decided.path().is_empty() && decided.submissions.is_empty(), "{decided:?}");
    assert_eq!(decided.attribute("conflict"), Some("1"));
}

#[test]
fn a_claimant_that_refuses_to_drop_is_told_again_also_when_the_row_has_become_active_meanwhile() {
    let mut claim = holding("a2", HELD).refused(OperationKind::Delete).seeing("us");
    claim.asked_revision = STATE_REVISION - 1;
    let well = holding("a1", HELD).seeing("eu");
    let world = turned().agent(agent("a2", "z"));
    let world = World { holdings: vec![well, claim], ..world };
    let delete = Some(OperationKind::Delete);
    assert_eq!(
        world.answered_to(delete, "a2", Some(failure("internal"))).sent(),
        ["delete a2 (later)"]
    );
}

#[test]
fn the_first_holder_that_names_its_cluster_gives_the_row_its_identity_and_the_others_are_measured()
{
    let world = World::with(State::Active)
        .agent(agent("a1", "z"))
        .agent(agent("a2", "z"))
        .agent(agent("a3", "z"))
        .knows(holding("a1", HELD))
        .knows(holding("a2", HELD).seeing("eu"))
        .knows(holding("a3", HELD).seeing("us"));
    let decided = world.tick();
    let fields = &decided.changed().fields;
    assert_eq!(fields.identity, Some(identity("eu")));
    let error = fields.error.as_ref().expect("an error");
    assert!(error.text.contains("agent a3") && error.text.contains("https://us"), "{error:?}");
}
