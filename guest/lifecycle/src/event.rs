//! What happens, and what a request is answered.

use crate::account::{Attributes, Definition, Failure};
use crate::agent::OperationKind;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Take a copy of a source's account.
    Migrate,
    /// A new account with a definition of its own.
    Create,
    /// Take a source's account and activate it at once.
    Adopt,
    /// Hand it to the agents.
    Activate,
    /// Take it back.
    Deactivate,
    /// Change its definition.
    Update,
    /// End it.
    Delete,
    /// Accept the identity that an agent claims.
    Rebind,
    /// Ask the agents of the zone whether they reach the cluster.
    Check,
}

impl Action {
    /// Every action.
    pub const ALL: [Self; 9] = [
        Self::Migrate,
        Self::Create,
        Self::Adopt,
        Self::Activate,
        Self::Deactivate,
        Self::Update,
        Self::Delete,
        Self::Rebind,
        Self::Check,
    ];

    /// The word in edges, refusals and open requests.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Migrate => "migrate",
            Self::Create => "create",
            Self::Adopt => "adopt",
            Self::Activate => "activate",
            Self::Deactivate => "deactivate",
            Self::Update => "update",
            Self::Delete => "delete",
            Self::Rebind => "rebind",
            Self::Check => "check",
        }
    }

    /// The action of this word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == word)
    }

    /// Whether it brings a row into being.
    pub(crate) const fn makes_a_row(self) -> bool {
        match self {
            Self::Migrate | Self::Create | Self::Adopt => true,
            Self::Activate
            | Self::Deactivate
            | Self::Update
            | Self::Delete
            | Self::Rebind
            | Self::Check => false,
        }
    }
}

/// One account of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// The account.
    pub name: String,
    /// The zone that is asked for.
    pub zone: Option<String>,
    /// For `create` the definition, for `update` what changes, for the others the overrides.
    pub definition: Option<Definition>,
    /// What else the caller says. `fingerprint` and `agent` are read for `rebind`: which claim is accepted, if several
    /// differ.
    pub attributes: Attributes,
}

/// A request for a batch of accounts, each named once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// What is asked; absent: an action that this module does not know.
    pub action: Option<Action>,
    /// For which accounts.
    pub items: Vec<Item>,
}

/// What an agent answered for one account. What it taught stands in the holdings already.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The account.
    pub account: String,
    /// Absent: done.
    pub failure: Option<Failure>,
    /// Whether it was the answer to the newest operation.
    pub counted: bool,
    /// What had been asked: the context of the submission, read with [`OperationKind::parse`]. Absent: another module's.
    pub kind: Option<OperationKind>,
}

/// What happened at an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AgentEvent {
    /// It registered.
    Joined,
    /// It is gone.
    Left,
    /// It answered, or (an empty list) saw a change by itself.
    Reported(Vec<Answer>),
    /// Something that this module does not know; the accounts are looked at all the same.
    Unknown,
}

/// What the library is asked to decide about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A request.
    Handle(Request),
    /// Something happened at an agent that may concern these accounts.
    OnAgent {
        /// The agent.
        agent: String,
        /// Its instance.
        instance: String,
        /// What.
        event: AgentEvent,
        /// The accounts, with or without a row.
        accounts: Vec<String>,
    },
    /// Time has passed for these accounts.
    Tick {
        /// The accounts.
        accounts: Vec<String>,
    },
}

/// Why an item of a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `exists`, `unknown`, `not-in-source`, `bad-source`, `static`, `state`, `zone`, `policy`, or one of this module's
    /// own: `no-definition`, `no-agent`, `claims`.
    pub code: &'static str,
    /// A sentence for the caller.
    pub reason: String,
    /// The actions that the state allows now.
    pub possible: Vec<Action>,
}

/// What became of one item of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Fulfilled at the commit.
    Done,
    /// Accepted; it is finished by a later write, or by one of this call that says how it failed.
    Pending,
    /// Not accepted; nothing changes.
    Refused(Refused),
    /// The action is not known.
    Unsupported,
}
