//! Questions to the chain of policies, and its answers.

use crate::account::{DefinitionId, Failure};
use crate::event::DefinitionRef;

/// An account that a question is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The account.
    pub name: String,
    /// Its zone.
    pub zone: Option<String>,
    /// The definition in question; absent: the row's own.
    pub definition: Option<DefinitionRef>,
}

/// The answer to *may this account exist, and like this?*
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Yes.
    Allow,
    /// No, because.
    Deny(String),
    /// Yes, like that.
    Amend {
        /// The handle of the amended definition.
        id: DefinitionId,
        /// The attributes that it sets.
        keys: Vec<String>,
    },
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
#[derive(Debug, Clone, PartialEq, Eq)]
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
