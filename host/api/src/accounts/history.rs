//! `GET /armory/accounts/{name}/history`: the journal of an account, which outlives it.

use std::collections::BTreeMap;

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
#[serde(rename_all = "camelCase")]
pub(crate) struct History {
    /// The steps, the newest first.
    items: Vec<StepView>,
    /// Steps in a part.
    limit: usize,
    /// How long the account was in each state, in milliseconds, as far as the steps in this part tell.
    spent_ms: BTreeMap<String, u64>,
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
    /// How long the account stayed in the state it came into, in milliseconds: until it left it, or until now. Absent:
    /// it was removed, or what came next is not known here.
    #[serde(skip_serializing_if = "Option::is_none")]
    stayed_ms: Option<u64>,
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
            stayed_ms: None,
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
    let before = query.before;
    let entries = state.records.journal(name.clone(), before.clone(), limit).await?;
    if before.is_none()
        && entries.is_empty()
        && state.records.account(name.clone()).await?.is_none()
    {
        return Err(Problem::new(
            crate::problem::Kind::NotFound,
            format!("there is no account {name}, and there never was one"),
        ));
    }
    let next = match (&before, entries.first()) {
        (Some(_), Some(newest)) => state.events.next_step(name, newest.id.clone()).await?,
        _ => None,
    };
    let end = next.map_or_else(|| state.clock.now(), |next| next.at);
    Ok(Json(told(entries, limit, end)))
}

/// The steps, the newest first, with how long each state lasted. `end`: when the step behind the newest one was, or now.
fn told(entries: Vec<JournalEntry>, limit: usize, end: Millis) -> History {
    let mut spent_ms = BTreeMap::new();
    let mut items = Vec::with_capacity(entries.len());
    // When the next step was, and when the state was left that an entry leads to: steps within a state do not leave it.
    let (mut next_at, mut left_at) = (end, end);
    for entry in entries {
        if let Some(state) = &entry.to {
            *spent_ms.entry(state.clone()).or_insert(0) += next_at.saturating_sub(entry.at);
        }
        let stayed_ms = entry.to.as_ref().map(|_| left_at.saturating_sub(entry.at));
        next_at = entry.at;
        if entry.from != entry.to {
            left_at = entry.at;
        }
        items.push(StepView { stayed_ms, ..StepView::from(entry) });
    }
    History { items, limit, spent_ms }
}

#[cfg(test)]
mod tests {
    use super::{JournalEntry, told};

    fn step(at: u64, from: Option<&str>, to: Option<&str>) -> JournalEntry {
        JournalEntry {
            id: format!("{at:026}"),
            at,
            account: "a".into(),
            from: from.map(str::to_owned),
            to: to.map(str::to_owned),
            event: "e".into(),
            reason: "r".into(),
            who: "w".into(),
            request: None,
            operation: None,
            module: "m".into(),
            revision: 1,
        }
    }

    #[test]
    fn the_time_in_a_state_goes_on_over_steps_that_stay_in_it() {
        let steps = vec![
            step(100, Some("B"), None),
            step(60, Some("B"), Some("B")),
            step(30, Some("A"), Some("B")),
            step(10, None, Some("A")),
        ];
        let told = told(steps, 10, 500);
        let stayed: Vec<Option<u64>> = told.items.iter().map(|step| step.stayed_ms).collect();
        assert_eq!(stayed, [None, Some(40), Some(70), Some(20)]);
        let spent: Vec<(String, u64)> = told.spent_ms.into_iter().collect();
        assert_eq!(spent, [("A".to_owned(), 20), ("B".to_owned(), 70)]);
    }

    #[test]
    fn the_newest_state_lasts_until_now() {
        let told = told(vec![step(10, None, Some("A"))], 10, 500);
        assert_eq!(told.items[0].stayed_ms, Some(490));
    }
}
