//! An explicit model of the lifecycle: small numbers of accounts and agents, every order of what can happen.
//!
//! The decisions are those of `guest-lifecycle`, the bridge's half is `host-core` itself (`knowledge`, `collect`,
//! `assemble`); only the agents, the wire and the clock are the model's own. A configuration is explored until nothing
//! new appears. No state may be stuck: when the faults end, a state at rest can be reached from it, whether the agents
//! take or refuse what they are asked. At rest, the row, what is known and what the agents hold agree. Each of rules 2
//! and 11 to 14 of `spec/lifecycle.md` is needed for that: without it, a disagreement is found.

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

const ROAD: &[Action] =
    &[Action::Create, Action::Activate, Action::Deactivate, Action::Update, Action::Delete];

fn complete(configuration: &Configuration, least: usize) {
    match explore(configuration, Variant::FAITHFUL) {
        Found::Nothing { states } => {
            assert!(states >= least, "only {states} states: the model does not move");
        }
        Found::Something { what, path } => panic!("{what}\n{}", path.join("\n")),
    }
}

fn wrong(configuration: &Configuration, variant: Variant) {
    if let Found::Nothing { states } = explore(configuration, variant) {
        panic!("{states} states and nothing found: the rule is not needed, or the model is blind");
    }
}

/// One account, one agent, every fault.
fn one_agent() -> Configuration {
    Configuration { accounts: 1, agents: &["z"], zone: Some("z"), asked: ROAD, faults: Faults::ALL }
}

#[test]
fn one_account_and_one_agent_never_disagree() {
    complete(&one_agent(), 1_000);
}

#[test]
fn one_account_and_two_agents_never_disagree() {
    let asked = &[Action::Create, Action::Activate, Action::Deactivate, Action::Delete];
    let faults = Faults { late: 0, bridge_restarts: false, ..Faults::ALL };
    let two = Configuration { accounts: 1, agents: &["z", "z"], zone: Some("z"), asked, faults };
    complete(&two, 1_000);
}

#[test]
fn an_account_without_a_zone_and_agents_of_two_never_disagree() {
    let asked = &[Action::Create, Action::Activate, Action::Delete];
    let faults = Faults { late: 0, bridge_restarts: false, ..Faults::ALL };
    let two = Configuration { accounts: 1, agents: &["y", "z"], zone: None, asked, faults };
    complete(&two, 1_000);
}

#[test]
fn two_accounts_and_one_agent_never_disagree() {
    let asked = &[Action::Create, Action::Activate, Action::Delete];
    let faults = Faults { late: 0, bridge_restarts: false, restarts: false, ..Faults::ALL };
    let two = Configuration { accounts: 2, agents: &["z"], zone: Some("z"), asked, faults };
    complete(&two, 1_000);
}

#[test]
fn without_rule_2_an_agent_keeps_what_nobody_wants() {
    let rules = Rules { drop_unwanted: false, ..Rules::ALL };
    wrong(&one_agent(), Variant { rules, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_11_an_agent_keeps_what_is_out_of_date() {
    let rules = Rules { last_word: false, ..Rules::ALL };
    wrong(&one_agent(), Variant { rules, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_12_overtaken_operations_are_delivered() {
    wrong(&one_agent(), Variant { withdraws: false, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_13_an_old_answer_is_taken_for_the_truth() {
    wrong(&one_agent(), Variant { counts_answers: false, ..Variant::FAITHFUL });
}

#[test]
fn without_rule_14_a_new_row_s_operations_are_stale() {
    wrong(&one_agent(), Variant { outlives_rows: false, ..Variant::FAITHFUL });
}

#[test]
#[ignore]
fn zz_measure() {
    let none = Faults { cuts: false, restarts: false, bridge_restarts: false, late: 0 };
    let small: &[Action] = &[Action::Create, Action::Activate, Action::Delete];
    let four: &[Action] = &[Action::Create, Action::Activate, Action::Deactivate, Action::Delete];
    for (what, asked, faults) in [
        ("cuts four", four, Faults { cuts: true, ..none }),
    ] {
        let c = Configuration { accounts: 1, agents: &["z"], zone: Some("z"), asked, faults };
        let t = std::time::Instant::now();
        match explore(&c, Variant::FAITHFUL) {
            Found::Nothing { states } => println!("{what}: {states} {:?}", t.elapsed()),
            Found::Something { what: w, path } => println!("{what}: {w} {:?}\n{}", t.elapsed(), path[..path.len()-1].join("\n")),
        }
    }
}
