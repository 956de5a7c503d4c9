//! Static rows: accounts that agents declare in their own configuration. Nothing is ever submitted for them; they move
//! by holding alone.

use crate::account::Millis;
use crate::case::{Case, Row};
use crate::parties::{Party, Whereabouts};
use crate::state::State;
use crate::table::Trigger;
use crate::write::Origin;

/// Brings a static row into being, if a connected agent declares the name and holds it.
pub(crate) fn declare(case: &mut Case<'_>) {
    let declares = |party: &&Party<'_>| {
        party.is_connected() && party.is_configured() && party.is_seen_to_hold()
    };
    let Some(party) = case.parties.iter().find(declares) else { return };
    let mut row = Row::new(State::Active, party.zone.map(str::to_owned));
    row.declared_by = Some(party.id.to_owned());
    row.identity = party.identity().cloned();
    let reason = format!("agent {} has it in its own configuration", party.id);
    case.origin = Some(Origin::Declared(party.id.to_owned()));
    case.row = Some(row);
    case.step(Trigger::Declared, Some(State::Active), reason);
}

/// Takes one automatic step of a static row.
pub(crate) fn step(case: &mut Case<'_>, state: State) -> bool {
    note_conflict(case);
    match state {
        State::Active => undeclared(case) || orphaned(case),
        State::Orphaned => undeclared(case) || held(case),
        State::Inactive
        | State::ToMigrate
        | State::Activating
        | State::Failed
        | State::ToDeactivate
        | State::Deactivating
        | State::Deleting
        | State::DeleteFailed => false,
    }
}

/// What a connected agent that declares it has against the row, as its error (rule 3).
fn note_conflict(case: &mut Case<'_>) {
    let declares = |party: &&Party<'_>| {
        party.is_connected() && party.is_configured() && party.is_seen_to_hold()
    };
    let mut declaring = case.parties.iter().filter(declares);
    let conflict = declaring.find_map(|party| party.claim_against(case.identity()));
    let Some(row) = &mut case.row else { return };
    if conflict.is_some() || row.memory.conflict {
        row.memory.conflict = conflict.is_some();
        row.error = conflict;
    }
}

/// Whether an agent that can be heard declares it and holds it. One that sees another cluster than the recorded one makes
/// no row `ACTIVE`; an `ACTIVE` one keeps its state for it (rule 3) if it is of the row's zone, whose agents see the same
/// clusters: then the cluster has turned.
fn holds(case: &Case<'_>, party: &Party<'_>) -> bool {
    let there = match party.whereabouts {
        Whereabouts::Connected | Whereabouts::Elsewhere => true,
        Whereabouts::Awaited | Whereabouts::Gone => false,
    };
    let turned = case.state() == Some(State::Active) && case.in_zone(party);
    there
        && party.is_configured()
        && party.is_seen_to_hold()
        && (turned || !party.sees_another(case.identity()))
}

/// Whether an agent that is not gone has the name in its configuration, whatever cluster it sees under it: a row that was
/// removed under such an agent would come back at once with the other identity, which only `rebind` may accept (rule 3).
fn declares(party: &Party<'_>) -> bool {
    !party.is_gone() && party.is_configured()
}

/// Since when nobody has had it: when the last agent that declared it was still there. Where one is there that was heard
/// about it and does not declare it, nobody knows since when it does not: since now.
fn away_since(case: &Case<'_>) -> Millis {
    let stopped = |party: &Party<'_>| {
        let heard = party.known.is_some() || party.revision.is_some();
        heard && !party.is_gone() && !party.is_configured()
    };
    if case.parties.iter().any(stopped) {
        return case.now;
    }
    let gone = case.parties.iter().filter(|party| party.is_gone() && party.is_configured());
    let left = gone.filter_map(|party| party.known.and_then(|known| known.gone_since)).max();
    left.unwrap_or(case.now)
}

fn undeclared(case: &mut Case<'_>) -> bool {
    let declared = case.parties.iter().any(declares);
    let away = away_since(case);
    let Some(row) = &mut case.row else { return false };
    if declared {
        row.memory.undeclared_since = None;
        row.memory.timer = None;
        return false;
    }
    let since = *row.memory.undeclared_since.get_or_insert(away);
    let over = since.saturating_add(case.settings.agents_cleanup);
    row.memory.timer = Some(over);
    let undeclared = over <= case.now;
    if undeclared {
        let reason = "no agent has declared it for agents.cleanup".to_owned();
        case.step(Trigger::Undeclared, None, reason);
    }
    undeclared
}

fn orphaned(case: &mut Case<'_>) -> bool {
    if case.parties.iter().any(|party| holds(case, party)) {
        let mut holders = case.parties.iter().filter(|party| holds(case, party));
        let same = holders.find(|party| !party.sees_another(case.identity()));
        let identity = same.and_then(Party::identity).cloned();
        if let Some(row) = &mut case.row {
            row.memory.unheld_since = None;
            row.identity = identity.or(row.identity.take());
        }
        return false;
    }
    let awaited = |party: &Party<'_>| party.whereabouts == Whereabouts::Awaited && declares(party);
    if case.parties.iter().any(awaited) {
        return false;
    }
    let connected = case.parties.iter().any(|party| party.is_connected() && case.in_zone(party));
    let remembered = case.row.as_ref().and_then(|row| row.memory.unheld_since);
    let since = remembered.unwrap_or_else(|| away_since(case));
    let over = since.saturating_add(case.settings.agents_grace);
    let orphaned = connected || over <= case.now;
    if orphaned {
        let reason = "no agent that is connected holds it".to_owned();
        case.step(Trigger::Orphaned, Some(State::Orphaned), reason);
    } else if let Some(row) = &mut case.row {
        row.memory.unheld_since = Some(since);
        row.memory.timer = Some(row.memory.timer.map_or(over, |at| at.min(over)));
    }
    orphaned
}

fn held(case: &mut Case<'_>) -> bool {
    let holder = case.parties.iter().find(|party| holds(case, party));
    let reason = holder.map(|party| format!("agent {} holds it", party.id));
    let held = reason.is_some();
    if let Some(reason) = reason {
        case.step(Trigger::Held, Some(State::Active), reason);
    }
    held
}
