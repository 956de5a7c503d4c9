//! From the outcomes of a request's items to the one status of its answer (`spec/http-api.md`, "How a request is
//! answered").

use axum::http::StatusCode;
use host_core::event::Refused;
use host_core::request::{ItemOutcome, RequestItem};

use crate::problem::{Kind, Problem, ProblemItem};

/// The code of an item that exists already, or that differs from an existing one only by case.
pub(crate) const EXISTS: &str = "exists";
/// The code of a name that no account can have.
pub(crate) const NAME: &str = "name";
/// The code of a definition that cannot be.
pub(crate) const DEFINITION: &str = "definition";
/// The code of a zone id that cannot be.
pub(crate) const ZONE_NAME: &str = "zone-name";

/// What a path promises about accounts that exist already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflicts {
    /// One that exists makes the answer a 409, though the others are done: the original's answer where accounts are
    /// taken in.
    Answered,
    /// They are refused items like others.
    Listed,
}

/// The problem that a request's items add up to; nothing if the answer is that it was accepted.
pub(crate) fn problem(items: &[RequestItem], conflicts: Conflicts) -> Option<Problem> {
    let accepted = items.iter().filter(|item| status(&item.outcome).is_none()).count();
    let exists = conflicts == Conflicts::Answered && items.iter().any(exists);
    if accepted > 0 && !exists {
        return None;
    }
    let refused: Vec<ProblemItem> = items.iter().filter_map(problem_item).collect();
    let kind = match exists {
        true => Kind::Exists,
        false if items.iter().all(|item| code(&item.outcome) == Some(NAME)) => Kind::Name,
        false => Kind::Refused,
    };
    let overall = if exists { StatusCode::CONFLICT } else { overall(&refused) };
    Some(Problem::new(kind, detail(&refused, accepted)).status(overall).items(refused))
}

fn detail(refused: &[ProblemItem], accepted: usize) -> String {
    match (refused, accepted) {
        ([only], 0) => format!("{}: {}", only.name, only.detail),
        (_, 0) => format!("none of {} accounts was accepted; each says why", refused.len()),
        (_, _) => format!(
            "{} of {} accounts were refused, each says why; the others are taken",
            refused.len(),
            refused.len() + accepted
        ),
    }
}

/// Nothing was accepted: what they all say, the bridge's own trouble first, 409 where they differ.
fn overall(refused: &[ProblemItem]) -> StatusCode {
    let statuses = || refused.iter().map(|item| item.status);
    let worst = statuses().max().unwrap_or(StatusCode::CONFLICT.as_u16());
    let alike = statuses().all(|status| status == worst);
    if alike || worst >= 500 {
        StatusCode::from_u16(worst).unwrap_or(StatusCode::CONFLICT)
    } else {
        StatusCode::CONFLICT
    }
}

fn problem_item(item: &RequestItem) -> Option<ProblemItem> {
    let status = status(&item.outcome)?;
    let detail = item.outcome.error().map_or_else(String::new, |error| error.text);
    Some(ProblemItem {
        name: item.name.clone(),
        status: status.as_u16(),
        detail,
        state: item.state.clone(),
        possible: possible(&item.outcome).to_vec(),
    })
}

fn exists(item: &RequestItem) -> bool {
    code(&item.outcome) == Some(EXISTS)
}

fn code(outcome: &ItemOutcome) -> Option<&str> {
    refused(outcome).map(|refused| refused.code.as_str())
}

/// What may be asked of a refused item's account instead.
pub(crate) fn possible(outcome: &ItemOutcome) -> &[String] {
    refused(outcome).map_or(&[], |refused| &refused.possible)
}

fn refused(outcome: &ItemOutcome) -> Option<&Refused> {
    match outcome {
        ItemOutcome::Refused(refused) => Some(refused),
        ItemOutcome::Pending
        | ItemOutcome::Done
        | ItemOutcome::Failed(_)
        | ItemOutcome::Superseded
        | ItemOutcome::ModuleFailed(_)
        | ItemOutcome::Busy(_) => None,
    }
}

/// The status that an item alone would get; nothing if it was accepted.
fn status(outcome: &ItemOutcome) -> Option<StatusCode> {
    match outcome {
        ItemOutcome::Pending
        | ItemOutcome::Done
        | ItemOutcome::Failed(_)
        | ItemOutcome::Superseded => None,
        ItemOutcome::ModuleFailed(_) => Some(StatusCode::INTERNAL_SERVER_ERROR),
        ItemOutcome::Busy(_) => Some(StatusCode::SERVICE_UNAVAILABLE),
        ItemOutcome::Refused(refused) => Some(match refused.code.as_str() {
            "unknown" => StatusCode::NOT_FOUND,
            "not-in-source" | NAME | DEFINITION | ZONE_NAME => StatusCode::BAD_REQUEST,
            "unsupported" => StatusCode::NOT_IMPLEMENTED,
            _ => StatusCode::CONFLICT,
        }),
    }
}
