//! What is remembered of one account.

use proto::agent::v1::{self as wire, Health, Origin, operation::Kind};
use proto::bounds;

use crate::clusters::{Identity, Refusal};

/// An account that is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// The definition revision that it was given.
    pub(crate) revision: u64,
}

/// An operation that is being worked on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) operation_id: String,
    pub(crate) generation: u64,
    pub(crate) kind: Kind,
    pub(crate) revision: u64,
}

/// The last answer.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub(crate) result: wire::OperationResult,
    pub(crate) acknowledged: bool,
    /// A heartbeat has passed since it was given.
    pub(crate) waited: bool,
}

/// One account.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) configured: bool,
    /// The highest generation seen.
    pub(crate) generation: Option<u64>,
    pub(crate) held: Option<Held>,
    pub(crate) work: Option<Work>,
    pub(crate) answer: Option<Answer>,
    /// It stands among those that may be forgotten.
    pub(crate) resting: bool,
    identity: Option<Identity>,
    /// Whether its cluster answers as it should, or why it does not; none: it was not looked at.
    health: Option<Result<(), Refusal>>,
    namespaces: Option<Vec<String>>,
}

impl Entry {
    /// It is held no more, and nothing is known of its cluster.
    pub(crate) fn let_go(&mut self) {
        self.held = None;
        self.identity = None;
        self.health = None;
        self.namespaces = None;
    }

    /// Something was seen of its cluster. What was not looked at stays as it was.
    pub(crate) fn saw(
        &mut self,
        health: Result<(), Refusal>,
        identity: Option<&Identity>,
        namespaces: Option<&Vec<String>>,
    ) {
        self.health = Some(health);
        if let Some(identity) = identity {
            self.identity = Some(identity.clone());
        }
        if let Some(namespaces) = namespaces {
            self.namespaces = Some(namespaces.iter().take(bounds::NAMESPACES).cloned().collect());
        }
    }

    /// Whether its namespaces were seen.
    pub(crate) fn has_namespaces(&self) -> bool {
        self.namespaces.is_some()
    }

    /// The definition revision that is held; 0 if none is.
    pub(crate) fn revision(&self) -> u64 {
        self.held.map_or(0, |held| held.revision)
    }

    /// Whether nothing about it is open, so that it may be forgotten.
    pub(crate) fn rests(&self) -> bool {
        self.held.is_none()
            && self.work.is_none()
            && self.answer.as_ref().is_none_or(|answer| answer.acknowledged)
    }

    /// Its line in a registration; none if there is nothing to say of it.
    pub(crate) fn registered(&self, name: &str) -> Option<wire::HeldAccount> {
        if self.held.is_none() && self.generation.is_none() {
            return None;
        }
        Some(wire::HeldAccount {
            name: name.to_owned(),
            origin: self.origin().into(),
            held: self.held.is_some(),
            definition_revision: self.revision(),
            generation: self.generation.unwrap_or_default(),
            identity: self.identity.clone().map(Into::into),
            health: self.health().into(),
            failure: self.failure(),
        })
    }

    /// What is seen of it; none if it is not held.
    pub(crate) fn observed(&self, name: &str) -> Option<wire::Observation> {
        self.held.map(|held| wire::Observation {
            account: name.to_owned(),
            identity: self.identity.clone().map(Into::into),
            health: self.health().into(),
            failure: self.failure(),
            namespaces_seen: self.namespaces.is_some(),
            namespaces: self.namespaces.clone().unwrap_or_default(),
            held: true,
            definition_revision: held.revision,
            origin: self.origin().into(),
        })
    }

    fn health(&self) -> Health {
        match &self.health {
            None => Health::Unspecified,
            Some(Ok(())) => Health::Healthy,
            Some(Err(_)) => Health::Unreachable,
        }
    }

    fn failure(&self) -> Option<wire::Failure> {
        self.health.clone()?.err().map(Into::into)
    }

    fn origin(&self) -> Origin {
        if self.configured { Origin::Configured } else { Origin::Given }
    }
}
