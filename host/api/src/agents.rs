//! Agents: who is there, what each holds, and ending one's stream.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use host_core::agent::{Agent, Presence};
use host_core::clock::iso8601;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::ReadProblems;
use crate::fields::ACCOUNT_TYPE;
use crate::params::Id;
use crate::problem::{Kind, Members, Problem};
use crate::state::{ApiState, Shared};

/// An agent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentView {
    agent_id: String,
    /// The accounts that it was last seen to hold, by name.
    accounts: Vec<String>,
    /// Whether it watches accounts now: it is connected and holds some.
    caching: bool,
    /// The replica of the bridge that has its stream, or had it last.
    clouddriver_id: String,
    /// The last word from it, as ISO 8601; while it is connected at most half a minute behind.
    last_connection: String,
    #[serde(rename = "type")]
    kind: String,
    zone_id: String,
    /// `connected`, `awaited` (the bridge has restarted and it may still come back) or `gone`.
    presence: String,
    /// The program's version.
    version: String,
}

/// The agents that are connected or awaited, by id.
#[utoipa::path(
    get,
    path = "/armory/agents",
    tag = "agents",
    responses((status = 200, description = "The agents", body = Vec<AgentView>), ReadProblems)
)]
pub(crate) async fn list(State(state): State<Shared>) -> Result<Json<Vec<AgentView>>, Problem> {
    let mut agents = state.memory.agents().await?;
    agents.retain(|agent| agent.presence != Presence::Gone);
    agents.sort_by(|one, other| one.id.cmp(&other.id));
    Ok(Json(views(&state, agents).await?))
}

/// One agent, also if it is gone.
#[utoipa::path(
    get,
    path = "/armory/agents/{id}",
    tag = "agents",
    params(("id" = String, Path, description = "the agent")),
    responses((status = 200, description = "The agent", body = AgentView), ReadProblems)
)]
pub(crate) async fn one(
    State(state): State<Shared>,
    Id(id): Id,
) -> Result<Json<AgentView>, Problem> {
    let agent = find(&state, &id).await?;
    let missing = || Problem::new(Kind::NotFound, format!("there is no agent {id}"));
    let view = views(&state, vec![agent]).await?.pop();
    view.map(Json).ok_or_else(missing)
}

/// End an agent's stream, whichever replica has it; the agent dials again.
#[utoipa::path(
    post,
    path = "/armory/agent/{id}/disconnect",
    tag = "agents",
    params(("id" = String, Path, description = "the agent")),
    responses(
        (status = 202, description = "The stream is being ended", body = Vec<String>),
        (status = 409, description = "It has no stream, or the replica that has it does not answer", body = Members,
         content_type = "application/problem+json"),
        ReadProblems
    )
)]
pub(crate) async fn disconnect(
    State(state): State<Shared>,
    Id(id): Id,
) -> Result<(StatusCode, Json<[(); 0]>), Problem> {
    let agent = find(&state, &id).await?;
    if state.intake.disconnect_agent(&id).await {
        return Ok((StatusCode::ACCEPTED, Json([])));
    }
    let presence = agent.presence.as_str();
    Err(Problem::new(
        Kind::NotConnected,
        format!(
            "{id} has no stream that can be ended (it is {presence}, last at {})",
            agent.replica
        ),
    ))
}

async fn find(state: &ApiState, id: &str) -> Result<Agent, Problem> {
    let known = state.memory.agents().await?.into_iter().find(|agent| agent.id == id);
    known.ok_or_else(|| Problem::new(Kind::NotFound, format!("there is no agent {id}")))
}

/// Agents with what they hold, which is read in one go.
async fn views(state: &ApiState, agents: Vec<Agent>) -> Result<Vec<AgentView>, Problem> {
    let ids = agents.iter().map(|agent| agent.id.clone()).collect();
    let mut held: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (agent, account) in state.records.held_by(ids).await? {
        held.entry(agent).or_default().push(account);
    }
    let views = agents.into_iter().map(|agent| {
        let accounts = held.remove(&agent.id).unwrap_or_default();
        view(agent, accounts)
    });
    Ok(views.collect())
}

fn view(agent: Agent, accounts: Vec<String>) -> AgentView {
    AgentView {
        agent_id: agent.id,
        caching: agent.presence == Presence::Connected && !accounts.is_empty(),
        accounts,
        clouddriver_id: agent.replica,
        last_connection: iso8601(agent.last_seen),
        kind: ACCOUNT_TYPE.to_owned(),
        zone_id: agent.zone,
        presence: agent.presence.as_str().to_owned(),
        version: agent.version,
    }
}
