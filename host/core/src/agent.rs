//! Agents: who is there, and what they say.

use crate::account::{Failure, Identity};
use crate::clock::Millis;
use crate::operation::SeenNamespaces;

/// Whether an agent is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Presence {
    /// Its stream is open.
    Connected,
    /// It was connected when the bridge stopped and is within `agents.grace`.
    Awaited,
    /// Its stream ended, it was silent for too long, or it did not come back in time.
    Gone,
}

impl Presence {
    /// The word in the database and in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connected => "connected",
            Self::Awaited => "awaited",
            Self::Gone => "gone",
        }
    }
}

impl std::str::FromStr for Presence {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "connected" => Ok(Self::Connected),
            "awaited" => Ok(Self::Awaited),
            "gone" => Ok(Self::Gone),
            _ => Err(()),
        }
    }
}

/// A row of `swingbridge_agents`: the last word about an agent.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agent {
    /// The agent's id (pod name).
    pub id: String,
    /// The instance that registered last.
    pub instance: String,
    /// Its zone.
    pub zone: String,
    /// Names the stream; a late good-bye of an older one changes nothing.
    pub session: String,
    /// Whether it is there.
    pub presence: Presence,
    /// Since when.
    pub presence_since: Millis,
    /// The last word that came from it.
    pub last_seen: Millis,
    /// The presence whose consequences for accounts are all committed; lower than `presence` after a crash between.
    pub settled: Presence,
    /// The program's version.
    pub version: String,
    /// The replica of the bridge that has, or had, its stream.
    pub replica: String,
    /// The count of all changes of agents' rows when this one changed last.
    pub changed: u64,
}

/// What an agent says of itself when it opens a stream, all parts put together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Registration {
    /// The agent's id.
    pub agent: String,
    /// Its instance.
    pub instance: String,
    /// Its zone.
    pub zone: String,
    /// The program's version.
    pub version: String,
    /// Everything it holds, each name once.
    pub accounts: Vec<HeldAccount>,
}

/// One account in a [`Registration`] or an observation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldAccount {
    /// The account.
    pub account: String,
    /// It stands in the agent's own configuration.
    pub configured: bool,
    /// Held, and at which definition revision (0: the agent does not say); `None`: not held.
    pub held: Option<u64>,
    /// The highest generation seen.
    pub generation: u64,
    /// What is seen of the cluster.
    pub identity: Option<Identity>,
    /// Whether the cluster answers; absent if not looked at.
    pub healthy: Option<bool>,
    /// Why it is not healthy, in the agent's words; absent if it is, or if the agent does not say.
    pub failure: Option<Failure>,
    /// The namespaces seen; absent if not looked at.
    pub namespaces: Option<Vec<String>>,
}

/// An agent's answer to an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationResult {
    /// The operation.
    pub operation: String,
    /// The account.
    pub account: String,
    /// The operation's generation, as the agent saw it.
    pub generation: u64,
    /// Absent: done.
    pub failure: Option<Failure>,
    /// What is held now.
    pub held: Option<u64>,
    /// The agent never got it: the bridge answers in its stead, and says nothing of what is held.
    pub undelivered: bool,
    /// What was seen of the cluster.
    pub identity: Option<Identity>,
    /// Of a check: the namespaces that were seen; absent if not looked at.
    pub namespaces: Option<SeenNamespaces>,
    /// How long the agent worked on it, in milliseconds.
    pub took_ms: u64,
}
