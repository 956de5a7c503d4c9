//! What a row waits for: its agents' answers, and what its due time and the edges that leave its state mean together.

use host_core::agent::Presence;
use host_core::clock::Millis;
use host_core::description::{Description, StateKind};
use host_core::holding::{Holding, Unanswered};

use super::{Facts, Wait, WaitsFor, words};

/// Events on edges that leave a state without anybody asking for it, by their registered names.
const TAKEN_UP: &str = "candidate";
const NO_AGENT: &str = "no-agent";
const RETRY: &str = "retry";
const ORPHANED: &str = "orphaned";

/// Everything that the account waits for, answers first.
pub(super) fn waits(facts: &Facts, module: &Description) -> Vec<Wait> {
    let mut waits: Vec<Wait> = facts
        .holdings
        .iter()
        .filter_map(|holding| Some((holding, holding.operation.as_ref()?)))
        .map(|(holding, operation)| answer(facts, holding, operation, module))
        .collect();
    waits.extend(by_time(facts, module));
    if waits.is_empty() {
        waits.extend(at_rest(facts, module));
    }
    waits
}

fn wait(what: WaitsFor, until: Option<Millis>, sentence: String) -> Wait {
    Wait {
        what,
        agent: None,
        operation: None,
        kind: None,
        since: None,
        not_before: None,
        until,
        sentence,
    }
}

/// Whether an edge with this event leaves the row's state.
fn leaves_by(facts: &Facts, module: &Description, event: &str) -> bool {
    let state = Some(facts.account.state.as_str());
    module.edges.iter().any(|edge| edge.from.as_deref() == state && edge.event == event)
}

fn attribute<'f>(facts: &'f Facts, key: &str) -> Option<&'f str> {
    let pairs = &facts.account.attributes;
    pairs.iter().find(|(each, _)| each == key).map(|(_, value)| value.as_str())
}

fn time(facts: &Facts, key: &str) -> Option<Millis> {
    attribute(facts, key)?.parse().ok()
}

/// An agent that was asked, or will be. In a state that rows pass through the row's own deadline bounds it.
fn answer(facts: &Facts, holding: &Holding, asked: &Unanswered, module: &Description) -> Wait {
    let row = facts.operations.iter().find(|operation| operation.id == asked.id);
    let agent = facts.agents.iter().find(|agent| agent.id == holding.agent);
    let gone = agent.is_none_or(|agent| agent.presence == Presence::Gone);
    let later = asked.not_before.filter(|at| *at > facts.now);
    let passing = module
        .states
        .iter()
        .any(|state| state.name == facts.account.state && state.kind == StateKind::Transient);
    let deadline = row.and_then(|operation| operation.deadline);
    let due = facts.account.due_at.filter(|_| passing);
    let until = deadline.or(due);
    let since = row.and_then(|operation| operation.sent_at);
    let told = words::Asked {
        agent: &holding.agent,
        kind: asked.kind,
        sent: since,
        submitted: row.map(|operation| operation.created_at),
        not_before: later,
        until,
        gone,
    };
    Wait {
        agent: Some(holding.agent.clone()),
        operation: Some(asked.id.clone()),
        kind: Some(asked.kind),
        since: since.or_else(|| row.map(|operation| operation.created_at)),
        not_before: later,
        ..wait(WaitsFor::Answer, until, words::asked(&told, facts.now))
    }
}

/// What the row's own time is for.
fn by_time(facts: &Facts, module: &Description) -> Option<Wait> {
    let account = &facts.account;
    let (due, now) = (account.due_at, facts.now);
    let leaves = |event| leaves_by(facts, module, event);
    if attribute(facts, "undeclared-since").is_some() {
        let since = time(facts, "undeclared-since");
        let sentence = words::removal(since, due, now);
        return Some(Wait { since, ..wait(WaitsFor::Removal, due, sentence) });
    }
    if leaves(ORPHANED) && attribute(facts, "unheld-since").is_some() {
        let since = time(facts, "unheld-since");
        let sentence = words::unheld(since, due, now);
        return Some(Wait { since, ..wait(WaitsFor::Return, due, sentence) });
    }
    if leaves(TAKEN_UP) && leaves(NO_AGENT) {
        let sentence = words::candidate(account.zone.as_deref(), due, now);
        return Some(wait(WaitsFor::Candidate, due, sentence));
    }
    if attribute(facts, "no-agent").is_some() {
        let sentence = words::candidate(account.zone.as_deref(), None, now);
        return Some(wait(WaitsFor::Candidate, None, sentence));
    }
    if let Some(at) = time(facts, "gave-up") {
        let sentence = words::given_up(account.failed_count, at, due, now);
        return Some(Wait { since: Some(at), ..wait(WaitsFor::Request, due, sentence) });
    }
    let due = due?;
    if leaves(RETRY) {
        let sentence = words::retry(account.failed_count, due, now);
        return Some(Wait { not_before: Some(due), ..wait(WaitsFor::Retry, Some(due), sentence) });
    }
    // What agents have to answer bounds itself; anything else is the module's own.
    let answers = facts.holdings.iter().any(|holding| holding.operation.is_some());
    (!answers).then(|| wait(WaitsFor::Look, Some(due), words::look(due, now)))
}

/// Nothing is under way: the account rests, or goes on when an agent comes.
fn at_rest(facts: &Facts, module: &Description) -> Option<Wait> {
    if leaves_by(facts, module, TAKEN_UP) {
        let sentence = words::candidate(facts.account.zone.as_deref(), None, facts.now);
        return Some(wait(WaitsFor::Candidate, None, sentence));
    }
    None
}
