//! Recorded calls given to a module again: what it asks is answered as it was then, and what it decides is compared.

mod answers;
mod compare;
mod fate;
mod past;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use host_core::port::lifecycle::{Called, Lifecycle};
use host_core::port::policy::Policy;
use host_core::record::{Applied, Asked, End, FORMAT, Record};

pub use compare::Difference;
pub use past::Past;

/// How long a policy may take for one list.
const WITHIN: Duration = Duration::from_secs(5);

/// A module that records are given to.
#[derive(Debug, Clone)]
pub enum Candidate {
    /// A lifecycle module.
    Lifecycle(Arc<dyn Lifecycle>),
    /// A policy. Its settings are its own; a record's are not given to it.
    Policy(Arc<dyn Policy>),
}

/// What came of one record.
#[derive(Debug, Clone, Default)]
pub struct Replayed {
    /// The record.
    pub record: String,
    /// What the module decides otherwise, by account.
    pub differences: Vec<Difference>,
    /// What it asks otherwise, a sentence each.
    pub asks: Vec<String>,
    /// Why it cannot be told what it decides.
    pub unknown: Option<String>,
    /// What the record says, and what came now, as JSON.
    pub raw: Option<Box<(serde_json::Value, serde_json::Value)>>,
}

impl Replayed {
    /// Whether it asks and decides the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.differences.is_empty() && self.asks.is_empty() && self.unknown.is_none()
    }
}

/// What came of all of them.
#[derive(Debug, Clone, Default)]
pub struct Replay {
    /// Those that did not come to the same, or ask otherwise.
    pub told: Vec<Replayed>,
    /// How many came to the same.
    pub same: usize,
    /// How many were given to the module.
    pub replayed: usize,
    /// How many were not, by the reason.
    pub left_out: BTreeMap<&'static str, usize>,
}

impl Replay {
    /// The accounts that the module decides otherwise about.
    #[must_use]
    pub fn accounts(&self) -> Vec<&str> {
        let differences = self.told.iter().flat_map(|told| &told.differences);
        let mut names: Vec<&str> = differences.map(|found| found.account.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Whether every call came to the same.
    #[must_use]
    pub fn is_same(&self) -> bool {
        self.same == self.replayed
    }
}

impl Candidate {
    /// Why a record is none for this module; nothing, if it is one.
    #[must_use]
    pub fn leaves_out(&self, record: &Record) -> Option<&'static str> {
        if record.format > FORMAT {
            return Some("of a newer format");
        }
        if record.applied == Applied::Again {
            return Some("lost their race, and were given again");
        }
        if !record.can_be_replayed() {
            return Some("ended by time or by the host");
        }
        let is_its = match (self, &record.asked) {
            (Self::Lifecycle(_), Asked::Event(_)) => true,
            (Self::Policy(policy), Asked::Questions(questions)) => {
                policy.answers(questions.question())
            }
            (Self::Lifecycle(_) | Self::Policy(_), _) => false,
        };
        (!is_its).then_some("of another kind of module")
    }

    /// Gives records to the module, one after the other.
    pub async fn replay(&self, records: &[Record], raw: bool, tell: impl Fn(usize)) -> Replay {
        let mut replay = Replay::default();
        for (number, record) in records.iter().enumerate() {
            tell(number);
            if let Some(why) = self.leaves_out(record) {
                *replay.left_out.entry(why).or_default() += 1;
                continue;
            }
            let replayed = self.one(record, raw).await;
            replay.replayed += 1;
            replay.same += usize::from(replayed.is_same());
            if !replayed.is_same() {
                replay.told.push(replayed);
            }
        }
        replay
    }

    /// Gives one record to the module.
    pub async fn one(&self, record: &Record, raw: bool) -> Replayed {
        let mut replayed = Replayed { record: record.id.clone(), ..Replayed::default() };
        let now = match (self, &record.asked) {
            (Self::Lifecycle(lifecycle), Asked::Event(event)) => {
                let past = Arc::new(Past::new(record));
                let called = lifecycle.call(event.clone(), Arc::clone(&past) as Arc<_>).await;
                replayed.asks = past.asked_otherwise();
                replayed.unknown = past.could_not_answer();
                match called {
                    Ok(Called { answer, writes }) => End::Decided { answer, writes },
                    Err(error) => End::Stopped(error),
                }
            }
            (Self::Policy(policy), Asked::Questions(questions)) => {
                match policy.ask(questions.clone(), WITHIN).await {
                    Ok(answers) => End::Answered(answers),
                    Err(error) => End::Stopped(error),
                }
            }
            (Self::Lifecycle(_) | Self::Policy(_), _) => return replayed,
        };
        if replayed.unknown.is_none() {
            replayed.differences = compare::differences(&record.asked, &record.end, &now);
        }
        if raw && !replayed.is_same() {
            let json = |end: &End| serde_json::to_value(end).unwrap_or_default();
            replayed.raw = Some(Box::new((json(&record.end), json(&now))));
        }
        replayed
    }
}
