//! Operations: what agents are asked, as rows of the outbox.

use crate::account::{Failure, Identity};
use crate::clock::Millis;
use crate::secret::Secret;

/// What an agent is asked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum OperationKind {
    /// Hold exactly this.
    Add,
    /// Hold exactly this; it is held already.
    Update,
    /// Hold it no more.
    Delete,
    /// Say whether the cluster can be reached.
    Check,
}

impl OperationKind {
    /// The word in the database and in answers: the original's operation names.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "AddAccounts",
            Self::Update => "UpdateAccounts",
            Self::Delete => "DeleteAccounts",
            Self::Check => "CheckAccounts",
        }
    }
}

impl std::str::FromStr for OperationKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Add, Self::Update, Self::Delete, Self::Check]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or(())
    }
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OperationState {
    /// In the outbox: to be sent, or sent and unanswered.
    Pending,
    /// Answered: done.
    Done,
    /// Answered: refused.
    Refused,
    /// Overtaken by a newer one, or its agent is gone: not to be delivered again.
    Withdrawn,
}

impl OperationState {
    /// The word in the database and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl std::str::FromStr for OperationState {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Done, Self::Refused, Self::Withdrawn]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or(())
    }
}

/// A row of `swingbridge_operations`: one command for one agent and one account, from submission to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operation {
    /// ULID; grows with time.
    pub id: String,
    /// The request that it was sent for.
    pub parent: Option<String>,
    /// The account.
    pub account: String,
    /// The agent.
    pub agent: String,
    /// The agent's instance that is addressed.
    pub instance: String,
    /// What is asked.
    pub kind: OperationKind,
    /// The definition revision to be held.
    pub definition_revision: u64,
    /// Counted per name.
    pub generation: u64,
    /// Where it stands.
    pub state: OperationState,
    /// Not to be sent before.
    pub not_before: Option<Millis>,
    /// By when the module expects an answer.
    pub deadline: Option<Millis>,
    /// The module's own.
    pub context: String,
    /// The digest of the module that submitted it.
    pub module: String,
    /// That module's data version.
    pub data_version: u32,
    /// When it was submitted.
    pub created_at: Millis,
    /// How often it was handed to a stream.
    pub attempts: u32,
    /// When last.
    pub sent_at: Option<Millis>,
    /// When the answer was committed, or the operation withdrawn.
    pub ended_at: Option<Millis>,
    /// Why it was refused.
    pub failure: Option<Failure>,
    /// What the agent saw of the cluster; only of a check.
    pub sight: Option<Sight>,
}

/// What an agent saw of a cluster that it was asked to check.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Sight {
    /// Which cluster answered; absent: none did.
    pub identity: Option<Identity>,
    /// Its namespaces; absent: they were not looked at.
    pub namespaces: Option<SeenNamespaces>,
}

/// Namespaces in an answer.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct SeenNamespaces {
    /// How many there are.
    pub count: u64,
    /// The first of them by name, a hundred at most.
    pub first: Vec<String>,
}

/// An operation on its way, with the definition that the agent is to hold, its secrets resolved.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// The operation.
    pub operation: Operation,
    /// The account's definition as a JSON object; empty for a delete.
    pub definition: Secret,
}
