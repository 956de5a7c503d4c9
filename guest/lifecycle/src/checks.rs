//! `check`: whom it asks whether they reach the cluster, and when it is over.
//!
//! Of answers, only those to what was asked since the check began are its own. What is under way already to make an agent
//! hold the account answers it too, and so does the try that it falls into. An operation that waits for its time is sent
//! now: whoever asks has perhaps just mended what was refused. An agent that is still answering an earlier check is asked
//! anew after that, so that each check shows agents of its own.

use crate::account::{Failure, OpenRequest};
use crate::agent::{Holding, OperationKind};
use crate::case::Case;
use crate::event::{Action, Refused};
use crate::finish::is_there;
use crate::parties::{Party, Sent};
use crate::request::{refused, waits_for_answers};
use crate::state::State;
use crate::write::Finish;

/// The revision of a check that began before revisions were kept: whoever was ever asked has a part in it.
const EVER: u64 = 1;

pub(crate) fn is_check(open: &OpenRequest) -> bool {
    Action::parse(&open.action) == Some(Action::Check)
}

/// Begins a check, if there is somebody to ask.
pub(crate) fn begin(case: &mut Case<'_>) -> Result<(), Refused> {
    let free = |party: &Party<'_>| {
        (case.is_candidate(party) || case.holds_another(party))
            && party.operation_kind() != Some(OperationKind::Delete)
    };
    if !case.parties.iter().any(free) {
        let zone = case.row.as_ref().and_then(|row| row.zone.as_deref());
        let who =
            zone.map_or_else(|| "agent".to_owned(), |zone| format!("agent of the zone {zone}"));
        let reason = format!("no {who} that could be asked about {} is connected", case.name);
        return refused("no-agent", reason, case.state());
    }
    waits_for_answers(case, Action::Check);
    let began = begins_at(case);
    if let Some(row) = &mut case.row {
        row.memory.checks.push(began);
    }
    Ok(())
}

/// The row's revision from which on whoever is asked answers a check that begins now: the one of this call's commit, or
/// that of what is under way to make agents hold the account.
fn begins_at(case: &Case<'_>) -> u64 {
    let next = case.before.map_or(EVER, |row| row.revision.saturating_add(1));
    let tried = case.row.as_ref().filter(|row| row.state == State::Activating);
    let tried = tried.filter(|_| !case.entered).map(|row| row.state_revision);
    let under_way = case.parties.iter().filter(|party| {
        is_there(case, party) && party.is_being_asked(case.now, OperationKind::is_to_hold)
    });
    let under_way = under_way.filter_map(|party| party.known.map(|known| known.asked_revision));
    under_way.chain(tried).fold(next, u64::min)
}

/// Beside each open request, oldest first, at which revision it began, if it is a check. The bridge lets go of the
/// oldest requests where there are too many.
pub(crate) fn began(case: &Case<'_>, open: &[OpenRequest]) -> Vec<u64> {
    let revisions = case.row.as_ref().map_or(&[][..], |row| &row.memory.checks);
    let mut revisions = revisions.iter().rev();
    let mut began: Vec<u64> = open
        .iter()
        .rev()
        .map(|request| is_check(request).then(|| revisions.next().copied()).flatten())
        .map(|revision| revision.unwrap_or(EVER))
        .collect();
    began.reverse();
    began
}

/// What an agent is asked for a check that is open: in the call that begins it, or when the agent has answered what it
/// was asked before.
pub(crate) fn question(case: &Case<'_>, party: &Party<'_>) -> Option<Sent> {
    let newest = *case.row.as_ref()?.memory.checks.last()?;
    let begins = case.own.as_ref().is_some_and(is_check);
    let asked = party.known.map_or(0, |known| known.asked_revision);
    let asks = begins || (asked < newest && case.happened.is_answer_of(party.id));
    let kind = asks.then(|| kind_of_question(case, party)).flatten()?;
    Some(Sent { kind, not_before: None })
}

/// Who has answered a try already is not asked during that try: its answer stands, and is what the try ends with.
fn kind_of_question(case: &Case<'_>, party: &Party<'_>) -> Option<OperationKind> {
    let trying = case.state() == Some(State::Activating);
    let able = case.is_candidate(party) || case.holds_another(party);
    if !able || (trying && case.asked(party)) {
        return None;
    }
    let wanted = trying || case.state() == Some(State::Active);
    match party.operation() {
        None => Some(OperationKind::Check),
        Some(asked) if wanted && asked.kind.is_to_hold() && asked.is_waiting(case.now) => {
            Some(asked.kind)
        }
        Some(_) => None,
    }
}

const fn asks(kind: OperationKind) -> bool {
    match kind {
        OperationKind::Add | OperationKind::Update | OperationKind::Check => true,
        OperationKind::Delete => false,
    }
}

/// What an agent says to a check.
enum Word {
    Reaches,
    Fails(Failure),
    Nothing,
}

/// A check is done when all have answered, and failed if none of them reaches the cluster that is recorded.
pub(crate) fn outcome(case: &Case<'_>, began: u64, own: bool) -> Option<Finish> {
    let mut refusals = Vec::new();
    let mut reached = false;
    for party in case.parties.iter().filter(|party| is_there(case, party)) {
        let answer = party.known.filter(|known| known.asked_revision >= began);
        let has_answered = !own && answer.is_some_and(|known| known.operation.is_none());
        if !has_answered && party.is_being_asked(case.now, asks) {
            return None;
        }
        match answer.map_or(Word::Nothing, |known| word(case, party, known)) {
            Word::Reaches => reached = true,
            Word::Fails(failure) => refusals.push((party.id, failure)),
            Word::Nothing => {}
        }
    }
    if reached {
        return Some(Finish::Done);
    }
    let Some((_, first)) = refusals.first() else {
        let text = "every agent that was asked went away, or is asked something else first";
        return Some(Finish::Failed(Failure::new("lost", text.to_owned())));
    };
    let texts: Vec<String> = refusals
        .iter()
        .map(|(id, failure)| format!("agent {id}: {}: {}", failure.code, failure.text))
        .collect();
    Some(Finish::Failed(Failure::new(&first.code, texts.join("; "))))
}

/// What an agent has answered that was asked since the check began.
fn word(case: &Case<'_>, party: &Party<'_>, known: &Holding) -> Word {
    match &known.refusal {
        Some(refusal) if asks(refusal.kind) => Word::Fails(refusal.failure.clone()),
        Some(_) => Word::Nothing,
        None if party.sees_another(case.identity()) => party
            .identity()
            .map_or(Word::Nothing, |seen| Word::Fails(Failure::another_cluster(seen))),
        None if known.operation.is_none() => Word::Reaches,
        None => Word::Nothing,
    }
}
