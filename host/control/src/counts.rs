//! What this replica has done since it started, counted: for whoever watches over it. Nothing here names an account.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use host_core::unit::Unit;

/// What is counted. The labels of each are given in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Counter {
    /// Units of work: `committed`; run again because `stale`, `busy` or `fenced`; `halved`; `set-aside`; `failed`.
    Units,
    /// Calls of the lifecycle module: the export, and `ok` or why it did not end well.
    Calls,
    /// Steps: the state before (empty: the account came into being) and after (empty: it was removed).
    Transitions,
    /// Requests: the action.
    Requests,
    /// Items of requests: the outcome.
    Items,
    /// Operations: the kind, and `submitted`, `done`, `refused` or `withdrawn`.
    Operations,
    /// Rows that were purged: what they were.
    Purged,
    /// Recorded calls: `kept`; not kept, since there was `no-room` to wait in, they were `too-large`, or `lost` when the
    /// database did not take them.
    Records,
}

/// A label's value for each label of a counter.
pub type Labels = Vec<String>;

/// What is told from the start, at 0, so that whoever watches sees it before it happens. The states of a module are not
/// known here.
const KNOWN: [(Counter, &[&[&str]]); 7] = [
    (Counter::Units, &[&["committed", "stale", "busy", "fenced", "halved", "set-aside", "failed"]]),
    (Counter::Calls, &[&["handle", "on-agent", "tick"], &["ok"]]),
    (
        Counter::Requests,
        &[&["migrate", "create", "activate", "deactivate", "update", "delete", "rebind", "check"]],
    ),
    (Counter::Items, &[&["done", "failed", "refused", "superseded", "module-failed", "busy"]]),
    (
        Counter::Operations,
        &[
            &["AddAccounts", "UpdateAccounts", "DeleteAccounts", "CheckAccounts"],
            &["submitted", "done", "refused", "withdrawn"],
        ],
    ),
    (Counter::Purged, &[&["journal", "operations", "requests", "keys", "calls", "agents"]]),
    (Counter::Records, &[&["kept", "no-room", "too-large", "lost"]]),
];

/// The counts. They only grow.
#[derive(Debug)]
pub struct Counts(Mutex<BTreeMap<(Counter, Labels), u64>>);

impl Default for Counts {
    fn default() -> Self {
        let mut counts = BTreeMap::new();
        for (counter, labels) in KNOWN {
            let mut all: Vec<Labels> = vec![Vec::new()];
            for words in labels {
                let with = |before: &Labels, word: &str| {
                    before.iter().cloned().chain([word.to_owned()]).collect::<Labels>()
                };
                all =
                    all.iter().flat_map(|b| words.iter().map(move |word| with(b, word))).collect();
            }
            counts.extend(all.into_iter().map(|labels| ((counter, labels), 0)));
        }
        Self(Mutex::new(counts))
    }
}

impl Counts {
    /// Counts something.
    pub(crate) fn add(&self, counter: Counter, labels: &[&str], by: u64) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        self.put([((counter, labels), by)].into_iter().collect());
    }

    /// Counts what a unit did.
    pub(crate) fn put(&self, tally: Tally) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (key, by) in tally.0 {
            *counts.entry(key).or_insert(0) += by;
        }
    }

    /// What one counter stands at, by its labels.
    #[must_use]
    pub fn of(&self, counter: Counter) -> Vec<(Labels, u64)> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of = counts.iter().filter(|((each, _), _)| *each == counter);
        of.map(|((_, labels), count)| (labels.clone(), *count)).collect()
    }
}

/// What is to be counted once a unit is committed.
#[derive(Debug, Default)]
pub(crate) struct Tally(BTreeMap<(Counter, Labels), u64>);

impl FromIterator<((Counter, Labels), u64)> for Tally {
    fn from_iter<T: IntoIterator<Item = ((Counter, Labels), u64)>>(counts: T) -> Self {
        Self(counts.into_iter().collect())
    }
}

impl Tally {
    /// Of a unit.
    pub(crate) fn of(unit: &Unit) -> Self {
        let mut tally = Self::default();
        tally.one(Counter::Units, &["committed"]);
        for step in &unit.journal {
            let states = [&step.from, &step.to].map(|state| state.as_deref().unwrap_or_default());
            tally.one(Counter::Transitions, &states);
        }
        for item in unit.new_items.iter().chain(&unit.finished_items) {
            if item.outcome.is_final() {
                tally.one(Counter::Items, &[item.outcome.as_str()]);
            }
        }
        for operation in &unit.operations {
            tally.one(Counter::Operations, &[operation.kind.as_str(), "submitted"]);
        }
        for end in &unit.ended {
            tally.one(Counter::Operations, &[end.kind.as_str(), end.state.as_str()]);
        }
        tally
    }

    fn one(&mut self, counter: Counter, labels: &[&str]) {
        let labels = labels.iter().map(|label| (*label).to_owned()).collect();
        *self.0.entry((counter, labels)).or_insert(0) += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Counts};

    #[test]
    fn counts_grow_and_are_told_by_their_labels() {
        let counts = Counts::default();
        counts.add(Counter::Units, &["stale"], 1);
        counts.add(Counter::Units, &["stale"], 2);
        counts.add(Counter::Transitions, &["A", "B"], 1);
        let stale = (vec!["stale".to_owned()], 3);
        assert!(counts.of(Counter::Units).contains(&stale));
        let step = (vec!["A".to_owned(), "B".to_owned()], 1);
        assert_eq!(counts.of(Counter::Transitions), [step]);
    }

    #[test]
    fn what_may_happen_is_told_before_it_has() {
        let counts = Counts::default();
        assert_eq!(counts.of(Counter::Operations).len(), 16);
        assert!(counts.of(Counter::Items).iter().all(|(_, count)| *count == 0));
    }
}
