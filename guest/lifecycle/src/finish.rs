//! When an open request ends for an account (`spec/http-api.md`, "How a request is answered").

use crate::account::{Failure, OpenRequest};
use crate::agent::OperationKind;
use crate::case::Case;
use crate::checks;
use crate::event::Action;
use crate::parties::{Party, Whereabouts};
use crate::state::State;
use crate::write::Finish;

/// How an open request stands now; nothing while it waits.
fn outcome(case: &Case<'_>, request: &Waiting) -> Option<Finish> {
    let (action, own) = (Action::parse(&request.open.action), request.own);
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
        Action::Check => match row.state {
            State::ToDeactivate | State::Deactivating | State::Deleting | State::DeleteFailed => {
                Some(Finish::Superseded)
            }
            State::Inactive
            | State::ToMigrate
            | State::Activating
            | State::Active
            | State::Failed
            | State::Orphaned => {
                answered(case, own, |case| checks::outcome(case, request.began, own))
            }
        },
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
    outcome: impl FnOnce(&Case<'_>) -> Option<Finish>,
) -> Option<Finish> {
    outcome(case).or_else(|| {
        let over = case.row.as_ref().and_then(|row| row.memory.answer_by);
        let text = "not every agent has answered before the deadline".to_owned();
        (!own && over.is_some_and(|at| at <= case.now))
            .then(|| Finish::Failed(Failure::new("deadline", text)))
    })
}

/// Whether an agent of the zone can be heard, or may be back.
pub(crate) fn is_there(case: &Case<'_>, party: &Party<'_>) -> bool {
    let there = match party.whereabouts {
        Whereabouts::Connected | Whereabouts::Awaited => true,
        Whereabouts::Elsewhere | Whereabouts::Gone => false,
    };
    there && case.in_zone(party) && !party.is_configured()
}

/// An update is done when every holder has answered, and failed if one refused or sees another cluster, which counts as
/// a refusal (rule 15).
fn updated(case: &Case<'_>) -> Option<Finish> {
    let mut there = case.parties.iter().filter(|party| is_there(case, party));
    if there.any(|party| party.is_being_asked(case.now, OperationKind::is_to_hold)) {
        return None;
    }
    let row = case.row.as_ref()?;
    let refused = row.memory.update_refused || row.memory.conflict;
    let refused = row.error.as_ref().filter(|_| refused);
    Some(refused.map_or(Finish::Done, |error| Finish::Failed(error.clone())))
}

/// A request that is open.
struct Waiting {
    open: OpenRequest,
    /// Of a check: the row's revision at which it began.
    began: u64,
    /// It is the request of this call.
    own: bool,
}

/// The requests that are open, oldest first, the one of this call included.
fn waiting(case: &mut Case<'_>) -> Vec<Waiting> {
    let open = case.row.as_ref().map(|row| row.requests.clone());
    let mut open = open.or_else(|| case.before.map(|row| row.requests.clone())).unwrap_or_default();
    let own = case.own.take();
    let own_at = own.is_some().then_some(open.len());
    open.extend(own);
    let began = checks::began(case, &open);
    let waiting = open.into_iter().zip(began).enumerate();
    waiting.map(|(at, (open, began))| Waiting { open, began, own: own_at == Some(at) }).collect()
}

/// Ends the requests that are over, the one of this call included, and keeps the time by which the others are.
pub(crate) fn finish(case: &mut Case<'_>) {
    let mut open = Vec::new();
    for request in waiting(case) {
        if case.finished.iter().any(|finished| finished.request == request.open.id) {
            continue;
        }
        match (outcome(case, &request), request.own) {
            (Some(Finish::Done | Finish::Superseded), true) => {}
            (Some(finish), _) => case.finish(request.open.id, finish),
            (None, own) => {
                case.own = own.then(|| request.open.clone()).or(case.own.take());
                open.push(request);
            }
        }
    }
    let Some(row) = &mut case.row else { return };
    if !open.iter().any(|request| is_answered_by_agents(&request.open)) {
        row.memory.answer_by = None;
    }
    let checks = open.iter().filter(|request| checks::is_check(&request.open));
    row.memory.checks = checks.map(|request| request.began).collect();
    row.requests = open.into_iter().map(|request| request.open).collect();
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
