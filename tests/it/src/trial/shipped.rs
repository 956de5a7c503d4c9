//! The scenarios that come with the built-in lifecycle.

use std::path::{Path, PathBuf};

use host_trial::report::{edge_in_words, human};
use host_trial::scenario::SCHEMA;
use host_trial::suite::Source;
use tests_xtask::workspace::root;

use super::{suite, told};

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|end| end == "yaml") {
            files.push(path);
        }
    }
}

/// Every scenario of the tree.
fn shipped() -> Vec<Source> {
    let mut files = Vec::new();
    walk(&root().join("tests/scenarios"), &mut files);
    let text = |path: &PathBuf| std::fs::read_to_string(path).expect("a text");
    files.into_iter().map(|path| Source { text: text(&path), path }).collect()
}

#[test]
fn every_scenario_passes_and_every_edge_of_the_lifecycle_is_taken() {
    let report = suite(1).run(&shipped(), |_| {});
    let bad = report.files.iter().filter(|file| !file.is_well());
    let bad: Vec<String> = bad.map(|file| human::file(file, "swingbridge test")).collect();
    assert!(bad.is_empty(), "{}", bad.join("\n"));
    let untaken: Vec<String> =
        report.untaken.expect("it was looked for").iter().map(edge_in_words).collect();
    assert_eq!(untaken, Vec::<String>::new());
}

#[test]
fn scenarios_pass_whatever_the_seed() {
    for seed in [2, 3, 1_000] {
        let report = suite(seed).run(&shipped(), |_| {});
        let bad = report.files.iter().filter(|file| !file.is_well());
        let bad: Vec<String> = bad.map(|file| human::file(file, "swingbridge test")).collect();
        assert!(bad.is_empty(), "seed {seed}: {}", bad.join("\n"));
    }
}

#[test]
fn the_same_seed_gives_the_same_run_to_the_last_word() {
    let calls = || {
        let report = suite(7).run(&shipped(), |_| {});
        let told = report.files.into_iter().filter_map(|file| file.told.ok());
        let calls = told.flat_map(|told| told.calls).map(|mut call| {
            call.took_us = 0;
            call
        });
        calls.collect::<Vec<_>>()
    };
    assert!(calls() == calls(), "two runs of one seed differ");
}

#[test]
fn every_numbered_rule_of_the_lifecycle_has_a_scenario() {
    let names: Vec<String> = shipped()
        .iter()
        .filter(|source| source.path.parent().is_some_and(|folder| folder.ends_with("rules")))
        .filter_map(|source| source.path.file_name()?.to_str().map(str::to_owned))
        .collect();
    for rule in 1..=17 {
        let number = format!("{rule:02}_");
        assert!(
            names.iter().any(|name| name.starts_with(&number)),
            "rule {rule} has none: {names:?}"
        );
    }
}

#[test]
fn editors_and_the_program_agree_on_what_a_scenario_is() {
    let schema: serde_json::Value = serde_json::from_str(SCHEMA).expect("JSON");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    let json = |text: &str| {
        let options = serde_saphyr::options! { with_snippet: false };
        serde_saphyr::from_str_with_options::<serde_json::Value>(text, options).expect("YAML")
    };
    for source in shipped() {
        let faults: Vec<String> =
            schema.iter_errors(&json(&source.text)).map(|error| error.to_string()).collect();
        assert!(faults.is_empty(), "{}: {}", source.path.display(), faults.join("; "));
    }
    let step = "name: x\nsteps:\n  - ";
    for wrong in [
        "{ reqest: GET / }",
        "{ request: GET /, advance: 1s }",
        "{ advance: 61 }",
        "{ agent: a }",
        "{ agent: a, joins: true, leaves: true }",
        "{ agent: a, leaves: true, zone: eu }",
        "{ request: GET /, expect: { state: 1 } }",
        "{ request: GET /, expect: { accounts: { a: { state: X } } } }",
        "{ settings: { agents.grase: 1s } }",
        "{ policies: [{ admission: { a: alow } }] }",
        "{ restart: true, body: 1 }",
    ] {
        let text = format!("{step}{wrong}\n");
        assert!(told(&text).told.is_err(), "the program takes {wrong}");
        assert!(!schema.is_valid(&json(&text)), "the schema takes {wrong}");
    }
}
