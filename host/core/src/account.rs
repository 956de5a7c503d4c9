//! An account's row, and what may be done to it.

use crate::clock::Millis;

/// A state's name, `[A-Z_]{1,32}`. Modules bring their own states; the host knows none by name.
pub type State = String;

/// The cluster that answers under an account.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Identity {
    /// The API server's address.
    pub host: String,
    /// The fingerprint of its certificate.
    pub fingerprint: String,
    /// Its version; not part of the identity.
    pub version: String,
}

impl Identity {
    /// Whether both are the same cluster: host and fingerprint (`spec/lifecycle.md`, rule 3).
    #[must_use]
    pub fn is_same_cluster(&self, other: &Self) -> bool {
        self.host == other.host && self.fingerprint == other.fingerprint
    }
}

/// Why something did not work: a code that programs may read, and a sentence for people. Never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// An agent's code, or one of `no-agent`, `lost`, `deadline` and those that a module brings.
    pub code: String,
    /// A sentence.
    pub text: String,
}

/// A request that waits for a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct OpenRequest {
    /// The request's id (ULID).
    pub id: String,
    /// What it asked for, as the module named it.
    pub action: String,
}

/// A row of `kubesvc_accounts` as committed, without its definition.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    /// The key.
    pub name: String,
    /// Where the row stands.
    pub state: State,
    /// Moves by one with every change of the row.
    pub revision: u64,
    /// The revision at which the row came into its state.
    pub state_revision: u64,
    /// Moves only with definition, overrides or the version of a secret.
    pub definition_revision: u64,
    /// Absent: any agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// For a static row the agent whose configuration declares it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub declared_by: Option<String>,
    /// The cluster recorded for the name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// Tries that failed since the last request to activate, or since the row was last `ACTIVE`.
    pub failed_count: u32,
    /// Why the row is where it is, if something went wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// When the row came into its state.
    pub state_since: Millis,
    /// When the module is to be asked again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Millis>,
    /// Requests that wait for the row, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub requests: Vec<OpenRequest>,
    /// The module's memory of the row.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
    /// The last generation counted for the name; absent before the first. The guest does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}

/// What a module may set on a row; written whole.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fields {
    /// See [`Account::zone`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// See [`Account::identity`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// See [`Account::failed_count`].
    pub failed_count: u32,
    /// See [`Account::error`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Failure>,
    /// See [`Account::due_at`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_at: Option<Millis>,
    /// See [`Account::attributes`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// One move along a declared edge.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Step {
    /// The edge's event.
    pub event: String,
    /// The state that the step leads to; empty where the row is removed.
    pub to: State,
    /// A sentence for the journal.
    pub reason: String,
}

/// How a request ended for an account.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finish {
    /// As asked.
    Done,
    /// It did not work.
    Failed(Failure),
    /// A later instruction took its place.
    Superseded,
}

/// An open request that a write ends.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finished {
    /// The request's id.
    pub request: String,
    /// How.
    pub finish: Finish,
}

/// Names a definition that the host holds for the length of a call.
pub type DefinitionId = String;

/// Where a new row's definition comes from.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Origin {
    /// A source's account, with overrides laid over it.
    Source {
        /// What the source says.
        definition: DefinitionId,
        /// What the request adds.
        overrides: Option<DefinitionId>,
    },
    /// The request brought it.
    Given(DefinitionId),
    /// The configuration of this agent: a static row.
    Declared(String),
}

/// What becomes of a row's definition.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DefinitionChange {
    /// Nothing.
    #[default]
    Keep,
    /// These attributes are laid over it.
    Merge(DefinitionId),
    /// The overrides of a migration or activation.
    Override(DefinitionId),
}

/// A row that is to be.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NewAccount {
    /// The key.
    pub name: String,
    /// The first step has no state before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Its fields.
    pub fields: Fields,
    /// Its definition.
    pub origin: Origin,
    /// A request that waits for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRequest>,
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Change {
    /// The key.
    pub name: String,
    /// The revision that was read.
    pub revision: u64,
    /// Edges taken; empty when only fields change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// The fields after it.
    pub fields: Fields,
    /// The definition after it.
    pub definition: DefinitionChange,
    /// A request that now waits for the row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<OpenRequest>,
    /// Requests that end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<Finished>,
}

/// The end of a row.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Removal {
    /// The key.
    pub name: String,
    /// The revision that was read.
    pub revision: u64,
    /// Edges taken; the last one leads nowhere.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Requests that end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finished: Vec<Finished>,
}
