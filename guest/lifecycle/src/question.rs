//! What the library asks its driver on the way to a decision, and the answers.

use std::collections::{HashMap, HashSet};

use crate::account::{Attributes, Definition, Failure};

/// Zones whose agents are needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Zones {
    /// All of them: an account without a zone is concerned.
    All,
    /// These.
    Of(Vec<String>),
}

/// An account that a policy is asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub name: String,
    /// The zone that is asked for, or that it has.
    pub zone: Option<String>,
    /// The definition in question; absent: the row's own.
    pub definition: Option<Definition>,
    /// What the caller says besides.
    pub attributes: Attributes,
}

/// The answer to *may this account exist, and like this?*
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No, because.
    Deny(String),
    /// Yes, with this definition in place of the one that was asked about.
    Amend(Definition),
}

/// The answer to *where should it live?*
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Placement {
    /// Where it says.
    Keep,
    /// There.
    Zone(String),
    /// Nowhere, because.
    Refuse(String),
}

/// A try that failed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FailedTry {
    /// The account.
    pub name: String,
    /// Tries that failed, this one included.
    pub failed_count: u32,
    /// Why.
    pub failure: Failure,
}

/// The answer to *when to try again?*
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backoff {
    /// After this many milliseconds.
    After(u64),
    /// Never.
    GiveUp,
}

/// What is missing. Each list is to be answered whole, in its order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Questions {
    /// Agents to be added to the snapshot, with [`crate::Snapshot::add_agents`].
    pub agents: Option<Zones>,
    /// For the policy `admit`.
    pub admit: Vec<Subject>,
    /// For the policy `place`.
    pub place: Vec<Subject>,
    /// For the policy `retry`.
    pub retry: Vec<FailedTry>,
}

impl Questions {
    pub(crate) fn is_empty(&self) -> bool {
        self.agents.is_none()
            && self.admit.is_empty()
            && self.place.is_empty()
            && self.retry.is_empty()
    }

    /// Asks a question about a try, once.
    pub(crate) fn ask_retry(&mut self, question: FailedTry) {
        if !self.retry.contains(&question) {
            self.retry.push(question);
        }
    }
}

/// The policies' answers of this call so far. Only valid together with the snapshot that they were given for.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    admit: HashMap<String, Verdict>,
    place: HashMap<String, Placement>,
    retry: HashMap<FailedTry, Backoff>,
}

impl Answers {
    /// Takes the answers of `admit`, in the order of the questions. A question left without an answer is asked again.
    pub fn admit(&mut self, questions: &[Subject], answers: Vec<Verdict>) {
        self.admit.extend(questions.iter().map(|q| q.name.clone()).zip(answers));
    }

    /// Takes the answers of `place`.
    pub fn place(&mut self, questions: &[Subject], answers: Vec<Placement>) {
        self.place.extend(questions.iter().map(|q| q.name.clone()).zip(answers));
    }

    /// Takes the answers of `retry`.
    pub fn retry(&mut self, questions: &[FailedTry], answers: Vec<Backoff>) {
        self.retry.extend(questions.iter().cloned().zip(answers));
    }

    pub(crate) fn verdict(&self, name: &str) -> Option<&Verdict> {
        self.admit.get(name)
    }

    pub(crate) fn placement(&self, name: &str) -> Option<&Placement> {
        self.place.get(name)
    }

    pub(crate) fn backoff(&self, question: &FailedTry) -> Option<Backoff> {
        self.retry.get(question).copied()
    }
}

/// Which zones' agents stand in a snapshot.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadZones {
    all: bool,
    of: HashSet<String>,
}

impl ReadZones {
    pub(crate) fn add(&mut self, zones: &Zones) {
        match zones {
            Zones::All => self.all = true,
            Zones::Of(zones) => self.of.extend(zones.iter().cloned()),
        }
    }

    pub(crate) fn is_all(&self) -> bool {
        self.all
    }

    pub(crate) fn covers(&self, zone: &str) -> bool {
        self.all || self.of.contains(zone)
    }
}
