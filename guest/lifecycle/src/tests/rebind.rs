//! Which claim `rebind` accepts, and which it refuses to choose.

use super::conflicts::turned;
use super::world::{DEFINED, NOW, REVISION, World, agent, holding, identity, item};
use crate::{Action, Item, Observed, OperationKind, Outcome, Presence, State};

const HELD: Observed = Observed::Held(DEFINED);

fn meaning(key: &str, value: &str) -> Item {
    let mut item = item("acc");
    item.attributes = vec![(key.to_owned(), value.to_owned())];
    item
}

#[test]
fn who_was_told_to_drop_the_cluster_that_is_accepted_is_asked_again_at_once() {
    let mut dropped = holding("a2", Observed::NotHeld).seeing("us");
    dropped.asked_revision = REVISION;
    let decided = turned().agent(agent("a2", "z")).knows(dropped).ask(Action::Rebind, item("acc"));
    assert_eq!(decided.changed().fields.identity, Some(identity("us")));
    assert_eq!(decided.sent(), ["add a2"]);
}

/// `a2` and `a3` claim different clusters for an account that nobody could take.
fn claimed() -> World {
    let claims =
        |id, cluster| holding(id, Observed::NotHeld).refused(OperationKind::Add).seeing(cluster);
    World::with(State::Failed)
        .row(|row| row.identity = Some(identity("old")))
        .agent(agent("a2", "z"))
        .agent(agent("a3", "z"))
        .knows(claims("a2", "new"))
        .knows(claims("a3", "newer"))
}

#[test]
fn of_different_claims_the_fingerprint_or_the_agent_says_which_is_accepted() {
    let refused = claimed().ask(Action::Rebind, item("acc"));
    assert_eq!(refused.refusal().code, "claims");
    for words in ["agent a2 sees https://new", "sha256:newer", "name the fingerprint"] {
        assert!(refused.refusal().reason.contains(words), "{}", refused.refusal().reason);
    }
    for said in [meaning("fingerprint", "SHA256:newer"), meaning("agent", "a3")] {
        let decided = claimed().ask(Action::Rebind, said);
        assert_eq!(decided.changed().fields.identity, Some(identity("newer")));
    }
    for said in [meaning("fingerprint", "sha256:none"), meaning("agent", "a9")] {
        let refused = claimed().ask(Action::Rebind, said);
        assert!(refused.refusal().reason.contains("no agent claims"), "{refused:?}");
    }
}

#[test]
fn what_is_accepted_already_is_no_error_when_it_is_meant_again() {
    let again = claimed()
        .row(|row| row.identity = Some(identity("newer")))
        .ask(Action::Rebind, meaning("fingerprint", "sha256:newer"));
    assert_eq!(again.outcomes, [Outcome::Done]);
    let of_agent = claimed()
        .row(|row| row.identity = Some(identity("newer")))
        .ask(Action::Rebind, meaning("agent", "a3"));
    assert_eq!(of_agent.outcomes, [Outcome::Done]);
}

#[test]
fn what_an_agent_saw_that_is_gone_does_not_stand_against_what_is_seen_now() {
    let mut world = claimed();
    world.agents.remove(0);
    world.holdings[0].gone_since = Some(NOW - 5);
    let decided = world.ask(Action::Rebind, item("acc"));
    assert_eq!(decided.changed().fields.identity, Some(identity("newer")));
    world.agents.clear();
    world.holdings.truncate(1);
    let alone = world.ask(Action::Rebind, item("acc"));
    assert_eq!(alone.changed().fields.identity, Some(identity("new")), "nobody else claims any");
    let mut awaited = agent("a2", "z");
    awaited.presence = Presence::Awaited;
    let back = world.agent(awaited).ask(Action::Rebind, item("acc"));
    assert_eq!(back.changed().fields.identity, Some(identity("new")));
}

/// `a1` and `a2` hold the account of the cluster `eu`, whose certificate was renewed: `a1` has seen it.
fn renewed() -> World {
    turned().agent(agent("a2", "z")).knows(holding("a2", HELD).seeing("eu"))
}

#[test]
fn a_claim_is_accepted_unnamed_only_if_every_holder_makes_it() {
    let refused = renewed().ask(Action::Rebind, item("acc"));
    let reason = &refused.refusal().reason;
    for words in ["agent a1 sees https://us", "agent a2 sees https://eu", "as recorded", "name"] {
        assert!(reason.contains(words), "{words}: {reason}");
    }
    let named = renewed().ask(Action::Rebind, meaning("agent", "a1"));
    assert_eq!(named.changed().fields.identity, Some(identity("us")));
    let mut both = renewed();
    both.holdings[1] = holding("a2", HELD).seeing("us");
    let agreed = both.ask(Action::Rebind, item("acc"));
    assert_eq!(agreed.changed().fields.identity, Some(identity("us")));
}

#[test]
fn a_claim_that_was_accepted_is_not_undone_by_asking_again() {
    let accepted = || renewed().row(|row| row.identity = Some(identity("us")));
    let again = accepted().ask(Action::Rebind, item("acc"));
    assert_eq!(again.refusal().code, "claims", "a2 has not looked yet");
    let named = accepted().ask(Action::Rebind, meaning("fingerprint", "sha256:us"));
    assert_eq!((named.outcomes, named.changes.len()), (vec![Outcome::Done], 1), "a2 is noted");

    let mut failed = claimed().row(|row| row.identity = Some(identity("new")));
    failed.holdings[1] = holding("a3", Observed::NotHeld).seeing("old");
    let again = failed.ask(Action::Rebind, item("acc"));
    assert_eq!(again.refusal().code, "claims", "nor where nobody holds it");
}

#[test]
fn who_is_of_another_zone_or_has_the_name_as_its_own_claims_nothing() {
    let mut own = holding("a2", HELD).seeing("mine");
    own.configured = true;
    for (zone, other) in [("y", holding("a2", HELD).seeing("far")), ("z", own)] {
        let mut world = turned().agent(agent("a2", zone)).knows(other);
        world.holdings[0] = holding("a1", HELD).seeing("eu");
        let decided = world.ask(Action::Rebind, item("acc"));
        assert_eq!(decided.outcomes, [Outcome::Done], "{zone}");
        assert!(
            decided.changes.iter().all(|c| c.fields.identity == Some(identity("eu"))),
            "{zone}"
        );
        assert_eq!(world.ask(Action::Rebind, meaning("agent", "a2")).refusal().code, "claims");
    }
}

#[test]
fn who_holds_nothing_does_not_win_over_a_holder() {
    let mut sight = holding("a2", Observed::NotHeld).seeing("us");
    sight.asked_revision = REVISION;
    let mut world = turned().agent(agent("a2", "z")).knows(sight);
    world.holdings[0] = holding("a1", HELD).seeing("eu");
    assert_eq!(world.ask(Action::Rebind, item("acc")).refusal().code, "claims");

    world.agents.remove(1);
    world.holdings[1] = holding("a2", HELD).seeing("us").gone(NOW - 5);
    let away = world.ask(Action::Rebind, item("acc"));
    assert_eq!(away.outcomes, [Outcome::Done], "what one saw that is gone is not asked for");
    assert!(away.path().is_empty());
}

#[test]
fn what_is_named_and_nobody_claims_is_refused_unless_it_is_recorded() {
    let mut well = turned();
    well.holdings[0] = holding("a1", HELD).seeing("eu");
    for said in [meaning("fingerprint", "sha256:us"), meaning("agent", "a9")] {
        let refused = well.ask(Action::Rebind, said);
        assert_eq!(refused.refusal().code, "claims");
        assert!(refused.refusal().reason.contains("agent a1 sees https://eu"), "{refused:?}");
    }
    for said in [meaning("fingerprint", "SHA256:EU"), meaning("agent", "a1"), item("acc")] {
        assert_eq!(well.ask(Action::Rebind, said).outcomes, [Outcome::Done]);
    }
    let empty = World::with(State::Inactive).row(|row| row.identity = Some(identity("eu")));
    let refused = empty.ask(Action::Rebind, meaning("fingerprint", "sha256:us"));
    assert!(refused.refusal().reason.contains("no agent has seen any"), "{refused:?}");

    let unbound = well.row(|row| row.identity = None);
    let refused = unbound.ask(Action::Rebind, meaning("agent", "a1"));
    assert!(refused.refusal().reason.contains("no cluster is recorded"), "{refused:?}");
    assert_eq!(unbound.ask(Action::Rebind, item("acc")).outcomes, [Outcome::Done]);
}
