//! What must be true at every moment (design §5), asked of every commit, every effect and every acknowledgement.
//!
//! It keeps a second record of its own, so that a fault of the store cannot hide what it does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::description::Description;
use host_core::journal::JournalEntry;
use host_core::operation::OperationState;
use host_core::unit::Unit;

use crate::trace::Trace;

/// The value that must be found in no table.
pub const PLANTED: &str = "TOKEN-planted";

/// An operation as it was committed.
#[derive(Debug)]
struct Asked {
    account: String,
    agent: String,
    pending: bool,
    answered: bool,
}

#[derive(Debug, Default)]
struct Facts {
    commits: u64,
    /// State and revision of each row.
    rows: BTreeMap<String, (String, u64)>,
    /// The highest revision that a name ever had.
    revisions: BTreeMap<String, u64>,
    /// The highest generation that a name ever had.
    generations: BTreeMap<String, u64>,
    operations: BTreeMap<String, Asked>,
    /// Operations that an agent has done.
    done: BTreeSet<String>,
    /// The generation that last took effect, by instance and account.
    effects: BTreeMap<(String, String), u64>,
    /// Items that have ended.
    ended: BTreeSet<(String, String)>,
}

/// Looks at everything that is committed.
#[derive(Debug)]
pub struct Watch {
    description: Arc<Description>,
    trace: Arc<Trace>,
    facts: Mutex<Facts>,
}

impl Watch {
    /// Holds units against what a module declares.
    #[must_use]
    pub fn new(description: Arc<Description>, trace: Arc<Trace>) -> Self {
        Self { description, trace, facts: Mutex::default() }
    }

    fn facts(&self) -> MutexGuard<'_, Facts> {
        self.facts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many units were committed.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.facts().commits
    }

    /// A unit was committed.
    pub fn committed(&self, unit: &Unit) {
        let mut facts = self.facts();
        facts.commits += 1;
        self.tell(unit);
        for what in
            [self.rows(&mut facts, unit), operations(&mut facts, unit), items(&mut facts, unit)]
        {
            if let Err(what) = what {
                self.trace.violated(what);
            }
        }
    }

    fn tell(&self, unit: &Unit) {
        self.trace.say(format_args!("commit {} at {}", unit.call, unit.at));
        for step in &unit.journal {
            let (from, to) = (step.from.as_deref(), step.to.as_deref());
            let (from, to) = (from.unwrap_or("-"), to.unwrap_or("-"));
            self.trace.say(format_args!(
                "      {}: {from} -{}-> {to} by {} ({})",
                step.account, step.event, step.who, step.reason
            ));
        }
        for sent in &unit.operations {
            self.trace.say(format_args!(
                "      {:?} {} for {} to {} ({}), generation {}, not before {:?}",
                sent.kind,
                sent.id,
                sent.account,
                sent.agent,
                sent.instance,
                sent.generation,
                sent.not_before
            ));
        }
        for end in &unit.ended {
            self.trace.say(format_args!("      {} ends {:?}", end.id, end.state));
        }
        for row in &unit.updates {
            self.trace.explain(format_args!(
                "{} is {} at {}, due {:?}",
                row.account.name, row.account.state, row.account.revision, row.account.due_at
            ));
        }
        for write in &unit.holdings {
            let known = &write.holding;
            self.trace.explain(format_args!(
                "{} of {} ({}) is {:?}, asked {:?}",
                known.account,
                known.agent,
                known.instance,
                known.observed,
                known.operation.as_ref().map(|o| o.generation)
            ));
        }
        for item in unit.new_items.iter().chain(&unit.finished_items) {
            self.trace.explain(format_args!(
                "item {}/{} is {}",
                item.request,
                item.name,
                item.outcome.as_str()
            ));
        }
    }

    fn rows(&self, facts: &mut Facts, unit: &Unit) -> Result<(), String> {
        for row in &unit.inserts {
            let account = &row.account;
            let name = &account.name;
            if facts.rows.contains_key(name) {
                return Err(format!("{name} comes into being and is there already"));
            }
            if facts.revisions.get(name).is_some_and(|last| account.revision <= *last) {
                return Err(format!("revision {} of {name} is given twice", account.revision));
            }
            self.steps(unit, name, None, Some(&account.state))?;
            facts.moved(name, &account.state, account.revision);
        }
        for row in &unit.updates {
            let name = &row.account.name;
            let Some((state, revision)) = facts.rows.get(name).cloned() else {
                return Err(format!("{name} changes and is not there"));
            };
            if row.account.revision != revision + 1 {
                return Err(format!(
                    "{name} goes from revision {revision} to {}",
                    row.account.revision
                ));
            }
            self.steps(unit, name, Some(&state), Some(&row.account.state))?;
            facts.moved(name, &row.account.state, row.account.revision);
        }
        for row in &unit.removals {
            let Some((state, revision)) = facts.rows.remove(&row.name) else {
                return Err(format!("{} ends and is not there", row.name));
            };
            if row.expected != revision {
                return Err(format!("{} ends at a revision that it is not at", row.name));
            }
            self.steps(unit, &row.name, Some(&state), None)?;
            facts.revisions.insert(row.name.clone(), revision + 1);
        }
        Ok(())
    }

    /// The journal leads from one state to the other, along declared edges.
    fn steps(
        &self,
        unit: &Unit,
        name: &str,
        from: Option<&str>,
        to: Option<&str>,
    ) -> Result<(), String> {
        let of_row = |step: &&JournalEntry| step.account == name;
        let mut at = from;
        for step in unit.journal.iter().filter(of_row) {
            if step.from.as_deref() != at {
                return Err(format!("{name} is {at:?} and the journal says {:?}", step.from));
            }
            if !self.description.declares(at, &step.event, step.to.as_deref()) {
                return Err(format!(
                    "{name} takes an edge that is not declared: {at:?} -{}-> {:?}",
                    step.event, step.to
                ));
            }
            at = step.to.as_deref();
        }
        if at != to {
            return Err(format!("{name} becomes {to:?} and its journal ends with {at:?}"));
        }
        if to.is_some_and(|state| !self.description.has(state)) {
            return Err(format!("{name} is {to:?}, which is no declared state"));
        }
        Ok(())
    }

    /// An operation takes effect at an instance of an agent.
    pub fn effect(&self, instance: &str, account: &str, operation: &str, generation: u64) {
        let mut facts = self.facts();
        let key = (instance.to_owned(), account.to_owned());
        let before = facts.effects.insert(key, generation);
        if before.is_some_and(|before| generation <= before) {
            self.trace.violated(format!(
                "{operation} takes effect at {instance} in generation {generation} of {account}, after {before:?}"
            ));
        }
        let known = facts.operations.get(operation);
        if known.is_none_or(|asked| asked.account != account) {
            self.trace.violated(format!("{operation} takes effect and was never committed"));
        }
    }

    /// An agent has done an operation.
    pub fn done(&self, operation: &str) {
        self.facts().done.insert(operation.to_owned());
    }

    /// An agent is told that its answers are committed.
    pub fn acknowledged(&self, agent: &str, operations: &[String]) {
        let facts = self.facts();
        for id in operations {
            let still = facts.operations.get(id).is_some_and(|o| o.pending && o.agent == agent);
            if still {
                self.trace.violated(format!("{id} is acknowledged to {agent} and still pending"));
            }
        }
    }
}

impl Facts {
    fn moved(&mut self, name: &str, state: &str, revision: u64) {
        self.rows.insert(name.to_owned(), (state.to_owned(), revision));
        self.revisions.insert(name.to_owned(), revision);
    }
}

fn operations(facts: &mut Facts, unit: &Unit) -> Result<(), String> {
    for sent in &unit.operations {
        let last = facts.generations.insert(sent.account.clone(), sent.generation);
        if last.is_some_and(|last| sent.generation <= last) {
            return Err(format!(
                "generation {} of {} comes after {last:?}",
                sent.generation, sent.account
            ));
        }
        let (account, agent) = (sent.account.clone(), sent.agent.clone());
        let asked = Asked { account, agent, pending: true, answered: false };
        if facts.operations.insert(sent.id.clone(), asked).is_some() {
            return Err(format!("the operation {} is there twice", sent.id));
        }
    }
    for end in &unit.ended {
        let Some(asked) = facts.operations.get_mut(&end.id) else {
            return Err(format!("{} ends and was never asked", end.id));
        };
        // One that was withdrawn may be answered late: it is the truth about its agent.
        let answers = end.state != OperationState::Withdrawn;
        if asked.answered || !(asked.pending || answers) {
            return Err(format!("{} ends twice", end.id));
        }
        asked.pending = false;
        asked.answered = answers;
        if end.state == OperationState::Done && !facts.done.contains(&end.id) {
            return Err(format!("{} is done, and its agent has not done it", end.id));
        }
    }
    Ok(())
}

fn items(facts: &mut Facts, unit: &Unit) -> Result<(), String> {
    for item in unit.new_items.iter().chain(&unit.finished_items) {
        let key = (item.request.clone(), item.name.clone());
        if item.outcome.is_final() && !facts.ended.insert(key) {
            return Err(format!("{} of request {} ends twice", item.name, item.request));
        }
    }
    Ok(())
}
