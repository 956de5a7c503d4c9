//! One account, in both shapes of the original, and the namespaces of its cluster.

use std::collections::BTreeSet;

use axum::Json;
use axum::extract::State;
use host_core::holding::Holding;
use host_core::port::store::{AccountRecord, AgentNamespaces};
use serde::Deserialize;

use super::agent::{AgentOfAccount, Known};
use super::view::{AccountView, AssignmentView};
use crate::answer::ReadProblems;
use crate::params::{AccountName, Params};
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
    let (record, known) = everything(&state, name.clone()).await?;
    let newest = state.records.journal(name, None, 1).await?;
    let last_step = newest.into_iter().next().map(|entry| entry.reason);
    Ok(Json(AssignmentView::new(&record, known.views(&record), last_step)))
}

/// One account, with its status, what each agent sees, and its definition: what scripts poll.
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
    let (record, known) = everything(&state, name).await?;
    let held = known.agents.held(&known.holdings);
    Ok(Json(AccountView::whole(&record, held, known.views(&record))))
}

/// Whose view is wanted.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct NamespacesQuery {
    /// Only what this agent sees; otherwise what the agents see that hold the account, or have seen if none does.
    agent: Option<String>,
}

/// The namespaces that agents see in the account's cluster, each once, by name.
#[utoipa::path(
    get,
    path = "/agents/kubernetes/accounts/{name}/namespaces",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), NamespacesQuery),
    responses((status = 200, description = "The namespaces", body = Vec<String>), ReadProblems)
)]
pub(crate) async fn namespaces(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    Params(query): Params<NamespacesQuery>,
) -> Result<Json<BTreeSet<String>>, Problem> {
    let (_, known) = everything(&state, name).await?;
    let holders = known.holdings.iter().filter(|holding| known.agents.holds(holding));
    let holders: BTreeSet<&str> = holders.map(|holding| holding.agent.as_str()).collect();
    let wanted = |agent: &str| match &query.agent {
        Some(only) => agent == only,
        None => holders.is_empty() || holders.contains(agent),
    };
    let seen = known.namespaces.iter().filter(|seen| wanted(&seen.agent));
    Ok(Json(seen.flat_map(|seen| seen.namespaces.iter().cloned()).collect()))
}

/// What is known of an account beside its row.
struct AgentsView {
    holdings: Vec<Holding>,
    agents: Known,
    namespaces: Vec<AgentNamespaces>,
}

impl AgentsView {
    fn views(&self, record: &AccountRecord) -> Vec<AgentOfAccount> {
        self.agents.views(&self.holdings, record.account.identity.as_ref(), &self.namespaces)
    }
}

async fn everything(
    state: &ApiState,
    name: String,
) -> Result<(AccountRecord, AgentsView), Problem> {
    let found = state.records.account(name.clone()).await?;
    let record = found.ok_or_else(|| Problem::unknown_account(&name))?;
    let mut holdings = state.rows.holdings(vec![name.clone()]).await?;
    holdings.sort_by(|one, other| one.agent.cmp(&other.agent));
    let agents = Known::of(state.memory.agents().await?);
    let namespaces = state.records.namespaces(name).await?;
    Ok((record, AgentsView { holdings, agents, namespaces }))
}
