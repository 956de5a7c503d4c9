//! What agents were sent for a request, and what each of them answered.

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::operation::Operation;
use serde::Serialize;
use utoipa::ToSchema;

use crate::accounts::agent::ClusterView;
use crate::answer::ErrorView;
use crate::state::ApiState;

/// The most agents' answers that one answer shows; a request of 10,000 accounts may have more.
const ANSWERS_MAX: usize = 10_000;

/// What agents were sent for a request, and whether that is not all.
pub(crate) async fn sent_for(
    state: &ApiState,
    request: &str,
) -> Result<(Vec<Operation>, bool), StoreError> {
    let most = ANSWERS_MAX + 1;
    let mut sent = state.records.operations_of_request(request.to_owned(), most).await?;
    let cut = sent.len() > ANSWERS_MAX;
    sent.truncate(ANSWERS_MAX);
    Ok((sent, cut))
}

/// One operation of a request: what an agent was asked, and its answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentAnswer {
    /// The agent.
    agent_id: String,
    /// The operation's id, the one in `/armory/agent/operations/{id}`.
    operation: String,
    /// `AddAccounts`, `UpdateAccounts`, `DeleteAccounts` or `CheckAccounts`.
    #[serde(rename = "type")]
    kind: String,
    /// `pending`, `done`, `refused` or `withdrawn`.
    outcome: String,
    /// Why it was refused.
    error: Option<ErrorView>,
    /// When it was sent last, in milliseconds.
    sent_at: Option<Millis>,
    /// When the answer was committed, in milliseconds.
    ended_at: Option<Millis>,
    /// Of a check that reached the cluster: which one it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterView>,
    /// Of a check: the namespaces that were seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    namespaces: Option<SeenNamespacesView>,
}

/// Namespaces that a check saw.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct SeenNamespacesView {
    /// How many there are.
    count: u64,
    /// The first of them by name, a hundred at most.
    first: Vec<String>,
}

impl From<&Operation> for AgentAnswer {
    fn from(operation: &Operation) -> Self {
        let sight = operation.sight.as_ref();
        Self {
            agent_id: operation.agent.clone(),
            operation: operation.id.clone(),
            kind: operation.kind.as_str().to_owned(),
            outcome: operation.state.as_str().to_owned(),
            error: operation.failure.as_ref().map(ErrorView::from),
            sent_at: operation.sent_at,
            ended_at: operation.ended_at,
            cluster: sight.and_then(|sight| sight.identity.as_ref()).map(ClusterView::from),
            namespaces: sight
                .and_then(|sight| sight.namespaces.as_ref())
                .map(|seen| SeenNamespacesView { count: seen.count, first: seen.first.clone() }),
        }
    }
}
