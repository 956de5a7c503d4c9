//! What the agent remembers of every account: what is held, what is being worked on, and what was answered. Pure: it
//! decides about operations (`spec/agent-link.md`, rule 1) and starts, waits for and sends nothing.
//!
//! An account has one generation, one work and one answer at most. The answer is kept after it is acknowledged, so that
//! an operation that comes twice is not done twice.

mod entry;
mod outbox;

use std::collections::{BTreeMap, VecDeque};

use proto::agent::v1::{self as wire, operation::Kind};
use proto::bounds;

use crate::clusters::{Account, Change, Code, Refusal, Seen};
use crate::definition::Definition;
use entry::{Answer, Entry, Held, Work};
use outbox::Outbox;

/// How many accounts that are not held any more are remembered, with their last answers.
const REMEMBERED: usize = 10_000;

/// What is to be done about an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Todo {
    /// Look at the cluster, and say what was seen by [`Ledger::finish`].
    Look(Account),
    /// Stop watching the account; the answer is given.
    Release(String),
    /// Nothing more: it is answered, or under way.
    Nothing,
}

/// The decision about an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Work on an older operation for the account is over.
    pub overtakes: bool,
    /// What is to be done.
    pub todo: Todo,
}

impl Decision {
    fn only(todo: Todo) -> Self {
        Self { overtakes: false, todo }
    }
}

/// What is to be done when a look is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum After {
    /// Watch the account as it was looked at.
    Hold,
    /// Stop watching it.
    Release,
    /// Nothing: what is held stays as it was.
    Stay,
    /// Nothing: a newer operation has overtaken the look.
    Overtaken,
}

/// Everything that the agent remembers.
#[derive(Debug, Default)]
pub struct Ledger {
    accounts: BTreeMap<String, Entry>,
    /// The accounts of unacknowledged answers, by operation.
    unacknowledged: BTreeMap<String, String>,
    /// Accounts that may be forgotten, in the order in which they came to rest.
    resting: VecDeque<String>,
    outbox: Outbox,
}

impl Ledger {
    /// Puts an account of the agent's own configuration in.
    pub fn configure(&mut self, name: &str) {
        let entry = self.accounts.entry(name.to_owned()).or_default();
        entry.configured = true;
        entry.held = Some(Held { revision: 0 });
    }

    /// What is held, by name: the definition revision that it was given.
    pub fn holds(&self) -> impl Iterator<Item = (&str, u64)> {
        let held = self.accounts.iter().filter(|(_, entry)| entry.held.is_some());
        held.map(|(name, entry)| (name.as_str(), entry.revision()))
    }

    /// What is seen of an account that is held.
    #[must_use]
    pub fn seen(&self, account: &str) -> Option<wire::Observation> {
        self.accounts.get(account)?.observed(account)
    }

    /// How many accounts are held.
    #[must_use]
    pub fn held(&self) -> u64 {
        self.accounts.values().filter(|entry| entry.held.is_some()).count() as u64
    }

    /// Takes an operation in.
    pub fn admit(&mut self, operation: wire::Operation) -> Decision {
        if operation.id.is_empty() {
            return Decision::only(Todo::Nothing);
        }
        let kind = operation.kind();
        if operation.account.is_empty() || kind == Kind::Unspecified {
            let text = "the operation has no account or no kind that this agent knows";
            self.refuse_in_passing(&operation, Code::Internal, text);
            return Decision::only(Todo::Nothing);
        }
        let full = self.accounts.len() >= bounds::REGISTERED_ACCOUNTS;
        if full && !self.accounts.contains_key(&operation.account) {
            let text = "this agent holds and remembers as many accounts as one can; add another agent to its zone";
            self.refuse_in_passing(&operation, Code::Internal, text);
            return Decision::only(Todo::Nothing);
        }
        let entry = self.accounts.entry(operation.account.clone()).or_default();
        if entry.answer.as_ref().is_some_and(|a| a.result.operation_id == operation.id) {
            self.outbox.answer(&operation.account);
            return Decision::only(Todo::Nothing);
        }
        if entry.work.as_ref().is_some_and(|work| work.operation_id == operation.id) {
            return Decision::only(Todo::Nothing);
        }
        if let Some(seen) = entry.generation.filter(|seen| operation.generation <= *seen) {
            let text = format!("generation {} came after {seen}", operation.generation);
            self.refuse_in_passing(&operation, Code::Stale, &text);
            return Decision::only(Todo::Nothing);
        }
        self.begin(operation, kind)
    }

    /// Begins with an operation that is newer than everything before it.
    fn begin(&mut self, operation: wire::Operation, kind: Kind) -> Decision {
        let entry = self.accounts.entry(operation.account.clone()).or_default();
        entry.generation = Some(operation.generation);
        let overtakes = entry.work.take().is_some();
        if let Some(before) = entry.answer.take() {
            self.unacknowledged.remove(&before.result.operation_id);
        }
        let work = Work {
            operation_id: operation.id,
            generation: operation.generation,
            kind,
            revision: operation.definition_revision,
        };
        if entry.configured && kind != Kind::CheckAccounts {
            let refusal = Refusal::new(
                Code::IdentityConflict,
                "the account stands in this agent's own configuration, which alone decides about it",
            );
            self.answer(&operation.account, &work, Err(refusal), 0);
            return Decision { overtakes, todo: Todo::Nothing };
        }
        if kind == Kind::DeleteAccounts {
            entry.let_go();
            self.answer(&operation.account, &work, Ok(None), 0);
            return Decision { overtakes, todo: Todo::Release(operation.account) };
        }
        entry.work = Some(work);
        let definition = Definition::new(operation.definition);
        let account = Account { name: operation.account, definition };
        Decision { overtakes, todo: Todo::Look(account) }
    }

    /// Takes in what the look for an operation showed.
    pub fn finish(
        &mut self,
        name: &str,
        operation_id: &str,
        looked: &Result<Seen, Refusal>,
        took_ms: u64,
    ) -> After {
        let Some(entry) = self.accounts.get_mut(name) else { return After::Overtaken };
        let Some(work) = entry.work.take_if(|work| work.operation_id == operation_id) else {
            return After::Overtaken;
        };
        let after = match (work.kind, looked) {
            (Kind::CheckAccounts, _) | (Kind::UpdateAccounts, Err(_)) => {
                // The answer says nothing of how that stands, and may have overtaken one that did.
                if entry.held.is_some() {
                    self.outbox.observe(name);
                }
                After::Stay
            }
            (_, Ok(seen)) => {
                entry.held = Some(Held { revision: work.revision });
                entry.saw(Ok(()), Some(&seen.identity), seen.namespaces.as_ref());
                if seen.namespaces.is_some() {
                    self.outbox.observe(name);
                }
                After::Hold
            }
            (_, Err(_)) => {
                entry.let_go();
                After::Release
            }
        };
        let outcome = looked.as_ref().map(Some).map_err(Clone::clone);
        self.answer(name, &work, outcome, took_ms);
        after
    }

    /// Takes in what was seen at an account without anybody having asked.
    pub fn changed(&mut self, change: &Change) {
        let Some(entry) = self.accounts.get_mut(&change.account) else { return };
        if entry.held.is_some() {
            entry.saw(change.health.clone(), change.identity.as_ref(), change.namespaces.as_ref());
            self.outbox.observe(&change.account);
        }
    }

    /// The bridge has committed the answers to these operations.
    pub fn acknowledged(&mut self, operations: &[String]) {
        for operation in operations {
            let Some(name) = self.unacknowledged.remove(operation) else { continue };
            let Some(entry) = self.accounts.get_mut(&name) else { continue };
            if let Some(answer) = &mut entry.answer {
                answer.acknowledged = true;
            }
            if entry.rests() && !std::mem::replace(&mut entry.resting, true) {
                self.resting.push_back(name);
            }
        }
        while self.resting.len() > REMEMBERED {
            let Some(name) = self.resting.pop_front() else { break };
            let Some(entry) = self.accounts.get_mut(&name) else { continue };
            entry.resting = false;
            if entry.rests() {
                self.accounts.remove(&name);
            }
        }
    }

    /// A stream begins: what the bridge is told in its registration, and what is to be said again after it.
    pub fn register(&mut self) -> Vec<wire::HeldAccount> {
        let waiting = self.unacknowledged.values().map(String::as_str);
        self.outbox.begin_again(waiting);
        // A registration says no namespaces, and the bridge forgets those of a name with its row: what stands in the own
        // configuration has a row again by being registered.
        let own = self.accounts.iter().filter(|(_, entry)| entry.configured);
        own.filter(|(_, entry)| entry.has_namespaces())
            .for_each(|(name, _)| self.outbox.observe(name));
        self.accounts.iter().filter_map(|(name, entry)| entry.registered(name)).collect()
    }

    /// A heartbeat's time has passed: what was sent before the last one, and is not acknowledged, is to be sent again.
    pub fn beat(&mut self) {
        self.outbox.beat();
        for name in self.unacknowledged.values() {
            let answer = self.accounts.get_mut(name).and_then(|entry| entry.answer.as_mut());
            let Some(answer) = answer else { continue };
            if std::mem::replace(&mut answer.waited, true) {
                self.outbox.answer_again(name);
            }
        }
    }

    /// Whether there is something to say.
    #[must_use]
    pub fn has_words(&self) -> bool {
        self.outbox.has_words()
    }

    /// The next answers to be sent, `limit` at most.
    pub fn next_results(&mut self, limit: usize) -> Vec<wire::OperationResult> {
        let accounts = &self.accounts;
        self.outbox.take_answers(limit, |name| {
            accounts.get(name)?.answer.as_ref().map(|answer| answer.result.clone())
        })
    }

    /// The next observations to be sent, `limit` at most.
    pub fn next_observations(&mut self, limit: usize) -> Vec<wire::Observation> {
        let accounts = &self.accounts;
        self.outbox.take_observed(limit, |name| accounts.get(name)?.observed(name))
    }

    /// Gives a message with these observations its number.
    pub fn say(&mut self, observations: &[wire::Observation]) -> u64 {
        self.outbox.say(observations.iter().map(|seen| seen.account.as_str()))
    }

    /// The bridge has committed the observations of these messages.
    pub fn heard(&mut self, numbers: &[u64]) {
        self.outbox.heard(numbers);
    }

    fn answer(
        &mut self,
        name: &str,
        work: &Work,
        outcome: Result<Option<&Seen>, Refusal>,
        took_ms: u64,
    ) {
        let entry = self.accounts.entry(name.to_owned()).or_default();
        let is_check = work.kind == Kind::CheckAccounts;
        let (identity, namespaces, failure) = match outcome {
            Ok(seen) => (
                seen.map(|seen| seen.identity.clone().into()),
                seen.filter(|_| is_check).and_then(Seen::namespaces_in_an_answer),
                None,
            ),
            Err(refusal) => (None, None, Some(refusal.into())),
        };
        let result = wire::OperationResult {
            operation_id: work.operation_id.clone(),
            account: name.to_owned(),
            generation: work.generation,
            failure,
            held: entry.held.is_some(),
            definition_revision: entry.revision(),
            identity,
            namespaces,
            took_ms,
        };
        self.unacknowledged.insert(result.operation_id.clone(), name.to_owned());
        entry.answer = Some(Answer { result, acknowledged: false, waited: false });
        self.outbox.answer(name);
    }

    /// Refuses an operation that changes nothing of what is remembered. If the answer is lost, the operation comes again.
    fn refuse_in_passing(&mut self, operation: &wire::Operation, code: Code, text: &str) {
        let entry = self.accounts.get(&operation.account);
        self.outbox.in_passing(wire::OperationResult {
            operation_id: operation.id.clone(),
            account: operation.account.clone(),
            generation: operation.generation,
            failure: Some(Refusal::new(code, text).into()),
            held: entry.is_some_and(|entry| entry.held.is_some()),
            definition_revision: entry.map_or(0, Entry::revision),
            identity: None,
            namespaces: None,
            took_ms: 0,
        });
    }
}

#[cfg(test)]
mod tests;
