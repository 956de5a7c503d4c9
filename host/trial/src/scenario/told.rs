//! What came of a scenario, for whoever reports it.

use std::collections::BTreeSet;

use host_core::record::Record;

use crate::yaml::Place;

/// A step of the lifecycle: from, event, to; nothing in the place of a state where there is no row.
pub type EdgeTaken = (Option<String>, String, Option<String>);

/// What came of a scenario or a table.
#[derive(Debug, Clone, Default)]
pub struct Told {
    /// Steps, or cases.
    pub steps: usize,
    /// What went wrong; a table may have several.
    pub failures: Vec<Failure>,
    /// The edges that accounts took.
    pub edges: BTreeSet<EdgeTaken>,
    /// The calls of modules.
    pub calls: Vec<Record>,
}

impl Told {
    /// Whether all was as expected.
    #[must_use]
    pub fn is_well(&self) -> bool {
        self.failures.is_empty()
    }
}

/// A step that was not as expected.
#[derive(Debug, Clone, Default)]
pub struct Failure {
    /// Its number; the first is 1.
    pub step: usize,
    /// Where it stands.
    pub place: Place,
    /// What was done.
    pub what: String,
    /// Why it could not be done; absent: it was done, and something else came than was expected.
    pub impossible: Option<String>,
    /// What was expected, and what came.
    pub mismatches: Vec<Mismatch>,
    /// The life of the accounts concerned up to there, a line each.
    pub journal: Vec<String>,
    /// What modules logged in this step, and why one was stopped.
    pub log: Vec<String>,
}

/// Something expected that did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mismatch {
    /// What it is about.
    pub about: String,
    /// What is written.
    pub expected: String,
    /// What came.
    pub came: String,
    /// Where it is written.
    pub place: Place,
    /// What would have to be written there; absent: nothing would do.
    pub bless: Option<String>,
}
