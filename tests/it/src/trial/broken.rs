//! A scenario that is wrong says what is wrong with it: nobody needs a debugger.

use host_trial::scenario::bless::blessed;

use super::{said, source, suite, told};

/// A scenario that is right.
const RIGHT: &str = r#"name: an account is taken in
given:
  agents: [{ id: agent-a, zone: eu }]
steps:
  - request: POST /armory/accounts/dynamic
    body: { name: eu-1, kubeconfigFile: /etc/kube/eu-1, zoneId: eu }
    expect: { status: 202, accounts: { eu-1: INACTIVE } }
  - request: PATCH /armory/accounts
    body: [{ name: eu-1, state: ACTIVE }]
    expect: { sent: [{ agent: agent-a, add: [eu-1] }], accounts: { eu-1: ACTIVATING } }
  - agent: agent-a
    answers: { eu-1: done } # at last
    expect: { accounts: { eu-1: { status: ACTIVE, zoneId: eu } } }
"#;

/// The same with something else in one place.
fn with(one: &str, other: &str) -> String {
    assert!(RIGHT.contains(one), "{one}");
    RIGHT.replacen(one, other, 1)
}

#[test]
fn what_is_right_passes() {
    assert!(told(RIGHT).is_well(), "{}", said(RIGHT));
}

#[test]
fn every_way_to_be_wrong_says_where_and_what() {
    let cases: &[(&str, &str, &[&str])] = &[
        // A mistyped key.
        (
            "answers:",
            "anwsers:",
            &["some.yaml:12:5", "no key `anwsers`", "did you mean `answers`?"],
        ),
        // A mistyped key inside what is expected.
        ("{ status: ACTIVE,", "{ state: ACTIVE,", &["some.yaml:13:", "no key `state`", "`status`"]),
        // The wrong state.
        (
            "eu-1: ACTIVATING",
            "eu-1: ACTIVE",
            &[
                "some.yaml:8:5  step 2: PATCH /armory/accounts",
                "account eu-1  line 10",
                "expected  ACTIVE\n",
                "came      ACTIVATING",
                "(none) → INACTIVE",
                "--filter 'an account is taken in'",
            ],
        ),
        // An answer that is missing.
        (
            "  - agent: agent-a\n    answers: { eu-1: done } # at last\n",
            "  - advance: 1s\n",
            &["step 3: 1s pass", "expected  ACTIVE\n", "came      ACTIVATING"],
        ),
        // The wrong agent.
        (
            "  - agent: agent-a",
            "  - agent: agent-b",
            &["there is no agent agent-b; there are agent-a"],
        ),
        // A step too early.
        (
            "  - request: PATCH",
            "  - { agent: agent-a, answers: { eu-1: done } }\n  - request: PATCH",
            &[
                "step 2: agent-a answers done for eu-1",
                "nothing to answer about eu-1: it was sent nothing",
            ],
        ),
        // The wrong account.
        (
            "answers: { eu-1: done }",
            "answers: { eu-2: done }",
            &["nothing to answer about eu-2; it was sent 1: AddAccounts eu-1"],
        ),
        // Something else was sent.
        (
            "add: [eu-1]",
            "update: [eu-1]",
            &["sent  line 10", "expected  agent-a: update eu-1", "came      agent-a: add eu-1"],
        ),
        // Another status, with what the bridge says.
        ("name: eu-1, kube", "kube", &["status", "expected  202", "came      400 (", "name"]),
        // A setting that is not there.
        (
            "given:\n",
            "given:\n  settings: { agents.grase: 60s }\n",
            &["some.yaml:3:15", "no setting `agents.grase`", "did you mean `agents.grace`?"],
        ),
        // A duration without its unit.
        (
            "  - agent: agent-a",
            "  - advance: 61\n  - agent: agent-a",
            &["a duration with its unit", "not 61"],
        ),
        // An answer that no policy gives.
        (
            "given:\n",
            "given:\n  policies: [{ admission: { eu-1: alow } }]\n",
            &["`alow` is no answer to admission", "did you mean `allow`?"],
        ),
        // Two things in one step.
        (
            "  - agent: agent-a",
            "  - advance: 1s\n    agent: agent-a",
            &["`advance` does not belong to a step with `agent`"],
        ),
        // What only a request has.
        (
            "expect: { accounts: { eu-1: { status",
            "expect: { status: 202, accounts: { eu-1: { status",
            &["`status` is expected of the answer to a request"],
        ),
        // A module that is not there.
        (
            "given:\n",
            "given:\n  policies: [{ module: nowhere.wasm }]\n",
            &["some.yaml:3:", "nowhere.wasm"],
        ),
        // No YAML.
        ("[{ id: agent-a, zone: eu }]", "[{ id: agent-a, zone: eu }", &["this is no YAML"]),
    ];
    for (one, other, wanted) in cases {
        let said = said(&with(one, other));
        for wanted in *wanted {
            assert!(said.contains(wanted), "with {other:?} it should say {wanted:?}:\n{said}");
        }
        assert!(said.starts_with("FAIL"), "{said}");
    }
}

#[test]
fn a_module_that_is_stopped_says_why() {
    let text = with(
        "given:\n",
        "given:\n  policies: [{ name: picky, fail: closed, admission: { eu-1: fails } }]\n",
    );
    let said = said(&text);
    for wanted in ["policy picky could not answer", "what modules said in this step", "stopped: "] {
        assert!(said.contains(wanted), "{wanted}:\n{said}");
    }
}

#[test]
fn what_came_is_written_where_it_is_blessed_and_nothing_else_changes() {
    let wrong = with(
        "{ status: 202, accounts: { eu-1: INACTIVE } }",
        "{ status: 200, accounts: { eu-1: absent } }",
    );
    let wrong = wrong
        .replace("add: [eu-1]", "delete: [eu-1, eu-2]")
        .replace("zoneId: eu } }", "zoneId: us } }");
    assert!(!told(&wrong).is_well());
    let right = suite(1).blessed(&source(&wrong)).expect("there is something to write");
    assert!(told(&right).is_well(), "{right}");
    let spaceless = |text: &str| text.split_whitespace().collect::<String>().replace('"', "");
    assert_eq!(spaceless(&right), spaceless(RIGHT), "comments and all");
    assert!(suite(1).blessed(&source(&right)).is_none(), "and then there is nothing left to write");
}

#[test]
fn what_cannot_be_done_is_not_blessed() {
    let text = with("  - agent: agent-a", "  - agent: agent-b");
    let report = told(&text);
    let told = report.told.expect("it can be read");
    assert_eq!(blessed(&text, &told), None);
}
