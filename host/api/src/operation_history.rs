//! `/armory/agent/operations`: what agents were sent, hop by hop, with times.

use axum::Json;
use axum::extract::State;
use host_core::clock::Millis;
use host_core::operation::{Operation, OperationState};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::{ErrorView, ReadProblems};
use crate::paging;
use crate::params::{Id, Params};
use crate::problem::{Kind, Problem};
use crate::state::Shared;

/// Which part of the history.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct OperationsQuery {
    /// Operations on a page: 1 to 1,000; 100 if left out.
    items: Option<u64>,
    /// The page, counted from 1; the newest operations stand on the first.
    page: Option<u64>,
}

/// One operation: a command for one agent and one account. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct OperationView {
    operation_id: String,
    /// `AddAccounts`, `UpdateAccounts`, `DeleteAccounts` or `CheckAccounts`.
    operation_type: String,
    account: String,
    /// When it was submitted.
    start_time: Millis,
    /// When the answer was committed, or the operation withdrawn.
    end_time: Option<Millis>,
    total_duration_ms: Option<u64>,
    /// `pending`, `done`, `refused` or `withdrawn`.
    final_outcome: String,
    /// Why it was refused.
    error: Option<ErrorView>,
    /// The request that it was sent for, the id in `/operations/{id}`.
    parent: Option<String>,
    /// Counted per account; a newer one overtakes older ones.
    generation: u64,
    /// When the bridge decided to send it.
    op_processed_by_clouddriver: Hop,
    /// When it was handed to the agent's stream last.
    op_sent_to_agent: Option<SentHop>,
    /// The agent's answer.
    result_received_from_agent: Option<ResultHop>,
}

/// A station in the bridge.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Hop {
    time: Millis,
}

/// The way to the agent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SentHop {
    agent_id: String,
    time: Millis,
    /// How often it was handed to a stream.
    attempts: u32,
}

/// The way back.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultHop {
    agent_id: String,
    time: Millis,
    result: ResultView,
}

/// What an agent answered.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ResultView {
    /// `done` or `refused`.
    status: String,
    /// From the last sending to the commit of the answer.
    duration_ms: Option<u64>,
}

impl From<Operation> for OperationView {
    fn from(operation: Operation) -> Self {
        let answered = match operation.state {
            OperationState::Done | OperationState::Refused => operation.ended_at,
            OperationState::Pending | OperationState::Withdrawn => None,
        };
        let status = operation.state.as_str().to_owned();
        let since = |start: Millis| operation.ended_at.map(|end| end.saturating_sub(start));
        Self {
            operation_type: operation.kind.as_str().to_owned(),
            start_time: operation.created_at,
            end_time: operation.ended_at,
            total_duration_ms: since(operation.created_at),
            final_outcome: status.clone(),
            error: operation.failure.as_ref().map(ErrorView::from),
            generation: operation.generation,
            op_processed_by_clouddriver: Hop { time: operation.created_at },
            op_sent_to_agent: operation.sent_at.map(|time| SentHop {
                agent_id: operation.agent.clone(),
                time,
                attempts: operation.attempts,
            }),
            result_received_from_agent: answered.map(|time| ResultHop {
                agent_id: operation.agent.clone(),
                time,
                result: ResultView { status, duration_ms: operation.sent_at.and_then(since) },
            }),
            operation_id: operation.id,
            account: operation.account,
            parent: operation.parent,
        }
    }
}

/// What agents were sent, the newest first.
#[utoipa::path(
    get,
    path = "/armory/agent/operations",
    tag = "operations",
    params(OperationsQuery),
    responses((status = 200, description = "The operations", body = Vec<OperationView>), ReadProblems)
)]
pub(crate) async fn list(
    State(state): State<Shared>,
    Params(query): Params<OperationsQuery>,
) -> Result<Json<Vec<OperationView>>, Problem> {
    let limit = paging::limit("items", query.items)?;
    let page = paging::numbered(query.page.unwrap_or(1), limit)?;
    let operations = state.records.operation_history(page).await?;
    Ok(Json(operations.into_iter().map(OperationView::from).collect()))
}

/// One operation.
#[utoipa::path(
    get,
    path = "/armory/agent/operations/{id}",
    tag = "operations",
    params(("id" = String, Path, description = "the operation")),
    responses((status = 200, description = "The operation", body = OperationView), ReadProblems)
)]
pub(crate) async fn one(
    State(state): State<Shared>,
    Id(id): Id,
) -> Result<Json<OperationView>, Problem> {
    let found = state.outbox.operations(vec![id.clone()]).await?.into_iter().next();
    let unknown = || Problem::new(Kind::NotFound, format!("there is no operation {id}"));
    found.map(|operation| Json(OperationView::from(operation))).ok_or_else(unknown)
}
