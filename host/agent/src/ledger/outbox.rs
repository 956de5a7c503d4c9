//! What is still to be said, by account: an answer or an observation is looked up when it is sent, so that the newest
//! travels and nothing waits twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proto::agent::v1::{Observation, OperationResult};

/// How many refusals in passing wait; the oldest goes first. Each is given again when its operation comes again.
const IN_PASSING: usize = 10_000;

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

/// The message in which something was said that nobody has acknowledged.
#[derive(Debug)]
struct Said {
    number: u64,
    /// A heartbeat's time has passed since.
    waited: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    answers: Names,
    in_passing: VecDeque<OperationResult>,
    observed: Names,
    /// Accounts whose newest observation is not acknowledged.
    unheard: BTreeMap<String, Said>,
    /// Of the last message with observations.
    number: u64,
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

    /// A heartbeat's time has passed: observations that were sent before the last one, and are not acknowledged, are to
    /// be sent again.
    pub(crate) fn beat(&mut self) {
        for (account, said) in &mut self.unheard {
            if std::mem::replace(&mut said.waited, true) {
                self.observed.add(account);
            }
        }
    }

    /// A stream begins: what may have been lost with the old one is to be sent again.
    pub(crate) fn begin_again<'a>(&mut self, unacknowledged: impl Iterator<Item = &'a str>) {
        self.in_passing.clear();
        unacknowledged.for_each(|account| self.answer_again(account));
        std::mem::take(&mut self.unheard).keys().for_each(|account| self.observed.add(account));
    }

    /// The account's answer is to be sent once more, and after it what was seen since: the answer may be older.
    pub(crate) fn answer_again(&mut self, account: &str) {
        self.answers.add(account);
        self.observed.add(account);
    }

    /// These observations travel in one message now. Its number.
    pub(crate) fn say<'a>(&mut self, accounts: impl Iterator<Item = &'a str>) -> u64 {
        self.number += 1;
        for account in accounts {
            let said = Said { number: self.number, waited: false };
            self.unheard.insert(account.to_owned(), said);
        }
        self.number
    }

    /// The observations of these messages are taken in.
    pub(crate) fn heard(&mut self, numbers: &[u64]) {
        if !numbers.is_empty() {
            self.unheard.retain(|_, said| !numbers.contains(&said.number));
        }
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
            // What nobody holds any more has nothing to be heard of it either.
            let seen = look_up(&name);
            if seen.is_none() {
                self.unheard.remove(&name);
            }
            taken.extend(seen);
        }
        taken
    }
}
