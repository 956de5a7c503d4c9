//! `GET /armory/accounts`: all accounts by name, in pages, by what they are.

use std::collections::HashMap;

use axum::Json;
use axum::extract::State;
use host_core::BATCH_MAX;
use host_core::port::store::{AccountRecord, ListFilter, Page};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::agent::{Held, Known};
use super::view::AccountView;
use crate::answer::ReadProblems;
use crate::paging;
use crate::params::Params;
use crate::problem::Problem;
use crate::state::{ApiState, Shared};

/// Which accounts are listed, and which part of them.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListQuery {
    /// The page, counted from 1. Not together with `after`.
    page: Option<u64>,
    /// Accounts on a page: 1 to 1,000; 100 if left out.
    limit: Option<u64>,
    /// Only accounts in this state.
    state: Option<String>,
    /// Only accounts of this zone.
    zone: Option<String>,
    /// Only accounts from this source.
    source: Option<String>,
    /// Only accounts whose name contains this.
    q: Option<String>,
    /// Only accounts behind this name: reads a long list without counting, whatever changes meanwhile.
    after: Option<String>,
}

/// A part of the list.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct AccountList {
    /// The accounts, by name.
    items: Vec<AccountView>,
    /// The page's number. Absent with `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<u64>,
    /// Accounts on a page.
    limit: usize,
    /// Accounts in all. Absent with `after`.
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<u64>,
}

/// All accounts by name, in pages, without their definitions.
#[utoipa::path(
    get,
    path = "/armory/accounts",
    tag = "accounts",
    params(ListQuery),
    responses((status = 200, description = "The accounts", body = AccountList), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<Shared>,
    Params(query): Params<ListQuery>,
) -> Result<Json<AccountList>, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let filter = ListFilter {
        state: query.state,
        zone: query.zone,
        source: query.source,
        contains: query.q.filter(|part| !part.is_empty()),
    };
    let (page, number, total) = match (query.after, query.page) {
        (Some(_), Some(_)) => {
            return Err(Problem::parameter("page and after exclude each other; give one of them"));
        }
        (Some(after), None) => (Page { after: Some(after), skip: 0, limit }, None, None),
        (None, number) => {
            let number = number.unwrap_or(1);
            let page = paging::numbered(number, limit)?;
            (page, Some(number), Some(state.records.count(filter.clone()).await?))
        }
    };
    let records = state.records.list(filter, page).await?;
    let holders = holders(&state, &records).await?;
    let view = |record: &AccountRecord| {
        let held = holders.get(&record.account.name).copied().unwrap_or_default();
        AccountView::brief(record, held)
    };
    Ok(Json(AccountList { items: records.iter().map(view).collect(), page: number, limit, total }))
}

/// The agents that hold each of these accounts now.
async fn holders(
    state: &ApiState,
    records: &[AccountRecord],
) -> Result<HashMap<String, Held>, Problem> {
    let mut holders: HashMap<String, Held> = HashMap::new();
    if records.is_empty() {
        return Ok(holders);
    }
    let known = Known::of(state.memory.agents().await?);
    for part in records.chunks(BATCH_MAX) {
        let names = part.iter().map(|record| record.account.name.clone()).collect();
        for holding in state.rows.holdings(names).await? {
            if known.holds(&holding) {
                holders.entry(holding.account.clone()).or_default().add(&holding);
            }
        }
    }
    Ok(holders)
}
