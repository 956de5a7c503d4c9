//! One account, in both shapes of the original, and the namespaces of its cluster.

use axum::Json;
use axum::extract::State;
use host_core::holding::Holding;
use host_core::port::store::AccountRecord;

use super::view::{AccountView, AssignmentView, Connected};
use crate::answer::ReadProblems;
use crate::params::AccountName;
use crate::problem::Problem;
use crate::state::{ApiState, Shared};

/// One account, with its definition and what is known of agents.
#[utoipa::path(
    get,
    path = "/armory/accounts/{name}",
    tag = "accounts",
    params(("name" = String, Path, description = "the account")),
    responses((status = 200, description = "The account", body = AssignmentView), ReadProblems)
)]
pub(crate) async fn assignment(
    State(state): State<Shared>,
    AccountName(name): AccountName,
) -> Result<Json<AssignmentView>, Problem> {
    let (record, holdings, connected) = everything(&state, name.clone()).await?;
    let newest = state.records.journal(name, None, 1).await?;
    let last_step = newest.into_iter().next().map(|entry| entry.reason);
    Ok(Json(AssignmentView::new(&record, &holdings, &connected, last_step)))
}

/// One account, with its status and its definition: what scripts poll.
#[utoipa::path(
    get,
    path = "/agents/kubernetes/accounts/{name}",
    tag = "accounts",
    params(("name" = String, Path, description = "the account")),
    responses((status = 200, description = "The account", body = AccountView), ReadProblems)
)]
pub(crate) async fn account(
    State(state): State<Shared>,
    AccountName(name): AccountName,
) -> Result<Json<AccountView>, Problem> {
    let (record, holdings, connected) = everything(&state, name).await?;
    let holders = holdings.iter().filter(|holding| connected.holds(holding)).count();
    Ok(Json(AccountView::whole(&record, u64::try_from(holders).unwrap_or(u64::MAX))))
}

/// The namespaces that agents see in the account's cluster.
#[utoipa::path(
    get,
    path = "/agents/kubernetes/accounts/{name}/namespaces",
    tag = "accounts",
    params(("name" = String, Path, description = "the account")),
    responses((status = 200, description = "The namespaces", body = Vec<String>), ReadProblems)
)]
pub(crate) async fn namespaces(
    State(state): State<Shared>,
    AccountName(name): AccountName,
) -> Result<Json<Vec<String>>, Problem> {
    record(&state, name.clone()).await?;
    Ok(Json(state.records.namespaces(name).await?))
}

async fn everything(
    state: &ApiState,
    name: String,
) -> Result<(AccountRecord, Vec<Holding>, Connected), Problem> {
    let record = record(state, name.clone()).await?;
    let mut holdings = state.rows.holdings(vec![name]).await?;
    holdings.sort_by(|one, other| one.agent.cmp(&other.agent));
    let connected = Connected::of(&state.memory.agents().await?);
    Ok((record, holdings, connected))
}

async fn record(state: &ApiState, name: String) -> Result<AccountRecord, Problem> {
    let found = state.records.account(name.clone()).await?;
    found.ok_or_else(|| Problem::unknown_account(&name))
}
