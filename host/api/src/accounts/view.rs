//! How an account is shown: the original's shapes, with references in the place of secrets.

use std::collections::HashMap;

use host_core::account::Identity;
use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::holding::{Holding, Observed};
use host_core::port::store::AccountRecord;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use crate::answer::ErrorView;
use crate::fields::ACCOUNT_TYPE;

/// An account in the shape of `/agents/kubernetes/accounts/{name}`. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AccountView {
    name: String,
    /// The state of its lifecycle.
    status: String,
    /// Whether it is managed here; `false`: it comes from the configuration of an agent.
    dynamic: bool,
    /// The zone whose agents hold it; absent: any.
    zone_id: Option<String>,
    /// Connected agents that hold it now.
    connections: u64,
    /// Tries that failed since the last request to activate.
    retry_count: u32,
    /// Why it is where it is, for people.
    error_message: Option<String>,
    /// The same, for programs.
    error_code: Option<String>,
    /// The fingerprint of the cluster's certificate.
    cert_fingerprint: Option<String>,
    /// The address of the cluster.
    kube_host: Option<String>,
    /// The version of the cluster.
    kube_version: Option<String>,
    /// When the row last changed.
    last_updated: Millis,
    /// When it came into its state.
    state_since: Millis,
    /// Where the definition came from: `clouddriver.accounts`, a file, `api`, or `agent`.
    source: String,
    /// Moves by one with every change of the row.
    revision: u64,
    /// Who may read and write.
    #[schema(value_type = Object)]
    permissions: Value,
    /// What the original keeps beside the definition.
    #[schema(value_type = Object)]
    properties: Value,
    /// The definition, with references in the place of secrets. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    definition: Option<Value>,
}

/// An account in the shape of `/armory/accounts/{name}`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AssignmentView {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    /// Where the definition came from: `clouddriver.accounts`, a file, `api`, or `agent`.
    source: String,
    /// The definition, with references in the place of secrets.
    #[schema(value_type = Object)]
    config: Value,
    /// The zone whose agents hold it; absent: any.
    zone_id: Option<String>,
    /// What is known of each agent and the account.
    agents: Vec<AgentOfAccount>,
    /// The state of its lifecycle.
    status: String,
    /// Why it is where it is, or the last step that it took.
    last_assignment_msg: Option<String>,
}

/// What is known of one agent and an account.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentOfAccount {
    agent_id: String,
    /// Whether it holds and watches the account: it said so, and is connected.
    caching: bool,
    /// Whether its stream is open.
    connected: bool,
    /// Whether it says that the cluster answers.
    healthy: Option<bool>,
    /// The account stands in the agent's own configuration.
    configured: bool,
    /// The cluster that it sees.
    cluster: Option<ClusterView>,
    /// Whether that is another cluster than the one recorded for the account; `…/rebind` accepts it.
    conflict: bool,
    /// What it refused last, and why.
    error: Option<ErrorView>,
}

/// A cluster's identity.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterView {
    kube_host: String,
    cert_fingerprint: String,
    kube_version: String,
}

impl From<&Identity> for ClusterView {
    fn from(identity: &Identity) -> Self {
        Self {
            kube_host: identity.host.clone(),
            cert_fingerprint: identity.fingerprint.clone(),
            kube_version: identity.version.clone(),
        }
    }
}

/// Which agents are connected.
#[derive(Debug)]
pub(crate) struct Connected(HashMap<String, bool>);

impl Connected {
    pub(crate) fn of(agents: &[Agent]) -> Self {
        let entry = |agent: &Agent| (agent.id.clone(), agent.presence == Presence::Connected);
        Self(agents.iter().map(entry).collect())
    }

    pub(crate) fn has(&self, agent: &str) -> bool {
        self.0.get(agent).copied().unwrap_or(false)
    }

    /// Whether an agent holds the account now: it was seen to, and is connected.
    pub(crate) fn holds(&self, holding: &Holding) -> bool {
        matches!(holding.observed, Observed::Held(_)) && self.has(&holding.agent)
    }
}

impl AccountView {
    /// The shape without the definition, as lists show it. `connections` counts the agents that hold it now.
    pub(crate) fn brief(record: &AccountRecord, connections: u64) -> Self {
        let account = &record.account;
        let identity = account.identity.as_ref();
        let permissions = record.definition.get("permissions").cloned().unwrap_or(json!({}));
        Self {
            name: account.name.clone(),
            status: account.state.clone(),
            dynamic: account.declared_by.is_none(),
            zone_id: account.zone.clone(),
            connections,
            retry_count: account.failed_count,
            error_message: account.error.as_ref().map(|error| error.text.clone()),
            error_code: account.error.as_ref().map(|error| error.code.clone()),
            cert_fingerprint: identity.map(|identity| identity.fingerprint.clone()),
            kube_host: identity.map(|identity| identity.host.clone()),
            kube_version: identity.map(|identity| identity.version.clone()),
            last_updated: record.last_updated,
            state_since: account.state_since,
            source: record.source.clone(),
            revision: account.revision,
            properties: json!({ "permissions": &permissions }),
            permissions,
            definition: None,
        }
    }

    /// The shape with the definition.
    pub(crate) fn whole(record: &AccountRecord, connections: u64) -> Self {
        let definition = Some(record.definition.redacted());
        Self { definition, ..Self::brief(record, connections) }
    }
}

impl AssignmentView {
    /// The shape, with what is known of agents and the last step's sentence.
    pub(crate) fn new(
        record: &AccountRecord,
        holdings: &[Holding],
        connected: &Connected,
        last_step: Option<String>,
    ) -> Self {
        let account = &record.account;
        let identity = account.identity.as_ref();
        let error = account.error.as_ref().map(|error| error.text.clone());
        Self {
            name: account.name.clone(),
            kind: ACCOUNT_TYPE.to_owned(),
            source: record.source.clone(),
            config: record.definition.redacted(),
            zone_id: account.zone.clone(),
            agents: holdings.iter().map(|h| agent_of(h, identity, connected)).collect(),
            status: account.state.clone(),
            last_assignment_msg: error.or(last_step),
        }
    }
}

fn agent_of(holding: &Holding, row: Option<&Identity>, connected: &Connected) -> AgentOfAccount {
    let seen = holding.identity.as_ref();
    AgentOfAccount {
        agent_id: holding.agent.clone(),
        caching: connected.holds(holding),
        connected: connected.has(&holding.agent),
        healthy: holding.healthy,
        configured: holding.configured,
        cluster: seen.map(ClusterView::from),
        conflict: matches!((row, seen), (Some(row), Some(seen)) if !row.is_same_cluster(seen)),
        error: holding.refusal.as_ref().map(|refusal| ErrorView::from(&refusal.failure)),
    }
}
