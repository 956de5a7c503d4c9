//! Agents, and what is known of what they hold.

use crate::account::{Failure, Identity, Millis};

/// Whether an agent that is not gone can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// Its stream is open.
    Connected,
    /// It was connected when the bridge stopped, and may be back.
    Awaited,
}

/// An agent that is not gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its id.
    pub id: String,
    /// This start of its process.
    pub instance: String,
    /// Its zone.
    pub zone: String,
    /// Whether it can be asked.
    pub presence: Presence,
}

/// What an agent was last observed to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observed {
    /// A command is under way, or its answer was lost.
    Unknown,
    /// Not held.
    NotHeld,
    /// Held, at this definition revision; 0: the agent does not say at which.
    Held(u64),
}

/// What an agent is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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
    /// The word that goes along with a submission as its context, and comes back with the answer.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Check => "check",
        }
    }

    /// The kind of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        let all = [Self::Add, Self::Update, Self::Delete, Self::Check];
        all.into_iter().find(|kind| kind.as_str() == word)
    }

    /// Whether it asks to hold.
    pub(crate) const fn is_to_hold(self) -> bool {
        match self {
            Self::Add | Self::Update => true,
            Self::Delete | Self::Check => false,
        }
    }

    /// Whether it can change what is held.
    pub(crate) const fn changes(self) -> bool {
        match self {
            Self::Add | Self::Update | Self::Delete => true,
            Self::Check => false,
        }
    }
}

/// An operation that is not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unanswered {
    /// What was asked.
    pub kind: OperationKind,
    /// With which definition.
    pub definition_revision: u64,
    /// When it may be sent, if it waits.
    pub not_before: Option<Millis>,
}

impl Unanswered {
    /// Whether it waits for a later time: it then says what the row says, but nobody is being asked.
    pub(crate) fn is_waiting(&self, now: Millis) -> bool {
        self.not_before.is_some_and(|at| at > now)
    }
}

/// The last refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// Why.
    pub failure: Failure,
    /// What was refused.
    pub kind: OperationKind,
    /// With which definition.
    pub definition_revision: u64,
    /// How many in a row.
    pub times: u32,
}

/// What is known of one agent and one account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holding {
    /// The account.
    pub account: String,
    /// The agent.
    pub agent: String,
    /// The instance that this is known of.
    pub instance: String,
    /// What a submission is compared with; 0: learnt in this very call.
    pub revision: u64,
    /// What it holds.
    pub observed: Observed,
    /// The account stands in the agent's own configuration.
    pub configured: bool,
    /// The cluster that it sees.
    pub identity: Option<Identity>,
    /// The newest operation, while unanswered.
    pub operation: Option<Unanswered>,
    /// The last refusal.
    pub refusal: Option<Refusal>,
    /// The row's revision when this instance was last asked; 0: never.
    pub asked_revision: u64,
    /// For an agent that is gone: when it was still there.
    pub gone_since: Option<Millis>,
}
