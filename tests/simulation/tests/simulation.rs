//! What the simulation promises: its seeds hold at CI's size, a seed replays, faults put in on purpose are found, and a
//! year goes by.

use std::sync::Arc;

use tests_simulation::{Mutant, Options, lifecycle, simulate, year};

/// Seeds that CI runs; `cargo xtask simulate` runs as many as it is told.
const SEEDS: u64 = 5_000;

#[test]
fn nothing_is_violated_and_everything_settles() {
    let module = lifecycle::native();
    for seed in 0..SEEDS {
        let outcome = simulate(&Options::of_seed(seed), Arc::clone(&module));
        let again = format!("cargo xtask simulate --seed {seed}");
        assert_eq!(outcome.violation, None, "to see it: {again}");
    }
}

#[test]
fn a_seed_gives_the_same_run_to_the_last_word() {
    let module = lifecycle::native();
    for seed in 0..20 {
        let options = Options { keeps_lines: true, ..Options::of_seed(seed) };
        let (first, second) =
            (simulate(&options, Arc::clone(&module)), simulate(&options, Arc::clone(&module)));
        let differs = first.lines.iter().zip(&second.lines).find(|(a, b)| a != b);
        assert_eq!(differs, None, "seed {seed}");
        assert_eq!(first.hash, second.hash, "seed {seed}");
        assert!(first.commits > 0, "seed {seed} commits something");
    }
}

#[test]
fn the_component_lives_by_the_same_rules() {
    let module = lifecycle::component().expect("the component that ships");
    for seed in 0..20 {
        let outcome = simulate(&Options::of_seed(seed), Arc::clone(&module));
        assert_eq!(outcome.violation, None, "seed {seed}");
    }
}

#[test]
fn a_year_goes_by() {
    let year = year::live(7, lifecycle::native());
    assert_eq!(year.violation, None);
    assert!(year.commits > 10_000, "{} commits are no year", year.commits);
}

/// Whether a fault that is put in is found within so many seeds.
fn is_found(mutant: Mutant, within: u64) {
    let module = lifecycle::native();
    let found = (0..within).find(|seed| {
        let options = Options { mutant: Some(mutant), ..Options::of_seed(*seed) };
        simulate(&options, Arc::clone(&module)).violation.is_some()
    });
    assert!(found.is_some(), "{mutant} is not found within {within} seeds");
}

#[test]
fn a_database_that_does_not_compare_revisions_is_found() {
    is_found(Mutant::RevisionIgnored, 100);
    is_found(Mutant::HoldingIgnored, 200);
}

#[test]
fn a_late_good_bye_that_counts_is_found() {
    is_found(Mutant::LateGoodByeCounts, 200);
}

#[test]
fn an_acknowledgement_before_the_commit_is_found() {
    is_found(Mutant::AcknowledgedBeforeCommitted, 20);
}

#[test]
fn generations_that_end_with_the_row_are_found() {
    is_found(Mutant::GenerationOfTheRow, 100);
}

#[test]
fn an_agent_that_is_never_sent_anything_is_found() {
    is_found(Mutant::OnlyTheFirstAgent, 50);
}

#[test]
fn a_unit_that_is_applied_by_halves_is_found() {
    is_found(Mutant::Halves, 20);
}

#[test]
fn an_operation_that_counts_as_sent_before_it_is_or_is_never_looked_for_is_found() {
    is_found(Mutant::SentBeforeDelivered, 2_000);
    is_found(Mutant::NoLookForUnsent, 2_000);
}

#[test]
fn a_bridge_that_does_not_look_again_when_an_agent_moved_is_found() {
    is_found(Mutant::NoLookAgain, 5_000);
}
