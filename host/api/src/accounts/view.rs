//! How an account is shown: the original's shapes, with references in the place of secrets.

use host_core::clock::Millis;
use host_core::port::store::AccountRecord;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;

use super::agent::{AgentOfAccount, Held};
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
    /// Whether the cluster answers all of them as it should; absent: none of them has looked.
    healthy: Option<bool>,
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
    /// What is known of each agent and the account. Left out in lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Vec<AgentOfAccount>>,
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

impl AccountView {
    /// The shape without agents and definition, as lists show it. `held`: the agents that hold it now.
    pub(crate) fn brief(record: &AccountRecord, held: Held) -> Self {
        let account = &record.account;
        let identity = account.identity.as_ref();
        let permissions = record.definition.get("permissions").cloned().unwrap_or(json!({}));
        Self {
            name: account.name.clone(),
            status: account.state.clone(),
            dynamic: account.declared_by.is_none(),
            zone_id: account.zone.clone(),
            connections: held.connections,
            healthy: held.healthy,
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
            agents: None,
            definition: None,
        }
    }

    /// The whole shape.
    pub(crate) fn whole(record: &AccountRecord, held: Held, agents: Vec<AgentOfAccount>) -> Self {
        let definition = Some(record.definition.redacted());
        Self { agents: Some(agents), definition, ..Self::brief(record, held) }
    }
}

impl AssignmentView {
    /// The shape, with what is known of agents and the last step's sentence.
    pub(crate) fn new(
        record: &AccountRecord,
        agents: Vec<AgentOfAccount>,
        last_step: Option<String>,
    ) -> Self {
        let account = &record.account;
        let error = account.error.as_ref().map(|error| error.text.clone());
        Self {
            name: account.name.clone(),
            kind: ACCOUNT_TYPE.to_owned(),
            source: record.source.clone(),
            config: record.definition.redacted(),
            zone_id: account.zone.clone(),
            agents,
            status: account.state.clone(),
            last_assignment_msg: error.or(last_step),
        }
    }
}
