//! When an open request ends for an account (`spec/http-api.md`, "How a request is answered").

use crate::account::{Failure, OpenRequest};
use crate::agent::OperationKind;
use crate::case::Case;
use crate::event::Action;
use crate::parties::{Party, Whereabouts};
use crate::state::State;
use crate::write::Finish;

/// How an open request stands now; nothing while it waits.
fn outcome(case: &Case<'_>, action: Option<Action>, own: bool) -> Option<Finish> {
    let Some(row) = &case.row else {
        let asked_for = action == Some(Action::Delete);
        return Some(if asked_for { Finish::Done } else { Finish::Superseded });
    };
    match action? {
        Action::Activate | Action::Adopt => match row.state {
            State::Active => Some(Finish::Done),
            State::Failed => Some(failed(row.error.as_ref())),
            State::ToMigrate | State::Activating | State::Orphaned => None,
            State::Inactive
            | State::ToDeactivate
            | State::Deactivating
            | State::Deleting
            | State::DeleteFailed => Some(Finish::Superseded),
        },
        Action::Deactivate => match row.state {
            State::Inactive => Some(Finish::Done),
            State::Active | State::Failed | State::Orphaned => Some(failed(row.error.as_ref())),
            State::ToDeactivate | State::Deactivating => None,
            State::ToMigrate | State::Activating | State::Deleting | State::DeleteFailed => {
                Some(Finish::Superseded)
            }
        },
        Action::Delete => match row.state {
            State::Deleting => None,
            State::DeleteFailed => Some(failed(row.error.as_ref())),
            State::Inactive
            | State::ToMigrate
            | State::Activating
            | State::Active
            | State::Failed
            | State::Orphaned
            | State::ToDeactivate
            | State::Deactivating => Some(Finish::Superseded),
        },
        Action::Update => match row.state {
            State::Active => answered(case, own, updated),
            State::ToMigrate | State::Activating => answered(case, own, |_| None),
            State::Failed => Some(failed(row.error.as_ref())),
            State::Inactive | State::Orphaned => Some(Finish::Done),
            State::ToDeactivate | State::Deactivating | State::Deleting | State::DeleteFailed => {
                Some(Finish::Superseded)
            }
        },
        Action::Check => answered(case, own, checked),
        // These are done at the commit; an open one is not of this module's making and does not wait for it.
        Action::Migrate | Action::Create | Action::Rebind => Some(Finish::Done),
    }
}

fn failed(error: Option<&Failure>) -> Finish {
    let unknown = || Failure::new("internal", "it failed and nobody said why".to_owned());
    Finish::Failed(error.cloned().unwrap_or_else(unknown))
}

/// An outcome, or that the answers did not come in time.
fn answered(
    case: &Case<'_>,
    own: bool,
    outcome: fn(&Case<'_>) -> Option<Finish>,
) -> Option<Finish> {
    outcome(case).or_else(|| {
        let over = case.row.as_ref().and_then(|row| row.memory.answer_by);
        let text = "not every agent has answered before the deadline".to_owned();
        (!own && over.is_some_and(|at| at <= case.now))
            .then(|| Finish::Failed(Failure::new("deadline", text)))
    })
}

fn is_there(case: &Case<'_>, party: &Party<'_>) -> bool {
    let there = match party.whereabouts {
        Whereabouts::Connected | Whereabouts::Awaited => true,
        Whereabouts::Elsewhere | Whereabouts::Gone => false,
    };
    there && case.in_zone(party) && !party.is_configured()
}

/// An update is done when every holder has answered, and failed if one refused.
fn updated(case: &Case<'_>) -> Option<Finish> {
    let mut there = case.parties.iter().filter(|party| is_there(case, party));
    if there.any(|party| party.is_being_asked(case.now, OperationKind::is_to_hold)) {
        return None;
    }
    let row = case.row.as_ref()?;
    let refused = row.error.as_ref().filter(|_| row.memory.update_refused);
    Some(refused.map_or(Finish::Done, |error| Finish::Failed(error.clone())))
}

/// A check is done when all have answered, and failed if none of them reaches the cluster that is recorded.
fn checked(case: &Case<'_>) -> Option<Finish> {
    let asks = |kind: OperationKind| match kind {
        OperationKind::Add | OperationKind::Update | OperationKind::Check => true,
        OperationKind::Delete => false,
    };
    let mut refusals = Vec::new();
    let mut reached = false;
    for party in case.parties.iter().filter(|party| is_there(case, party)) {
        if party.is_being_asked(case.now, asks) {
            return None;
        }
        // Whoever came after it was asked has no part in it.
        let Some(known) = party.known.filter(|known| known.asked_revision > 0) else { continue };
        match known.refusal.as_ref().filter(|refusal| asks(refusal.kind)) {
            Some(refusal) => refusals.push((party.id, refusal.failure.clone())),
            None if party.sees_another(case.identity()) => {
                refusals.extend(party.identity().map(|i| (party.id, Failure::another_cluster(i))));
            }
            None => reached |= party.operation().is_none(),
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

/// Ends the requests that are over, the one of this call included, and keeps the time by which the others are.
pub(crate) fn finish(case: &mut Case<'_>) {
    let waiting = case.row.as_ref().map(|row| row.requests.clone());
    let waiting = waiting.or_else(|| case.before.map(|row| row.requests.clone()));
    let mut open = Vec::new();
    for request in waiting.unwrap_or_default() {
        if case.finished.iter().any(|finished| finished.request == request.id) {
            continue;
        }
        match outcome(case, Action::parse(&request.action), false) {
            Some(finish) => case.finish(request.id, finish),
            None => open.push(request),
        }
    }
    if let Some(own) = case.own.take() {
        match outcome(case, Action::parse(&own.action), true) {
            Some(Finish::Done | Finish::Superseded) => {}
            Some(failed @ Finish::Failed(_)) => case.finish(own.id, failed),
            None => {
                open.push(own.clone());
                case.own = Some(own);
            }
        }
    }
    if let Some(row) = &mut case.row {
        if !open.iter().any(is_answered_by_agents) {
            row.memory.answer_by = None;
        }
        row.requests = open;
    }
}

fn is_answered_by_agents(request: &OpenRequest) -> bool {
    matches!(Action::parse(&request.action), Some(Action::Update | Action::Check))
}

/// Requests that a later instruction contradicts are overtaken by it.
pub(crate) fn supersede(case: &mut Case<'_>, contradicted: &[Action]) {
    let open = case.before.map_or(&[][..], |row| &row.requests);
    for request in open {
        if Action::parse(&request.action).is_some_and(|action| contradicted.contains(&action)) {
            case.finish(request.id.clone(), Finish::Superseded);
        }
    }
}
