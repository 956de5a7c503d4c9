//! Recorded calls given to a module again.

use std::sync::Arc;

use host_core::record::{Import, Record};
use host_trial::replay::{Candidate, Difference};

use super::{kit, told};

/// Three accounts, of which one fails, twice.
const LIFE: &str = r"name: of three accounts one fails
given:
  agents: [{ id: agent-a, zone: eu }]
steps:
  - request: POST /armory/accounts/dynamic
    body:
      - { name: eu-1, kubeconfigFile: /a, zoneId: eu }
      - { name: eu-2, kubeconfigFile: /b, zoneId: eu }
      - { name: eu-3, kubeconfigFile: /c, zoneId: eu }
  - request: PATCH /armory/accounts
    body: [{ name: eu-1, state: ACTIVE }, { name: eu-2, state: ACTIVE }, { name: eu-3, state: ACTIVE }]
  - agent: agent-a
    answers: { eu-1: done, eu-2: unauthorized, eu-3: done }
    expect: { accounts: { eu-1: ACTIVE, eu-2: FAILED, eu-3: ACTIVE } }
  - { agent: agent-a, leaves: true }
  - advance: 61s
    expect: { accounts: { eu-1: ORPHANED } }
";

fn records() -> Vec<Record> {
    let report = told(LIFE);
    assert!(report.is_well());
    let calls = report.told.expect("it can be read").calls;
    // Through the format of the file, as they come from a bridge.
    let line = |record: &Record| serde_json::to_string(record).expect("JSON");
    calls.iter().map(|record| serde_json::from_str(&line(record)).expect("a record")).collect()
}

fn built_in() -> Candidate {
    Candidate::Lifecycle(Arc::clone(&kit().1))
}

fn impatient() -> Candidate {
    let bytes = std::fs::read(tests_xtask::guest::build_impatient().expect("it builds"));
    let module = kit().0.lifecycle(bytes.expect("a component")).expect("it is taken");
    Candidate::Lifecycle(Arc::new(module))
}

#[test]
fn the_module_that_decided_decides_the_same_again() {
    let records = records();
    let replay = kit().0.wait(built_in().replay(&records, false, |_| {}));
    assert!(replay.is_same() && replay.told.is_empty(), "{:?}", replay.told);
    assert_eq!(replay.replayed, records.len());
}

#[test]
fn a_changed_rule_shows_exactly_the_accounts_that_it_concerns() {
    let replay = kit().0.wait(impatient().replay(&records(), true, |_| {}));
    assert_eq!(replay.accounts(), ["eu-2"]);
    let differences: Vec<&Difference> =
        replay.told.iter().flat_map(|told| &told.differences).collect();
    let [found] = differences[..] else { panic!("{differences:?}") };
    let said = found.in_words();
    assert!(
        said.starts_with(
            "eu-2: was FAILED: agent agent-a: unauthorized: the script says unauthorized with due "
        ),
        "{said}"
    );
    assert!(said.contains("is now FAILED") && said.contains("due never"), "{said}");
    assert!(replay.told[0].raw.is_some(), "and whole, where that is asked for");
}

#[test]
fn what_is_asked_otherwise_is_a_difference_and_what_cannot_be_told_is_said() {
    let of_answers = |record: &&Record| {
        record.imports.iter().any(|import| matches!(import, Import::Holdings { .. }))
    };
    let mut record = records().iter().find(of_answers).expect("one that reads").clone();
    // A read that was made then, and that this module does not make.
    let more = Import::AccountsDue { at: 1, limit: 2, told: Vec::new() };
    record.imports.push(more);
    let replayed = kit().0.wait(built_in().one(&record, false));
    assert!(!replayed.is_same() && replayed.differences.is_empty(), "it decides as it did");
    assert_eq!(replayed.asks, ["it does not ask accounts.due-before any more"]);
    // A read that this module makes, and that was not made then.
    record.imports.retain(|import| !matches!(import, Import::Holdings { .. }));
    let replayed = kit().0.wait(built_in().one(&record, false));
    let why = replayed.unknown.expect("it cannot be told");
    assert!(why.contains("agents.holdings"), "{why}");
    assert!(replayed.differences.is_empty(), "what is not known is no difference");
}

#[test]
fn calls_that_time_ended_are_left_out() {
    let mut record = records().pop().expect("a call");
    let late = host_core::error::CallError {
        class: host_core::error::CallClass::Deadline,
        sentence: "too late".into(),
    };
    record.end = host_core::record::End::Stopped(late);
    let replay = kit().0.wait(built_in().replay(&[record], false, |_| {}));
    assert_eq!(replay.replayed, 0);
    assert_eq!(replay.left_out.get("ended by time or by the host"), Some(&1));
}
