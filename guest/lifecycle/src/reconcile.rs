//! Rule 11: the last operation submitted to an agent for an account always says what the row says.
//!
//! For every agent, what the row wants is compared with what the agent holds and was last told. Every operation that
//! the lifecycle submits comes from here; the edges only change what the row wants.

use crate::account::Millis;
use crate::agent::{Observed, OperationKind};
use crate::case::{Case, Missing, Policies};
use crate::checks;
use crate::parties::{Party, Sent, Whereabouts};
use crate::question::Backoff;
use crate::settle::is_current;
use crate::state::State;
use crate::table::Trigger;

/// What the row wants of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// Nothing: what it holds is right, or is not ours to say.
    Nothing,
    /// That it holds the present definition.
    Hold,
    /// That it holds nothing.
    Drop,
}

/// Why something is sent: so that the model can leave out a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Because {
    /// The edge that was taken says so.
    Edge,
    /// The agent is seen to hold what is not wanted (rule 2).
    Unwanted,
    /// It was last told something else (rule 11).
    LastWord,
}

/// Decides what is sent to whom.
pub(crate) fn reconcile(case: &mut Case<'_>, policies: &mut Policies<'_>) -> Result<(), Missing> {
    let mut joined = Vec::new();
    for at in 0..case.parties.len() {
        let party = &case.parties[at];
        let next = match wanted(case, party) {
            Wanted::Nothing => None,
            Wanted::Hold => hold(case, party, policies)?,
            Wanted::Drop => drop(case, party, policies)?,
        };
        let next = next.filter(|(_, because)| match because {
            Because::Edge => true,
            Because::Unwanted => case.rules.drop_unwanted,
            Because::LastWord => case.rules.last_word,
        });
        let sent = next.map(|(sent, _)| sent);
        let asked_too = sent.is_some_and(|sent| sent == now(OperationKind::Add));
        if asked_too && !case.entered && !case.is_redefined() {
            joined.push(party.id);
        }
        let sent = sent.or_else(|| checks::question(case, party));
        case.parties[at].sent = sent;
    }
    if let (false, Some(state)) = (joined.is_empty(), case.state()) {
        let reason = format!("asked too: {}", joined.join(", "));
        case.step(Trigger::Joined, Some(state), reason);
    }
    Ok(())
}

fn wanted(case: &Case<'_>, party: &Party<'_>) -> Wanted {
    if case.is_static() || party.is_configured() || party.is_gone() {
        return Wanted::Nothing;
    }
    let Some(state) = case.state() else { return Wanted::Drop };
    let conflicts = party.conflicts(case.identity()) && !case.holds_another(party);
    let ours = case.in_zone(party) && !conflicts;
    match state {
        State::Inactive
        | State::ToDeactivate
        | State::Deactivating
        | State::Deleting
        | State::DeleteFailed => Wanted::Drop,
        State::ToMigrate | State::Activating | State::Active | State::Failed | State::Orphaned
            if !ours =>
        {
            Wanted::Drop
        }
        State::Activating | State::Active if party.whereabouts == Whereabouts::Connected => {
            Wanted::Hold
        }
        State::ToMigrate | State::Activating | State::Active | State::Failed | State::Orphaned => {
            Wanted::Nothing
        }
    }
}

fn now(kind: OperationKind) -> Sent {
    Sent { kind, not_before: None }
}

fn later(kind: OperationKind, at: Millis) -> Sent {
    Sent { kind, not_before: Some(at) }
}

/// What makes an agent let go, if anything has to be sent for it.
fn drop(
    case: &Case<'_>,
    party: &Party<'_>,
    policies: &mut Policies<'_>,
) -> Result<Option<(Sent, Because)>, Missing> {
    if !party.may_hold() {
        return Ok(None);
    }
    let concluding = matches!(case.state(), Some(State::Deactivating | State::Deleting));
    if concluding && case.entered {
        return Ok(Some((now(OperationKind::Delete), Because::Edge)));
    }
    if party.operation_kind() == Some(OperationKind::Delete) {
        return Ok(None);
    }
    if !party.is_seen_to_hold() || party.operation_kind().is_some_and(OperationKind::is_to_hold) {
        return Ok(Some((now(OperationKind::Delete), Because::LastWord)));
    }
    if concluding {
        // Asked in this state and holding it still: the state concludes from that.
        let first = !case.asked(party);
        return Ok(first.then(|| (now(OperationKind::Delete), Because::Unwanted)));
    }
    let again = |at| later(OperationKind::Delete, at);
    let refusal = party.known.and_then(|known| known.refusal.as_ref());
    let sent = match refusal.filter(|refusal| refusal.kind == OperationKind::Delete) {
        Some(refusal) => match policies.retry(case.name, refusal.times, &refusal.failure)? {
            Backoff::After(ms) => Some(again(case.now.saturating_add(ms))),
            Backoff::GiveUp => None,
        },
        None if case.has_just_done(party, |kind| kind == OperationKind::Delete) => {
            Some(again(not_at_once(case)))
        }
        None => Some(now(OperationKind::Delete)),
    };
    Ok(sent.map(|sent| (sent, Because::Unwanted)))
}

/// An agent that answered *done* and did something else is asked again, but never in a tight circle.
fn not_at_once(case: &Case<'_>) -> Millis {
    case.now.saturating_add(case.settings.retry_cap)
}

/// What makes a connected agent of the zone hold the present definition, if anything has to be sent for it.
fn hold(
    case: &Case<'_>,
    party: &Party<'_>,
    policies: &mut Policies<'_>,
) -> Result<Option<(Sent, Because)>, Missing> {
    let activating = case.state() == Some(State::Activating);
    let kind = kind_to_hold(party, activating);
    if case.is_redefined() || (activating && case.entered) {
        return Ok(Some((now(kind), Because::Edge)));
    }
    let revision = case.row.as_ref().map_or(0, |row| row.definition_revision);
    let told = party.operation().is_some_and(|operation| {
        operation.kind.is_to_hold() && operation.definition_revision == revision
    });
    if told || is_current(case, party) && party.operation_kind() != Some(OperationKind::Delete) {
        return Ok(None);
    }
    if case.rebound {
        return Ok(Some((now(kind), Because::Edge)));
    }
    let asked = case.asked(party);
    if activating {
        // A refusal in this try stands; so does an answer that changed nothing.
        let because = if asked { Because::LastWord } else { Because::Edge };
        let told_otherwise = party.operation_kind().is_some_and(OperationKind::changes);
        return Ok((!asked || told_otherwise).then(|| (now(kind), because)));
    }
    if party.operation_kind().is_some_and(OperationKind::changes) {
        return Ok(Some((now(kind), Because::LastWord)));
    }
    if matches!(party.observed(), Observed::Held(_)) {
        return outdated(case, party, policies);
    }
    if case.has_refused(party) || (asked && party.failed_the_check(revision)) {
        return Ok(None);
    }
    if asked || case.has_just_done(party, OperationKind::is_to_hold) {
        return Ok(Some((later(kind, not_at_once(case)), Because::LastWord)));
    }
    Ok(Some((now(kind), Because::Edge)))
}

/// A holder of an old definition: it is told the new one; if it has refused that, again as the policy says (rule 17).
fn outdated(
    case: &Case<'_>,
    party: &Party<'_>,
    policies: &mut Policies<'_>,
) -> Result<Option<(Sent, Because)>, Missing> {
    let refusal = party.known.and_then(|known| known.refusal.as_ref());
    let refusal = refusal.filter(|_| case.has_refused(party));
    let sent = match refusal {
        Some(refusal) => match policies.retry(case.name, refusal.times, &refusal.failure)? {
            Backoff::After(ms) => Some(later(OperationKind::Update, case.now.saturating_add(ms))),
            Backoff::GiveUp => None,
        },
        None if case.has_just_done(party, OperationKind::is_to_hold) => {
            Some(later(OperationKind::Update, not_at_once(case)))
        }
        None => Some(now(OperationKind::Update)),
    };
    Ok(sent.map(|sent| (sent, Because::LastWord)))
}

/// A holder is updated; everybody else, and everybody during a try, is asked to add.
fn kind_to_hold(party: &Party<'_>, activating: bool) -> OperationKind {
    let updating = party.operation_kind() == Some(OperationKind::Update);
    if !activating && (party.is_seen_to_hold() || updating) {
        OperationKind::Update
    } else {
        OperationKind::Add
    }
}
