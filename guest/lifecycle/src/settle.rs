//! The automatic edges: where a row goes by itself, step by step, until it stands.

use crate::account::{Failure, Millis};
use crate::agent::{Observed, OperationKind};
use crate::case::{Case, Missing, Policies};
use crate::parties::Party;
use crate::state::{Kind, State};
use crate::statics;
use crate::table::Trigger;
use crate::tries;

/// More automatic steps than any row can take in one unit; the bridge allows 8 steps of all kinds.
const STEPS_MAX: usize = 6;

/// Lets the row go where it goes by itself.
pub(crate) fn settle(case: &mut Case<'_>, policies: &mut Policies<'_>) -> Result<(), Missing> {
    for _ in 0..STEPS_MAX {
        if !step(case, policies)? {
            break;
        }
    }
    let deadline = case.state().filter(|state| state.kind() == Kind::Transient);
    let deadline = deadline.and_then(|state| case.deadline_of(state));
    let now = case.now;
    if let Some(row) = &mut case.row {
        // A time that has come, and nothing followed from it, is over: a bridge that could not have a row decided gives
        // it one, also if it waits for nothing.
        let waits = |at: &Millis| deadline.is_some() || *at > now;
        row.memory.timer = row.memory.timer.filter(waits).or(deadline);
    }
    Ok(())
}

/// Takes one step, or answers that there is none.
fn step(case: &mut Case<'_>, policies: &mut Policies<'_>) -> Result<bool, Missing> {
    let Some(state) = case.state() else { return Ok(false) };
    if case.is_static() {
        return Ok(statics::step(case, state));
    }
    match state {
        State::Inactive => Ok(false),
        State::ToMigrate => Ok(held(case) || dispatch(case) || no_agent(case)),
        State::Activating => Ok(held(case) || tries::conclude(case, policies)?),
        State::Active => Ok(active(case)),
        State::Failed => Ok(held(case) || try_again(case)),
        State::Orphaned => Ok(held(case) || dispatch(case)),
        State::ToDeactivate => {
            release(case);
            Ok(true)
        }
        State::Deactivating => Ok(let_go(case, State::Deactivating)),
        State::Deleting => Ok(let_go(case, State::Deleting)),
        State::DeleteFailed => Ok(released_after_all(case)),
    }
}

/// An agent of the zone holds it: `ACTIVE`.
fn held(case: &mut Case<'_>) -> bool {
    let Some(holder) = case.holder() else { return false };
    let reason = format!("agent {} holds it", holder.id);
    case.step(Trigger::Held, Some(State::Active), reason);
    if let Some(row) = &mut case.row {
        row.error = None;
        row.failed_count = 0;
    }
    true
}

/// A candidate is connected: `ACTIVATING`. The operations follow from the state.
fn dispatch(case: &mut Case<'_>) -> bool {
    let candidates = case.parties.iter().filter(|party| case.is_candidate(party)).count();
    if candidates == 0 {
        return false;
    }
    let reason = match candidates {
        1 => "one agent is asked".to_owned(),
        more => format!("{more} agents are asked"),
    };
    case.step(Trigger::Candidate, Some(State::Activating), reason);
    true
}

/// None came in time: `FAILED`, which is no try.
fn no_agent(case: &mut Case<'_>) -> bool {
    if !case.is_due() {
        return false;
    }
    let zone = case.row.as_ref().and_then(|row| row.zone.clone());
    let mut text = match zone {
        Some(zone) => format!("no agent of the zone {zone} is connected"),
        None => "no agent is connected".to_owned(),
    };
    if let Some(party) = case.parties.iter().find(|p| p.is_connected() && p.is_configured()) {
        text.push_str(&format!("; agent {} has the name in its own configuration", party.id));
    }
    case.step(Trigger::NoAgent, Some(State::Failed), text.clone());
    if let Some(row) = &mut case.row {
        row.error = Some(Failure::new("no-agent", text));
        row.memory.no_agent = true;
    }
    true
}

/// `FAILED`: a candidate where there was none, an instance that has not refused it, or the time of the next try.
fn try_again(case: &mut Case<'_>) -> bool {
    let Some(memory) = case.row.as_ref().map(|row| row.memory.clone()) else { return false };
    let to = Some(State::ToMigrate);
    if memory.no_agent {
        let candidate = case.parties.iter().any(|party| case.is_candidate(party));
        if candidate {
            case.step(Trigger::Candidate, to, "an agent that can be asked is connected".to_owned());
        }
        return candidate;
    }
    let newcomer = case.parties.iter().find(|party| is_newcomer(case, party, memory.newcomer));
    let newcomer = newcomer.map(|party| party.id.to_owned());
    let again = memory.gave_up.map(|at| at.saturating_add(case.settings.retry_cap));
    match (newcomer, again) {
        (Some(agent), again) if again.is_none_or(|at| at <= case.now) => {
            case.step(Trigger::Joined, to, format!("agent {agent} has joined and is tried"));
            true
        }
        (newcomer, Some(again)) => {
            if let Some(row) = &mut case.row {
                row.memory.timer = newcomer.is_some().then_some(again);
                row.memory.newcomer = newcomer.is_some();
            }
            false
        }
        (_, None) => {
            let due = case.is_due();
            if due {
                case.step(Trigger::Retry, to, "the next try is due".to_owned());
            }
            due
        }
    }
}

/// An agent that joins now, did while it was too early, or was never asked; that has not refused the account, and is
/// not being asked.
fn is_newcomer(case: &Case<'_>, party: &Party<'_>, waiting: bool) -> bool {
    let never_asked = party.known.is_none_or(|known| known.asked_revision == 0);
    let came = waiting || never_asked || case.happened.joined == Some(party.id);
    came && case.is_candidate(party)
        && !case.has_refused(party)
        && !party.operation_kind().is_some_and(OperationKind::is_to_hold)
}

/// `ACTIVE`: what its holder says is recorded; without one it is orphaned, at once or after the grace. Who goes on
/// holding it and sees another cluster by now is a holder too (rule 3).
fn active(case: &mut Case<'_>) -> bool {
    if case.holder().is_some() || case.parties.iter().any(|party| case.holds_another(party)) {
        record_holder(case);
        return false;
    }
    let in_zone = |party: &&Party<'_>| case.is_candidate(party);
    // A holder that is told of an update, at once or after a refusal, holds the account until it says otherwise (rule 17).
    let updated = |party: &Party<'_>| party.operation_kind() == Some(OperationKind::Update);
    let being_updated = case.parties.iter().filter(in_zone).any(updated);
    if being_updated {
        forget_unheld(case);
        return false;
    }
    let connected = case.parties.iter().any(|party| case.is_candidate(party));
    let being_asked = case.parties.iter().filter(in_zone).any(|party| {
        // Whoever was told to drop it is told otherwise now.
        let dropping = party.operation_kind() == Some(OperationKind::Delete);
        case.is_redefined()
            || dropping
            || party.is_being_asked(case.now, OperationKind::is_to_hold)
            || !(case.asked(party) || case.has_refused(party))
    });
    let awaited = case.awaits_a_holder();
    let since = unheld_since(case);
    let over = since.saturating_add(case.settings.agents_grace);
    let refused = connected && !being_asked;
    if !awaited && (refused || over <= case.now) {
        let reason = if refused {
            "no connected agent of the zone holds it, and none is being asked"
        } else {
            "no connected agent has held it for agents.grace"
        };
        case.step(Trigger::Orphaned, Some(State::Orphaned), reason.to_owned());
        return true;
    }
    if let Some(row) = &mut case.row {
        // While a holder is awaited it is not unheld: if it never comes, it was gone since the bridge's end.
        row.memory.unheld_since = if awaited { row.memory.unheld_since } else { Some(since) };
        row.memory.timer = (!awaited).then_some(over);
    }
    false
}

/// Since when no connected agent has held it: as remembered, or when its last holder was still there.
fn unheld_since(case: &Case<'_>) -> Millis {
    let remembered = case.row.as_ref().and_then(|row| row.memory.unheld_since);
    let left = || {
        let updated = |party: &Party<'_>| party.operation_kind() == Some(OperationKind::Update);
        let gone = case.parties.iter().filter(|party| {
            party.is_gone() && !party.is_configured() && (party.is_seen_to_hold() || updated(party))
        });
        gone.filter_map(|party| party.known.and_then(|known| known.gone_since)).max()
    };
    remembered.or_else(left).unwrap_or(case.now)
}

fn forget_unheld(case: &mut Case<'_>) {
    if let Some(row) = &mut case.row {
        row.memory.unheld_since = None;
        row.memory.timer = None;
    }
}

/// The zone, if there was none; the cluster's identity and version, unless the definition is just changing; what its
/// holders have against the row.
fn record_holder(case: &mut Case<'_>) {
    forget_unheld(case);
    let redefined = case.is_redefined();
    let zone = case.holder().and_then(|holder| holder.zone).map(str::to_owned);
    let current = case.parties.iter().filter(|party| case.holds(party) && is_current(case, party));
    let seen = current.filter(|_| !redefined).find_map(Party::identity).cloned();
    let refused = case.parties.iter().filter(|party| keeps_the_old(case, party));
    let refused = refused.filter(|party| case.has_refused(party)).find_map(|party| {
        party.known.and_then(|known| known.refusal.as_ref()).map(|refusal| (party.id, refusal))
    });
    let error = refused.map(|(agent, refusal)| {
        let text = format!("agent {agent} keeps the old definition: {}", refusal.failure.text);
        Failure::new(&refusal.failure.code, text)
    });
    if let Some(row) = &mut case.row {
        row.zone = row.zone.take().or(zone);
        row.identity = seen.or(row.identity.take());
    }
    // Of what is recorded by now: another holder may see another cluster than the one that gives the row its identity.
    let conflict = case.conflict().filter(|_| error.is_none());
    let Some(row) = &mut case.row else { return };
    let before = row.memory.update_refused || row.memory.conflict;
    row.memory.update_refused = error.is_some();
    row.memory.conflict = conflict.is_some();
    let error = error.or(conflict);
    if error.is_some() || before {
        row.error = error;
    }
}

/// A holder that does not hold the present definition, or whose next try to take it waits for its time.
fn keeps_the_old(case: &Case<'_>, party: &Party<'_>) -> bool {
    let waits = party
        .operation()
        .is_some_and(|asked| asked.kind == OperationKind::Update && asked.is_waiting(case.now));
    (case.holds(party) && !is_current(case, party)) || (waits && case.is_candidate(party))
}

/// Whether what an agent holds is the row's present definition.
pub(crate) fn is_current(case: &Case<'_>, party: &Party<'_>) -> bool {
    let revision = case.row.as_ref().map_or(0, |row| row.definition_revision);
    match party.observed() {
        // An agent that never says at which revision it holds is believed once it has been asked.
        Observed::Held(0) => party.known.is_some_and(|known| known.asked_revision > 0),
        Observed::Held(held) => held == revision,
        Observed::Unknown | Observed::NotHeld => false,
    }
}

/// `TO_DEACTIVATE`: sent at once, or nobody needs to be told.
fn release(case: &mut Case<'_>) {
    if case.has_possible_holder() {
        let reason = "the possible holders are told to drop it".to_owned();
        case.step(Trigger::Dispatched, Some(State::Deactivating), reason);
    } else {
        let reason = "no agent that is there may hold it".to_owned();
        case.step(Trigger::Dispatched, Some(State::Inactive), reason);
    }
}

/// `DEACTIVATING` and `DELETING`: over when all have answered or gone, or when the deadline has passed.
fn let_go(case: &mut Case<'_>, state: State) -> bool {
    if case.entered {
        return false;
    }
    let deleting = state == State::Deleting;
    let outstanding = case.parties.iter().any(|party| is_letting_go(case, party));
    let still = case.parties.iter().filter(|party| {
        !party.is_gone()
            && !party.is_configured()
            && party.is_seen_to_hold()
            && (deleting || case.in_zone(party))
    });
    let still: Vec<&str> = still.map(|party| party.id).collect();
    let (on, failure) = match (outstanding, still.is_empty()) {
        (true, _) if case.is_due() => {
            let text = "the agents did not answer before the deadline".to_owned();
            (Trigger::Deadline, Failure::new("deadline", text))
        }
        (true, _) => return false,
        (false, true) => {
            let to = (!deleting).then_some(State::Inactive);
            case.step(Trigger::Released, to, "no agent holds it any more".to_owned());
            return true;
        }
        (false, false) => {
            let text = format!("still held by {}{}", still.join(", "), why_not(case, &still));
            (Trigger::StillHeld, Failure::new("still-held", text))
        }
    };
    let to = if deleting { State::DeleteFailed } else { State::Active };
    case.step(on, Some(to), failure.text.clone());
    if let Some(row) = &mut case.row {
        row.error = Some(failure);
    }
    true
}

fn why_not(case: &Case<'_>, still: &[&str]) -> String {
    let refusals = case.parties.iter().filter(|party| still.contains(&party.id));
    let refusals =
        refusals.filter_map(|party| party.known.and_then(|known| known.refusal.as_ref()));
    let texts: Vec<String> = refusals
        .filter(|refusal| refusal.kind == OperationKind::Delete)
        .map(|refusal| format!("{}: {}", refusal.failure.code, refusal.failure.text))
        .collect();
    if texts.is_empty() { String::new() } else { format!(" ({})", texts.join("; ")) }
}

/// Whether an agent's word about letting go is still to come: it is asked, or seen to hold and about to be.
fn is_letting_go(case: &Case<'_>, party: &Party<'_>) -> bool {
    if party.is_gone() || party.is_configured() {
        return false;
    }
    if case.asked(party) {
        party.is_being_asked(case.now, OperationKind::changes)
    } else {
        party.may_hold() && (case.rules.drop_unwanted || !party.is_seen_to_hold())
    }
}

/// `DELETE_FAILED`: removed after all when nobody who is there may hold it.
fn released_after_all(case: &mut Case<'_>) -> bool {
    let released = !case.has_possible_holder();
    if released {
        case.step(Trigger::Released, None, "no agent holds it any more".to_owned());
    }
    released
}
