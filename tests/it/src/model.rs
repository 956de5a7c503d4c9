//! An explicit model of the lifecycle: small numbers of accounts and agents, every order of what can happen.
//!
//! The decisions are those of `guest-lifecycle`, the bridge's half is `host-core` itself (`knowledge`, `collect`,
//! `assemble`); only the agents, the wire and the clock are the model's own. A configuration is explored until nothing
//! new appears. No state may be stuck: when the faults end, a state at rest can be reached from it, whether the agents
//! take or refuse what they are asked. At rest, the row, what is known and what the agents hold and see agree; an account
//! becomes another cluster by `rebind` alone (rules 3 and 15). Each of rules 2
//! and 11 to 14 of `spec/lifecycle.md` is needed for that: without it, something is found.
//!
//! Whoever changes an edge runs the long ones too: `cargo test -p tests-it --test it -- model:: --include-ignored`.

mod agents;
mod check;
mod explore;
mod host;
mod moves;
mod normal;
mod words;
mod world;

use self::explore::{Found, explore};
use self::moves::Faults;
use self::world::{Configuration, Variant};
use guest_lifecycle::{Action, Rules};

const TAKE: &[Action] = &[Action::Create, Action::Activate];
const TAKE_AND_STOP: &[Action] = &[Action::Create, Action::Activate, Action::Deactivate];
const TAKE_AND_DELETE: &[Action] = &[Action::Create, Action::Activate, Action::Delete];
const ALL: &[Action] =
    &[Action::Create, Action::Activate, Action::Deactivate, Action::Update, Action::Delete];

/// One account and one agent of its zone, which are given up after the first try.
const ONE: Configuration = Configuration {
    accounts: 1,
    agents: &["z"],
    zone: Some("z"),
    asked: ALL,
    faults: Faults::NONE,
    turns: false,
    tries: 1,
};

const TWO_AGENTS: Configuration = Configuration { agents: &["z", "z"], ..ONE };

/// Nothing may be found, and there must be at least so many states: a model that does not move finds nothing either.
fn holds(configuration: &Configuration, least: usize) {
    match explore(configuration, Variant::FAITHFUL) {
        Found::Nothing { states } => assert!(states >= least, "only {states} states"),
        Found::Something { what, path } => panic!("{what}\n{}", path.join("\n")),
    }
}

fn breaks(configuration: &Configuration, variant: Variant) {
    if let Found::Nothing { states } = explore(configuration, variant) {
        panic!("{states} states and nothing found: the rule is not needed, or the model is blind");
    }
}

#[test]
fn every_request_at_any_time_and_streams_that_end() {
    holds(&Configuration { faults: Faults::CUTS, tries: 2, ..ONE }, 25_000);
}

#[test]
fn agents_and_the_bridge_start_anew_at_any_time() {
    let faults = Faults { restarts: true, bridge_restarts: true, ..Faults::CUTS };
    holds(&Configuration { asked: TAKE_AND_DELETE, faults, ..ONE }, 15_000);
}

#[test]
fn answers_come_late_and_twice() {
    let faults = Faults { late: 1, ..Faults::NONE };
    holds(&Configuration { asked: TAKE_AND_STOP, faults, ..ONE }, 5_000);
    holds(&Configuration { asked: TAKE_AND_DELETE, faults, ..ONE }, 5_000);
    let faults = Faults { late: 1, ..Faults::CUTS };
    holds(&Configuration { asked: TAKE, faults, ..ONE }, 1_000);
}

#[test]
fn two_agents_of_a_zone() {
    holds(&Configuration { asked: TAKE_AND_DELETE, ..TWO_AGENTS }, 5_000);
    holds(&Configuration { asked: TAKE_AND_STOP, ..TWO_AGENTS }, 10_000);
}

#[test]
fn two_agents_of_a_zone_and_the_stream_of_one_ends() {
    holds(&Configuration { asked: TAKE, faults: Faults::CUTS, ..TWO_AGENTS }, 20_000);
}

#[test]
fn two_agents_of_two_zones_and_an_account_without_one() {
    let agents = &["y", "z"];
    holds(&Configuration { agents, zone: None, asked: TAKE_AND_DELETE, ..ONE }, 15_000);
}

#[test]
fn two_accounts_of_an_agent() {
    holds(&Configuration { accounts: 2, asked: TAKE, ..ONE }, 5_000);
}

#[test]
fn the_cluster_of_an_agent_turns_at_any_time_and_is_accepted_at_any_time() {
    let asked = &[Action::Create, Action::Activate, Action::Update, Action::Rebind];
    holds(&Configuration { asked, turns: true, ..ONE }, 500);
}

#[test]
fn the_clusters_of_two_agents_turn() {
    let asked = &[Action::Create, Action::Activate, Action::Rebind];
    holds(&Configuration { asked, turns: true, ..TWO_AGENTS }, 5_000);
}

#[test]
#[ignore = "takes minutes; to be run when an edge or a rule changes"]
fn the_cluster_of_an_agent_turns_while_streams_end_and_the_account_is_let_go() {
    let asked = &[Action::Create, Action::Activate, Action::Rebind];
    holds(&Configuration { asked, turns: true, faults: Faults::CUTS, ..ONE }, 1_000);
    let asked = &[Action::Create, Action::Activate, Action::Deactivate, Action::Rebind];
    holds(&Configuration { asked, turns: true, ..ONE }, 1_000);
}

#[test]
#[ignore = "takes minutes; to be run when an edge or a rule changes"]
fn two_agents_of_a_zone_and_the_streams_of_both_end() {
    let faults = Faults { cuts: 2, ..Faults::NONE };
    holds(&Configuration { asked: TAKE, faults, ..TWO_AGENTS }, 200_000);
}

#[test]
#[ignore = "takes minutes; to be run when an edge or a rule changes"]
fn answers_come_late_and_twice_and_streams_end() {
    let faults = Faults { late: 1, ..Faults::CUTS };
    holds(&Configuration { asked: TAKE_AND_STOP, faults, ..ONE }, 25_000);
}

#[test]
fn without_rule_2_an_agent_keeps_what_nobody_wants() {
    let rules = Rules { drop_unwanted: false, ..Rules::ALL };
    let cuts = Configuration { faults: Faults::CUTS, ..ONE };
    breaks(&cuts, Variant { rules, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_11_an_agent_keeps_what_is_out_of_date() {
    let rules = Rules { last_word: false, ..Rules::ALL };
    let cuts = Configuration { faults: Faults::CUTS, ..ONE };
    breaks(&cuts, Variant { rules, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_12_what_was_overtaken_is_still_delivered() {
    breaks(&ONE, Variant { withdraws: false, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_13_an_old_answer_is_taken_for_the_truth() {
    let faults = Faults { late: 1, ..Faults::NONE };
    let late = Configuration { asked: TAKE_AND_STOP, faults, ..ONE };
    breaks(&late, Variant { counts_answers: false, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_14_what_a_new_row_asks_is_stale() {
    breaks(&ONE, Variant { outlives_rows: false, ..Variant::FAITHFUL });
}
