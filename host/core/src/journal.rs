//! The journal: what happened to an account, one row a step.

use crate::account::State;
use crate::clock::Millis;

/// A row of `swingbridge_journal`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    /// ULID; grows with time, and with the steps of a unit.
    pub id: String,
    /// When.
    pub at: Millis,
    /// The account.
    pub account: String,
    /// Where the row stood; absent: it came into being.
    pub from: Option<State>,
    /// Where it stands now; absent: it is gone.
    pub to: Option<State>,
    /// The edge's event.
    pub event: String,
    /// A sentence.
    pub reason: String,
    /// Who asked: a person, an agent, or the bridge's clock.
    pub who: String,
    /// The request behind it.
    pub request: Option<String>,
    /// The operation whose answer led to it.
    pub operation: Option<String>,
    /// The digest of the module that decided.
    pub module: String,
    /// The row's revision after it.
    pub revision: u64,
}

/// A step as whoever listens is told it: with where the account belongs by now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The step.
    pub entry: JournalEntry,
    /// The account's row, if there still is one.
    pub there: Option<Place>,
}

/// Where an account belongs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its zone; absent: any agent.
    pub zone: Option<String>,
    /// Where its definition came from.
    pub source: String,
}
