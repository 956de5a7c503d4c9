//! Policies as modules of a scenario's chain: their answers are the chain's, and what they may not do they cannot.

use super::{said, told};

/// An account that two written policies are asked about.
fn life(policies: &str, expect: &str) -> String {
    format!(
        r"name: a chain is asked
given:
  agents: [{{ id: agent-a, zone: eu }}, {{ id: agent-b, zone: us }}]
  policies: {policies}
steps:
  - request: POST /armory/accounts/dynamic
    body: [{{ name: eu-1, kubeconfigFile: /a, zoneId: eu }}, {{ name: eu-2, kubeconfigFile: /b }}]
    expect: {expect}
"
    )
}

fn passes(policies: &str, expect: &str) {
    let text = life(policies, expect);
    assert!(told(&text).is_well(), "{}", said(&text));
}

#[test]
fn what_is_denied_is_refused_with_the_reason_and_the_rest_goes_on() {
    passes(
        "[{ admission: { eu-1: { deny: not on Fridays } } }]",
        "{ status: 202, accounts: { eu-1: absent, eu-2: INACTIVE }, refused: { eu-1: not on Fridays } }",
    );
}

#[test]
fn what_is_amended_is_kept_as_amended() {
    let text = life(
        "[{ admission: { '*': { amend: { namespaces: [web] } } } }]",
        "{ status: 202 }\n  - request: GET /agents/kubernetes/accounts/eu-2\n    expect: { body: { definition: { namespaces: [web], kubeconfigFile: /b } } }",
    );
    assert!(told(&text).is_well(), "{}", said(&text));
}

#[test]
fn a_zone_comes_from_placement() {
    let text = life(
        "[{ placement: { eu-2: { zone: us } } }]",
        "{ status: 202 }\n  - request: PATCH /armory/accounts\n    body: [{ name: eu-1, state: ACTIVE }, { name: eu-2, state: ACTIVE }]\n    expect: { sent: [{ agent: agent-a, add: [eu-1] }, { agent: agent-b, add: [eu-2] }], accounts: { eu-1: { zoneId: eu }, eu-2: { zoneId: us } } }",
    );
    assert!(told(&text).is_well(), "{}", said(&text));
}

#[test]
fn a_policy_that_only_watches_or_fails_open_stops_nobody() {
    passes(
        "[{ name: a, mode: monitor, admission: { eu-1: deny } }, { name: b, fail: open, admission: { eu-1: fails } }]",
        "{ status: 202, accounts: { eu-1: INACTIVE, eu-2: INACTIVE } }",
    );
}

#[test]
fn a_policy_that_fails_closed_stops_only_the_account_that_it_fails_for() {
    passes(
        "[{ name: picky, admission: { eu-1: fails, '*': allow } }]",
        "{ status: 202, accounts: { eu-1: absent, eu-2: INACTIVE }, refused: { eu-1: policy picky could not answer } }",
    );
}
