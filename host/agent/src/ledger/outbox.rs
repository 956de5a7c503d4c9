//! What is still to be said, by account: an answer or an observation is looked up when it is sent, so that the newest
//! travels and nothing waits twice.

use std::collections::{BTreeSet, VecDeque};

use proto::agent::v1::{Observation, OperationResult};

/// How many refusals in passing wait; the oldest goes first. Each is given again when its operation comes again.
const IN_PASSING: usize = 10_000;

/// For how many heartbeats an observation is remembered after it was told: two of the times after which a bridge that
/// hears nothing gives an agent up. A bridge that cannot commit what it hears ends the stream sooner.
pub(super) const TOLD_BEATS: usize = 6;

/// Names in the order in which they came, each once.
#[derive(Debug, Default)]
struct Names {
    order: VecDeque<String>,
    members: BTreeSet<String>,
}

impl Names {
    fn add(&mut self, name: &str) {
        if self.members.insert(name.to_owned()) {
            self.order.push_back(name.to_owned());
        }
    }

    fn take(&mut self) -> Option<String> {
        let name = self.order.pop_front()?;
        self.members.remove(&name);
        Some(name)
    }
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    answers: Names,
    in_passing: VecDeque<OperationResult>,
    observed: Names,
    /// Observations are not acknowledged: those of the last heartbeats, the newest first, are repeated on a new stream.
    told: VecDeque<BTreeSet<String>>,
}

impl Outbox {
    /// The account's answer is to be sent.
    pub(crate) fn answer(&mut self, account: &str) {
        self.answers.add(account);
    }

    /// An answer that is not remembered is to be sent.
    pub(crate) fn in_passing(&mut self, result: OperationResult) {
        if self.in_passing.len() == IN_PASSING {
            self.in_passing.pop_front();
        }
        self.in_passing.push_back(result);
    }

    /// What is seen of the account is to be sent.
    pub(crate) fn observe(&mut self, account: &str) {
        self.observed.add(account);
    }

    /// Whether anything is to be sent.
    pub(crate) fn has_words(&self) -> bool {
        !self.answers.order.is_empty()
            || !self.in_passing.is_empty()
            || !self.observed.order.is_empty()
    }

    /// A heartbeat's time has passed.
    pub(crate) fn beat(&mut self) {
        self.told.push_front(BTreeSet::new());
        self.told.truncate(TOLD_BEATS);
    }

    /// A stream begins: what may have been lost with the old one is to be sent again.
    pub(crate) fn begin_again<'a>(&mut self, unacknowledged: impl Iterator<Item = &'a str>) {
        self.in_passing.clear();
        unacknowledged.for_each(|account| self.answers.add(account));
        let told = std::mem::take(&mut self.told);
        told.iter().rev().flatten().for_each(|account| self.observed.add(account));
    }

    /// Takes answers out, looking each up.
    pub(crate) fn take_answers(
        &mut self,
        limit: usize,
        look_up: impl Fn(&str) -> Option<OperationResult>,
    ) -> Vec<OperationResult> {
        let mut taken: Vec<OperationResult> =
            self.in_passing.drain(..limit.min(self.in_passing.len())).collect();
        while taken.len() < limit {
            let Some(name) = self.answers.take() else { break };
            taken.extend(look_up(&name));
        }
        taken
    }

    /// Takes observations out, looking each up.
    pub(crate) fn take_observed(
        &mut self,
        limit: usize,
        look_up: impl Fn(&str) -> Option<Observation>,
    ) -> Vec<Observation> {
        let mut taken = Vec::new();
        while taken.len() < limit {
            let Some(name) = self.observed.take() else { break };
            taken.extend(look_up(&name));
            if self.told.is_empty() {
                self.told.push_front(BTreeSet::new());
            }
            self.told[0].insert(name);
        }
        taken
    }
}
