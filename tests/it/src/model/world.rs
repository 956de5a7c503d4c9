//! What a state of the model is made of, and what a configuration fixes.

use std::collections::BTreeMap;

use guest_lifecycle::{Action, Rules};
use host_core::account::{Account, Identity};
use host_core::agent::{OperationResult, Presence};
use host_core::holding::Holding;
use host_core::operation::Operation;

use super::moves::Faults;

/// The time of every state; what happens later is moved back to it.
pub(super) const NOW: u64 = 1_000_000;
/// Every duration of the settings, and every wait of the retry policy.
pub(super) const WAIT: u64 = 1_000;

/// What is explored.
#[derive(Debug)]
pub(super) struct Configuration {
    pub(super) accounts: usize,
    /// The zone of each agent.
    pub(super) agents: &'static [&'static str],
    /// The zone that accounts are created in.
    pub(super) zone: Option<&'static str>,
    /// The requests that are made, at any time.
    pub(super) asked: &'static [Action],
    pub(super) faults: Faults,
    /// Agents see one of two clusters under a name, and which may change at any time. Otherwise none is told of.
    pub(super) turns: bool,
    /// Tries until the retry policy gives up.
    pub(super) tries: u32,
}

/// Which of the rules are kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant {
    /// Rules 2 and 11, the guest's.
    pub(super) rules: Rules,
    /// Rule 12: a submission withdraws older ones.
    pub(super) withdraws: bool,
    /// Rule 13: an answer counts only if it is the newest.
    pub(super) counts_answers: bool,
    /// Rule 14: generations outlive rows.
    pub(super) outlives_rows: bool,
}

impl Variant {
    pub(super) const FAITHFUL: Self =
        Self { rules: Rules::ALL, withdraws: true, counts_answers: true, outlives_rows: true };
}

/// One of two clusters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cluster {
    One,
    Other,
}

impl Cluster {
    pub(super) fn turned(self) -> Self {
        match self {
            Self::One => Self::Other,
            Self::Other => Self::One,
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Other => "other",
        }
    }

    pub(super) fn identity(self) -> Identity {
        let name = self.as_str();
        Identity { host: name.to_owned(), fingerprint: name.to_owned(), version: String::new() }
    }

    /// The cluster of an identity that [`Self::identity`] gave.
    pub(super) fn of(identity: &Identity) -> Self {
        if identity.host == Self::One.as_str() { Self::One } else { Self::Other }
    }
}

/// An agent's process and what the bridge knows of its presence.
#[derive(Debug, Clone)]
pub(super) struct Side {
    pub(super) id: String,
    pub(super) zone: String,
    /// The process that runs.
    pub(super) instance: String,
    /// The process that registered last; another one is not connected, whatever the bridge believes.
    pub(super) registered: String,
    pub(super) presence: Presence,
    /// The agent was still there at this time, if it is gone.
    pub(super) gone_since: u64,
    /// Which cluster it sees, if clusters are told of.
    pub(super) sees: Option<Cluster>,
    /// What it really holds, by account: a definition revision.
    pub(super) holds: BTreeMap<String, u64>,
    /// The highest generation that this instance has seen, by account, and its answer.
    pub(super) seen: BTreeMap<String, OperationResult>,
}

/// An operation in the outbox.
#[derive(Debug, Clone)]
pub(super) struct Pending {
    pub(super) operation: Operation,
    /// It was put on the present stream.
    pub(super) handed: bool,
}

/// Something on its way to the bridge, or being worked on there.
#[derive(Debug, Clone)]
pub(super) enum Message {
    /// A part of a registration: what the agent says of one account.
    Joined { agent: usize, account: String, holds: Option<u64> },
    /// An agent is gone, and one account has not been looked at since.
    Left { agent: usize, account: String },
    /// Another cluster is seen under an account that is held. What is told is what is seen when it is taken in.
    Turned { agent: usize, account: String },
    /// An answer, with the operation's row as it was asked. `late`: it came before already.
    Answer { agent: usize, asked: Operation, result: OperationResult, late: bool },
}

impl Message {
    /// Whether it is an answer or an observation of this agent, which is lost with its stream.
    pub(super) fn is_word_of(&self, who: usize) -> bool {
        match self {
            Self::Answer { agent, .. } | Self::Turned { agent, .. } => *agent == who,
            Self::Joined { .. } | Self::Left { .. } => false,
        }
    }
}

/// A state of the model.
#[derive(Debug, Clone)]
pub(super) struct World {
    /// See [`Configuration::tries`].
    pub(super) tries: u32,
    pub(super) rows: BTreeMap<String, Account>,
    /// Which of two definitions a row has.
    pub(super) definitions: BTreeMap<String, bool>,
    pub(super) holdings: BTreeMap<(String, String), Holding>,
    pub(super) outbox: Vec<Pending>,
    /// The count of generations, by name.
    pub(super) counts: BTreeMap<String, u64>,
    pub(super) agents: Vec<Side>,
    pub(super) messages: Vec<Message>,
}

impl World {
    pub(super) fn new(configuration: &Configuration) -> Self {
        let sides = configuration.agents.iter().enumerate().map(|(at, zone)| Side {
            id: format!("a{at}"),
            zone: (*zone).to_owned(),
            instance: format!("a{at}"),
            registered: format!("a{at}"),
            presence: Presence::Gone,
            gone_since: NOW - WAIT,
            sees: configuration.turns.then_some(Cluster::One),
            holds: BTreeMap::new(),
            seen: BTreeMap::new(),
        });
        Self {
            tries: configuration.tries,
            rows: BTreeMap::new(),
            definitions: BTreeMap::new(),
            holdings: BTreeMap::new(),
            outbox: Vec::new(),
            counts: BTreeMap::new(),
            agents: sides.collect(),
            messages: Vec::new(),
        }
    }

    pub(super) fn names(configuration: &Configuration) -> Vec<String> {
        (0..configuration.accounts).map(|at| format!("acc{at}")).collect()
    }

    /// Whether a part of the agent's registration has not been taken in yet.
    pub(super) fn is_registering(&self, agent: usize) -> bool {
        self.messages
            .iter()
            .any(|message| matches!(message, Message::Joined { agent: who, .. } if *who == agent))
    }
}
