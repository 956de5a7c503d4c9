//! `GET /armory/accounts/{name}/history`: the journal of an account, which outlives it.

use axum::Json;
use axum::extract::State;
use host_core::clock::Millis;
use host_core::journal::JournalEntry;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::ReadProblems;
use crate::paging;
use crate::params::{AccountName, Params};
use crate::problem::Problem;
use crate::state::Shared;

/// Which part of a journal.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryQuery {
    /// Steps in the answer: 1 to 1,000; 100 if left out.
    limit: Option<u64>,
    /// Only steps before the one with this id: the last one of the part that was read before.
    before: Option<String>,
}

/// A part of a journal.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct History {
    /// The steps, the newest first.
    items: Vec<StepView>,
    /// Steps in a part.
    limit: usize,
}

/// A step that an account took.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct StepView {
    /// The step's id; grows with time.
    id: String,
    /// When, in milliseconds.
    at: Millis,
    /// The state it left; absent: it came into being.
    from: Option<String>,
    /// The state it came into; absent: it was removed.
    to: Option<String>,
    /// What happened.
    event: String,
    /// Why, in a sentence.
    why: String,
    /// Who asked: a person, an agent, or the bridge's clock.
    who: String,
    /// The digest of the module that decided.
    module: String,
    /// The request behind it, the id in `/operations/{id}`.
    operation: Option<String>,
    /// The agent's operation whose answer led to it, the id in `/armory/agent/operations/{id}`.
    agent_operation: Option<String>,
    /// The row's revision after it.
    revision: u64,
}

impl From<JournalEntry> for StepView {
    fn from(entry: JournalEntry) -> Self {
        Self {
            id: entry.id,
            at: entry.at,
            from: entry.from,
            to: entry.to,
            event: entry.event,
            why: entry.reason,
            who: entry.who,
            module: entry.module,
            operation: entry.request,
            agent_operation: entry.operation,
            revision: entry.revision,
        }
    }
}

/// The journal of an account, the newest step first. It stays when the account is removed.
#[utoipa::path(
    get,
    path = "/armory/accounts/{name}/history",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), HistoryQuery),
    responses((status = 200, description = "The steps", body = History), ReadProblems)
)]
pub(crate) async fn history(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    Params(query): Params<HistoryQuery>,
) -> Result<Json<History>, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let first = query.before.is_none();
    let entries = state.records.journal(name.clone(), query.before, limit).await?;
    if first && entries.is_empty() && state.records.account(name.clone()).await?.is_none() {
        return Err(Problem::new(
            crate::problem::Kind::NotFound,
            format!("there is no account {name}, and there never was one"),
        ));
    }
    Ok(Json(History { items: entries.into_iter().map(StepView::from).collect(), limit }))
}
