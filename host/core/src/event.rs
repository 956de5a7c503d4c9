//! What happens: the events that a lifecycle module is called with, and its answers.

use crate::account::{DefinitionId, Failure};
use crate::clock::Millis;

/// What a request asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Take a copy of a source's account.
    Migrate,
    /// A new account with a definition of its own.
    Create,
    /// Take and activate at once.
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
    /// Ask the agents whether they reach it.
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

    /// The word in the journal, the database and answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
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
}

impl std::str::FromStr for Action {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|action| action.as_str() == text).ok_or(())
    }
}

/// A definition's handle, as a module sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DefinitionRef {
    /// The handle.
    pub id: DefinitionId,
    /// The attributes that it sets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keys: Vec<String>,
}

/// One account of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// The account.
    pub name: String,
    /// The zone that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// The definition, the change or the overrides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub definition: Option<DefinitionRef>,
    /// What else the caller says, by the keys that `wit/README.md` registers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attributes: Vec<(String, String)>,
}

/// A request for a batch of accounts.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// ULID.
    pub id: String,
    /// What is asked.
    pub action: Action,
    /// Who asks.
    pub who: String,
    /// For which accounts, each named once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub items: Vec<Item>,
}

/// What an agent answered for one account, as a module sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Answered {
    /// The account.
    pub account: String,
    /// The operation.
    pub operation: String,
    /// Its generation.
    pub generation: u64,
    /// Absent: done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
    /// Whether it was the answer to the newest operation.
    pub counted: bool,
    /// What the module gave with the submission.
    pub context: String,
    /// The digest of the module that submitted.
    pub module: String,
    /// Its data version.
    pub data_version: u32,
}

/// What happened at an agent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum AgentEvent {
    /// It registered.
    Joined,
    /// It is gone.
    Left,
    /// It answered, or (an empty list) saw a change by itself.
    Reported(Vec<Answered>),
}

impl AgentEvent {
    /// The word in logs.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Joined => "joined",
            Self::Left => "left",
            Self::Reported(_) => "reported",
        }
    }
}

/// Why a module is asked about accounts without anybody having said anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TickReason {
    /// Their due time has come.
    Due,
    /// The slow pass.
    Sweep,
}

/// What a module is called with.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Event {
    /// `handle`.
    Handle(Request),
    /// `on-agent`.
    OnAgent {
        /// The agent.
        agent: String,
        /// Its instance.
        instance: String,
        /// What happened.
        event: AgentEvent,
        /// The accounts that it may concern.
        accounts: Vec<String>,
    },
    /// `tick`.
    Tick {
        /// Why.
        reason: TickReason,
        /// The accounts.
        accounts: Vec<String>,
    },
}

impl Event {
    /// The accounts that the call is about: its batch. A module may change no other rows.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Handle(request) => request.items.iter().map(|item| item.name.clone()).collect(),
            Self::OnAgent { accounts, .. } | Self::Tick { accounts, .. } => accounts.clone(),
        }
    }

    /// The export that takes the event.
    #[must_use]
    pub fn export(&self) -> &'static str {
        match self {
            Self::Handle(_) => "handle",
            Self::OnAgent { .. } => "on-agent",
            Self::Tick { .. } => "tick",
        }
    }

    /// The same event for the accounts at these places of its batch.
    #[must_use]
    pub fn part(&self, places: std::ops::Range<usize>) -> Self {
        match self {
            Self::Handle(request) => Self::Handle(Request {
                id: request.id.clone(),
                action: request.action,
                who: request.who.clone(),
                items: request.items[places].to_vec(),
            }),
            Self::OnAgent { agent, instance, event, accounts } => {
                let accounts = accounts[places].to_vec();
                let event = match event {
                    AgentEvent::Joined => AgentEvent::Joined,
                    AgentEvent::Left => AgentEvent::Left,
                    AgentEvent::Reported(answers) => AgentEvent::Reported(
                        answers.iter().filter(|a| accounts.contains(&a.account)).cloned().collect(),
                    ),
                };
                Self::OnAgent { agent: agent.clone(), instance: instance.clone(), event, accounts }
            }
            Self::Tick { reason, accounts } => {
                Self::Tick { reason: *reason, accounts: accounts[places].to_vec() }
            }
        }
    }
}

/// Why an item is refused.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Refused {
    /// `exists`, `unknown`, `not-in-source`, `bad-source`, `static`, `state`, `zone`, `policy`, or the module's own.
    pub code: String,
    /// A sentence for the caller.
    pub reason: String,
    /// The actions that the state allows now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub possible: Vec<String>,
}

/// What became of one item of a request.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Fulfilled at the commit.
    Done,
    /// Accepted; a later unit ends it.
    Pending,
    /// Not accepted.
    Refused(Refused),
    /// The module does not know the action.
    Unsupported,
}

/// What an export answered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Answer {
    /// Of `handle`: one per item, in their order.
    Outcomes(Vec<Outcome>),
    /// Of `on-agent`.
    Nothing,
    /// Of `tick`: when to be called next at the latest.
    Wake(Option<Millis>),
}
