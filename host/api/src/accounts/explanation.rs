//! `GET /armory/accounts/{name}/explanation`: why an account is where it is, and what it waits for.

use axum::Json;
use axum::extract::State;
use host_control::explain::{AgentPart, Explanation, Wait};
use host_core::clock::Millis;
use host_core::holding::Observed;
use serde::Serialize;
use utoipa::ToSchema;

use super::agent::ClusterView;
use super::history::StepView;
use crate::answer::{ErrorView, ReadProblems};
use crate::params::AccountName;
use crate::problem::Problem;
use crate::state::Shared;

/// An account, explained. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExplanationView {
    name: String,
    /// The state of its lifecycle.
    status: String,
    /// Since when.
    since: Millis,
    /// Everything below for a person, the most important first.
    sentences: Vec<String>,
    /// Why, if something went wrong.
    error: Option<ErrorView>,
    /// What it waits for; empty: for nothing.
    waits_for: Vec<WaitView>,
    /// It is due for so long that something is wrong with the bridge.
    late_ms: Option<u64>,
    /// What is known of agents.
    agents: Vec<AgentPartView>,
    /// Requests that wait for it, by their ids in `/operations/{id}`.
    operations: Vec<String>,
    /// What may be asked for now.
    possible: Vec<String>,
    /// Its last steps, the newest first.
    last_steps: Vec<StepView>,
}

/// One thing that an account waits for.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct WaitView {
    /// `answer` (of an agent), `candidate` (an agent that can be asked), `retry`, `return` (of an agent, within
    /// `agents.grace`), `removal`, `request` (it was given up) or `look` (the module's own time).
    what: String,
    /// The agent that has to answer.
    agent_id: Option<String>,
    /// What it was asked, by the id in `/armory/agent/operations/{id}`.
    agent_operation: Option<String>,
    /// `AddAccounts`, `UpdateAccounts`, `DeleteAccounts` or `CheckAccounts`.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Since when.
    since: Option<Millis>,
    /// Nothing happens before.
    not_before: Option<Millis>,
    /// Until when; absent: for ever, if need be.
    until: Option<Millis>,
    /// The same for a person.
    sentence: String,
}

/// One agent and the account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentPartView {
    agent_id: String,
    zone_id: Option<String>,
    /// `connected`, `awaited` or `gone`; absent: it is not remembered any more.
    presence: Option<String>,
    /// `held`, `not-held` or `unknown` (it was asked and has not answered).
    holds: String,
    /// Whether that is the definition as it is now.
    current: bool,
    /// What it refused last, and why.
    error: Option<ErrorView>,
    /// When that was.
    refused_at: Option<Millis>,
    /// The cluster that it sees.
    cluster: Option<ClusterView>,
    /// That is another cluster than the one that is recorded.
    conflict: bool,
    /// Whether the cluster answers as it should; absent: the agent has not looked, or does not hold the account.
    healthy: Option<bool>,
    /// Why the cluster does not.
    health_error: Option<ErrorView>,
    /// Since when it does, or does not.
    health_since: Option<Millis>,
    /// The same for a person.
    sentence: String,
}

impl From<Wait> for WaitView {
    fn from(wait: Wait) -> Self {
        Self {
            what: wait.what.as_str().to_owned(),
            agent_id: wait.agent,
            agent_operation: wait.operation,
            kind: wait.kind.map(|kind| kind.as_str().to_owned()),
            since: wait.since,
            not_before: wait.not_before,
            until: wait.until,
            sentence: wait.sentence,
        }
    }
}

impl From<AgentPart> for AgentPartView {
    fn from(part: AgentPart) -> Self {
        let holds = match part.observed {
            Observed::Unknown => "unknown",
            Observed::NotHeld => "not-held",
            Observed::Held(_) => "held",
        };
        let health = part.health.as_ref();
        Self {
            agent_id: part.agent,
            zone_id: part.zone,
            presence: part.presence.map(|presence| presence.as_str().to_owned()),
            holds: holds.to_owned(),
            current: part.current,
            error: part.refused.as_ref().map(|(_, failure, _)| ErrorView::from(failure)),
            refused_at: part.refused.map(|(_, _, at)| at),
            cluster: part.seen.as_ref().map(ClusterView::from),
            conflict: part.conflict,
            healthy: health.map(|health| health.failure.is_none()),
            health_error: health.and_then(|h| h.failure.as_ref()).map(ErrorView::from),
            health_since: health.map(|health| health.since),
            sentence: part.sentence,
        }
    }
}

impl From<Explanation> for ExplanationView {
    fn from(of: Explanation) -> Self {
        Self {
            name: of.account,
            status: of.state,
            since: of.since,
            sentences: of.sentences,
            error: of.error.as_ref().map(ErrorView::from),
            waits_for: of.waits.into_iter().map(WaitView::from).collect(),
            late_ms: of.late_ms,
            agents: of.agents.into_iter().map(AgentPartView::from).collect(),
            operations: of.requests,
            possible: of.possible.iter().map(|action| action.as_str().to_owned()).collect(),
            last_steps: of.steps.into_iter().map(StepView::from).collect(),
        }
    }
}

/// Why an account is where it is, what it waits for and until when, what each agent holds, and what may be asked for.
#[utoipa::path(
    get,
    path = "/armory/accounts/{name}/explanation",
    tag = "accounts",
    params(("name" = String, Path, description = "the account")),
    responses((status = 200, description = "The explanation", body = ExplanationView), ReadProblems)
)]
pub(crate) async fn explanation(
    State(state): State<Shared>,
    AccountName(name): AccountName,
) -> Result<Json<ExplanationView>, Problem> {
    let explained = state.explains.explain(&name).await?;
    explained.map(|of| Json(of.into())).ok_or_else(|| Problem::unknown_account(&name))
}
