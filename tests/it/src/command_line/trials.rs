//! Trials as a person makes them: new projects, tests, replays, and what they answer to the shell.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;
use tests_xtask::workspace::target;

use super::{folder, swingbridge, text};

/// The same with the tools of languages, which have their homes in this person's.
fn with_tools(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = swingbridge(folder, arguments);
    for home in ["HOME", "CARGO_HOME", "RUSTUP_HOME"] {
        match std::env::var_os(home) {
            Some(value) => command.env(home, value),
            None => command.env_remove(home),
        };
    }
    // Libraries of policies are built once.
    command.env("CARGO_TARGET_DIR", target().join("policies"));
    command.output().expect("the binary starts")
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    swingbridge(folder, arguments).output().expect("the binary starts")
}

/// A new project passes at once, is what its README says, and a bridge would take it.
fn is_new_and_well(language: &str) {
    let folder = folder();
    let made = with_tools(folder.path(), &["new", "--lang", language, "team-names"]);
    assert!(made.status.success(), "{}", text(&made));
    let tested = with_tools(folder.path(), &["test", "team-names", "--json"]);
    assert!(tested.status.success(), "{}", text(&tested));
    let report: Json = serde_json::from_slice(&tested.stdout).expect("JSON");
    assert!(report["scenarios"][0]["steps"].as_u64() > Some(2), "{report}");
    let inspected = with_tools(folder.path(), &["inspect", "team-names", "--json"]);
    assert!(inspected.status.success(), "{}", text(&inspected));
    let looked: Json = serde_json::from_slice(&inspected.stdout).expect("JSON");
    assert_eq!(looked["kind"]["policy"]["answers"], serde_json::json!(["admission"]));
    for there in ["README.md", ".gitignore", "scenario.schema.json", ".github/workflows/test.yml"] {
        assert!(folder.path().join("team-names").join(there).is_file(), "{there}");
    }
    // What it answers is wrong from now on: the test says so.
    let file = folder.path().join("team-names/scenarios/team-names.yaml");
    let scenario = std::fs::read_to_string(&file).expect("its scenario");
    assert!(scenario.contains("answer: deny"), "{scenario}");
    std::fs::write(&file, scenario.replacen("answer: deny", "answer: allow", 1)).expect("written");
    let tested = with_tools(folder.path(), &["test", "team-names"]);
    assert_eq!(tested.status.code(), Some(1));
    let said = text(&tested);
    assert!(said.contains("expected  allow") && said.contains("came      deny ("), "{said}");
    // Nothing of what is there is written over.
    let again = with_tools(folder.path(), &["new", "--lang", language, "team-names"]);
    assert_eq!(again.status.code(), Some(1), "{}", text(&again));
}

/// Whether a program that is needed is not there: then there is nothing to be seen here, as the name of the test says.
fn lacks(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_err()
}

#[test]
fn a_new_policy_in_rust_passes_its_own_scenarios_at_once() {
    is_new_and_well("rust");
}

#[test]
fn a_new_policy_in_python_passes_its_own_scenarios_at_once() {
    if !lacks("python3") {
        is_new_and_well("python");
    }
}

#[test]
fn a_new_policy_in_javascript_passes_its_own_scenarios_at_once() {
    if !lacks("npm") {
        is_new_and_well("javascript");
    }
}

const SCENARIO: &str = "name: an account is made
steps:
  - request: POST /armory/accounts/dynamic
    body: { name: eu-1, kubeconfigFile: /a }
    expect: { status: 202, accounts: { eu-1: INACTIVE } }
";

#[test]
fn a_test_answers_to_the_shell_to_ci_and_to_programs() {
    let folder = folder();
    let file = folder.path().join("right.yaml");
    std::fs::write(&file, SCENARIO).expect("written");
    let passed = run(folder.path(), &["test", "right.yaml", "--junit", "report.xml"]);
    assert!(passed.status.success(), "{}", text(&passed));
    assert!(!text(&passed).contains('\u{1b}'), "no colours where no terminal is");
    let xml = std::fs::read_to_string(folder.path().join("report.xml")).expect("a report");
    assert!(xml.contains("tests=\"1\"") && xml.contains("failures=\"0\""), "{xml}");
    std::fs::write(folder.path().join("wrong.yaml"), SCENARIO.replace("INACTIVE", "ACTIVE"))
        .expect("written");
    let failed = run(folder.path(), &["test", ".", "--junit", "report.xml"]);
    assert_eq!(failed.status.code(), Some(1));
    assert!(text(&failed).contains("1 passed, 1 failed"), "{}", text(&failed));
    let xml = std::fs::read_to_string(folder.path().join("report.xml")).expect("a report");
    assert!(xml.contains("failures=\"1\"") && xml.contains("came      INACTIVE"), "{xml}");
    let as_json = run(folder.path(), &["test", "wrong.yaml", "--json"]);
    let report: Json = serde_json::from_slice(&as_json.stdout).expect("nothing but JSON");
    let mismatch = &report["scenarios"][0]["failures"][0]["mismatches"][0];
    assert_eq!((&mismatch["expected"], &mismatch["line"]), (&"ACTIVE".into(), &5.into()));
    let one = run(folder.path(), &["test", ".", "--filter", "nothing like it"]);
    assert_eq!(one.status.code(), Some(1));
    assert!(text(&one).contains("none of 2 scenarios has `nothing like it`"), "{}", text(&one));
    let nowhere = run(folder.path(), &["test", "nowhere.yaml"]);
    assert!(text(&nowhere).contains("nowhere.yaml is not there"), "{}", text(&nowhere));
    let blessed = run(folder.path(), &["test", "wrong.yaml", "--bless"]);
    assert!(blessed.status.success(), "{}", text(&blessed));
    assert_eq!(std::fs::read_to_string(folder.path().join("wrong.yaml")).expect("it"), SCENARIO);
}

#[test]
fn a_component_of_nobody_here_is_told_what_it_wanted_and_what_would_be_taken() {
    let folder = folder();
    let component = wat::parse_str(
        r#"(component
            (import "wasi:cli/environment@0.2.0" (instance (export "get-arguments" (func))))
            (core module $m (func (export "run")))
            (core instance $i (instantiate $m))
            (func (export "run") (canon lift (core func $i "run"))))"#,
    );
    std::fs::write(folder.path().join("command.wasm"), component.expect("a component"))
        .expect("written");
    std::fs::write(folder.path().join("core.wasm"), wat::parse_str("(module)").expect("a module"))
        .expect("written");
    let command = run(folder.path(), &["inspect", "command.wasm"]);
    assert_eq!(command.status.code(), Some(1));
    let said = text(&command);
    for wanted in [
        "contract      refused",
        "wasi:cli/environment@0.2.0",
        "modules get no WASI",
        "settings      not reached",
    ] {
        assert!(said.contains(wanted), "{wanted}: {said}");
    }
    let core = run(folder.path(), &["inspect", "core.wasm"]);
    assert!(text(&core).contains("it is a core module"), "{}", text(&core));
    std::fs::write(folder.path().join("some.yaml"), SCENARIO).expect("written");
    let tested = run(folder.path(), &["test", "core.wasm", "some.yaml"]);
    assert!(text(&tested).contains("core module"), "{}", text(&tested));
}

#[test]
fn one_export_is_called_once_in_a_given_world() {
    let folder = folder();
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("written");
    };
    write(
        "world.yaml",
        "agents: [{ id: agent-a, zone: eu }]\naccounts: [{ name: eu-1, status: INACTIVE, zoneId: eu, kubeconfigFile: /a }]\n",
    );
    write("event.json", r#"{"action": "activate", "items": [{"name": "eu-1"}]}"#);
    let called =
        run(folder.path(), &["run", "built-in", "handle", "event.json", "--given", "world.yaml"]);
    assert!(called.status.success(), "{}", text(&called));
    let answer: Json = serde_json::from_slice(&called.stdout).expect("JSON");
    assert_eq!(answer["answer"]["outcomes"][0], "pending");
    assert_eq!(answer["unit"]["submissions"][0]["agent"], "agent-a");
    let steps = answer["unit"]["changes"][0]["steps"].as_array().expect("steps").len();
    assert_eq!(steps, 2, "{answer}");
    let wrong = run(folder.path(), &["run", "built-in", "admission", "event.json"]);
    assert!(text(&wrong).contains("this is a lifecycle module"), "{}", text(&wrong));
}

#[test]
fn a_bench_tells_what_a_call_costs_and_a_difference_from_noise() {
    let folder = folder();
    let measured = run(
        folder.path(),
        &[
            "bench",
            "built-in",
            "--against",
            "built-in",
            "--rounds",
            "5",
            "--profile",
            "profile.json",
            "--json",
        ],
    );
    assert!(measured.status.success(), "{}", text(&measured));
    let told: Json = serde_json::from_slice(&measured.stdout).expect("JSON");
    let handle =
        told["costs"].as_array().expect("costs").iter().find(|cost| cost["export"] == "handle");
    let handle = handle.expect("handle is measured");
    assert!(handle["fuel"]["p50"].as_f64() > Some(1_000.0), "{handle}");
    assert!(handle["hostCalls"]["accounts.get"].as_f64() > Some(0.5), "{handle}");
    assert_eq!(told["comparison"][0]["pairs"], 5);
    let profile = std::fs::read_to_string(folder.path().join("profile.json")).expect("a profile");
    let profile: Json = serde_json::from_str(&profile).expect("the viewer's JSON");
    assert!(profile["threads"][0]["samples"]["length"].as_u64() > Some(10), "it has samples");
}
