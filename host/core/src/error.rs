//! What can go wrong at a port, as situations.

use thiserror::Error;

/// The trouble of a database that people meet most and can mend at once, in the words of every dialect. Callers are told
/// it as well, in whatever it stands; everything else that a database says is for the log.
pub const DISK_FULL: &str = "the database's disk is full; make room, and the bridge goes on";

/// Why the store could not answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum StoreError {
    /// The database does not answer, or says no for a reason that may pass.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// A row that cannot be true.
    #[error("{table} holds a row that cannot be: {key}: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
        /// What is wrong with it.
        what: String,
    },
    /// The program and the database do not fit; somebody must act.
    #[error("{0}")]
    Refused(String),
}

/// Why a unit of work was not applied. Nothing of it remains, except as said for `Unknown`.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ApplyError {
    /// A row has moved on since it was read; run the call again on fresh reads.
    #[error("a row changed under the call: {0}")]
    Stale(String),
    /// Another module serves by now.
    #[error("the slot has moved on to another generation")]
    Fenced,
    /// The lease has another holder by now, or the agent a newer session: this is somebody else's to decide.
    #[error("{0}")]
    Overtaken(String),
    /// A lock, a deadlock or a serialization failure; run the call again.
    #[error("the database was busy: {0}")]
    Busy(String),
    /// The database does not answer; nothing was written.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The answer to COMMIT was lost and it could not be learnt what became of it.
    #[error("whether the unit {0} was applied is not known")]
    Unknown(String),
}

/// Why a module's call did not end well, by who must act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CallClass {
    /// The module trapped: a bug in it.
    Trap,
    /// It ran, or waited, past its deadline.
    Deadline,
    /// It wanted more memory than its limit.
    Memory,
    /// It wanted a larger table than its limit.
    Table,
    /// It used up its stack.
    Stack,
    /// One host call carried more bytes than its limit.
    HostcallBytes,
    /// It asked for more rows or bytes than one call may read.
    Reads,
    /// It asked for more writes than one call may make.
    Writes,
    /// It asked for something that it may not do.
    Denied,
    /// Its answer breaks the contract.
    Contract,
    /// All its permits are taken.
    Overload,
    /// A read could not be answered: not the module's fault.
    Host,
}

impl CallClass {
    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Trap => "trap",
            Self::Deadline => "deadline",
            Self::Memory => "memory",
            Self::Table => "table",
            Self::Stack => "stack",
            Self::HostcallBytes => "hostcall-bytes",
            Self::Reads => "reads",
            Self::Writes => "writes",
            Self::Denied => "denied",
            Self::Contract => "contract",
            Self::Overload => "overload",
            Self::Host => "host",
        }
    }

    /// Whether the module is to blame, so that a smaller batch may find the item at fault.
    #[must_use]
    pub fn is_the_modules_fault(self) -> bool {
        !matches!(self, Self::Host | Self::Overload)
    }
}

/// A call of a module that did not end well. The sentence names the module, its digest and the limit.
#[derive(Debug, Clone, PartialEq, Eq, Error, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
#[error("{sentence}")]
pub struct CallError {
    /// What kind of end.
    pub class: CallClass,
    /// For a person.
    pub sentence: String,
}

/// Why a source could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the source {source_name} cannot be read: {reason}")]
pub struct SourceError {
    /// Which.
    pub source_name: String,
    /// Why.
    pub reason: String,
}
