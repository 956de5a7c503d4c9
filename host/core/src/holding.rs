//! What is known of one agent and one account.

use crate::account::{Failure, Identity};
use crate::clock::Millis;
use crate::operation::OperationKind;

/// What an agent was last observed to hold. Observed, never assumed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed {
    /// A command is under way, or an answer was lost.
    #[default]
    Unknown,
    /// Not held.
    NotHeld,
    /// Held at this definition revision; 0: the agent does not say at which.
    Held(u64),
}

/// The newest operation for an agent and account while it is unanswered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Unanswered {
    /// ULID.
    pub id: String,
    /// What was asked.
    pub kind: OperationKind,
    /// With which definition.
    pub definition_revision: u64,
    /// Counted per name.
    pub generation: u64,
    /// Not to be sent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
}

/// The last refusal.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// Why.
    pub failure: Failure,
    /// What was refused.
    pub kind: OperationKind,
    /// With which definition.
    pub definition_revision: u64,
    /// When.
    pub at: Millis,
    /// How many in a row.
    pub times: u32,
}

/// How the cluster of an account that an agent holds stands, as the agent said last.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// Why it does not answer as it should; absent: it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Since when it does, or does not, by the clock of the bridge that heard it. Another reason moves it not.
    pub since: Millis,
}

/// A row of `swingbridge_holdings`.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Holding {
    /// The account.
    pub account: String,
    /// The agent.
    pub agent: String,
    /// The agent's instance that this is known of.
    pub instance: String,
    /// Moves by one with every change.
    pub revision: u64,
    /// What it holds.
    pub observed: Observed,
    /// The account stands in the agent's own configuration.
    pub configured: bool,
    /// The cluster that it sees.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// How the cluster stands; absent: the agent holds the account not, or has not looked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<Health>,
    /// The newest operation, while unanswered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation: Option<Unanswered>,
    /// The generation that this instance answered last.
    pub answered_generation: u64,
    /// The last refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refusal: Option<Refusal>,
    /// The row's revision when this instance was last asked; 0: never.
    pub asked_revision: u64,
    /// The last generation counted for the name, for names without a row. The guest does not see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
}

impl Holding {
    /// What is known of an agent and account before anything is: not held, never asked, revision 0 (no row yet).
    #[must_use]
    pub fn unheard_of(account: &str, agent: &str, instance: &str) -> Self {
        Self {
            account: account.to_owned(),
            agent: agent.to_owned(),
            instance: instance.to_owned(),
            revision: 0,
            observed: Observed::NotHeld,
            configured: false,
            identity: None,
            health: None,
            operation: None,
            answered_generation: 0,
            refusal: None,
            asked_revision: 0,
            generation: None,
        }
    }
}

/// A holding as a module reads it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KnownHolding {
    /// What is known.
    pub holding: Holding,
    /// If the agent is gone: when it was still there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone_since: Option<Millis>,
}
