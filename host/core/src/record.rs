//! A recorded call of a module: what it was asked, what it was told when it asked, and what it decided.
//!
//! A call is a pure function of the module, the event and the answers of its imports (design §2, point 7), so that a
//! record can be given to any module again, and what comes can be compared (`spec/modules.md`, "Records"). Guests see
//! references in the place of secrets, and a record holds nothing that a guest has not seen.

use crate::account::Account;
use crate::agent::Agent;
use crate::clock::Millis;
use crate::error::{CallClass, CallError};
use crate::event::{Answer, Event};
use crate::holding::KnownHolding;
use crate::policy::{
    Answers, Backoff, FailedTry, Placement, Question, Questions, Subject, Verdict,
};
use crate::port::world::OfferedAccount;
use crate::unit::Writes;

/// The version of the format. A reader refuses a higher one.
pub const FORMAT: u32 = 1;

/// The contract of lifecycle modules, as this program speaks it.
pub const LIFECYCLE_CONTRACT: &str = "swingbridge:lifecycle@1.0.0";

/// The contract of policies.
pub const POLICY_CONTRACT: &str = "swingbridge:policy@1.0.0";

/// A recorded call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Record {
    /// [`FORMAT`] when it was written.
    pub format: u32,
    /// The call's id.
    pub id: String,
    /// When, by the clock that the module was told.
    pub at: Millis,
    /// The contract that the module was called by, with its version.
    pub contract: String,
    /// The slot that it served in.
    pub slot: String,
    /// That slot's generation.
    pub slot_generation: u64,
    /// The module's digest.
    pub module: String,
    /// The settings that it was told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub settings: Vec<(String, String)>,
    /// What it was asked.
    pub asked: Asked,
    /// What it asked, and was answered, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Import>,
    /// What it logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub log: Vec<LogLine>,
    /// What came of it.
    pub end: End,
    /// What became of what it wanted written.
    pub applied: Applied,
    /// How long the call took, in microseconds.
    pub took_us: u64,
}

/// What a module was asked.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Asked {
    /// A lifecycle module: this happened.
    Event(Event),
    /// A policy: these questions.
    Questions(Questions),
}

impl Asked {
    /// The export that was called, as logs and metrics name it; of a policy the question.
    #[must_use]
    pub fn export(&self) -> &'static str {
        match self {
            Self::Event(event) => event.export(),
            Self::Questions(questions) => questions.question().as_str(),
        }
    }

    /// The accounts that it was about.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        match self {
            Self::Event(event) => event.names(),
            Self::Questions(questions) => questions.names(),
        }
    }

    /// The question, if it was asked of a policy.
    #[must_use]
    pub fn question(&self) -> Option<Question> {
        match self {
            Self::Event(_) => None,
            Self::Questions(questions) => Some(questions.question()),
        }
    }
}

/// A read of a module, with what it was answered.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum Import {
    /// `accounts.get`.
    Accounts {
        /// The names.
        asked: Vec<String>,
        /// The rows.
        told: Vec<Account>,
    },
    /// `accounts.page`.
    AccountsPage {
        /// Behind this name.
        after: String,
        /// At most so many.
        limit: usize,
        /// The rows.
        told: Vec<Account>,
    },
    /// `accounts.due-before`.
    AccountsDue {
        /// Due at this time.
        at: Millis,
        /// At most so many.
        limit: usize,
        /// Their names.
        told: Vec<String>,
    },
    /// `sources.find`.
    Sources {
        /// The names.
        asked: Vec<String>,
        /// What the sources have.
        told: Vec<OfferedAccount>,
    },
    /// `sources.page`.
    SourcesPage {
        /// Behind this name.
        after: String,
        /// At most so many.
        limit: usize,
        /// What the sources have.
        told: Vec<OfferedAccount>,
    },
    /// `agents.connected`.
    Agents {
        /// The zones; none: all.
        asked: Vec<String>,
        /// Who is there.
        told: Vec<Agent>,
    },
    /// `agents.holdings`.
    Holdings {
        /// The accounts.
        asked: Vec<String>,
        /// What is known.
        told: Vec<KnownHolding>,
    },
    /// `policy.admit`.
    Admit {
        /// About these.
        asked: Vec<Subject>,
        /// The chain's answers.
        told: Vec<Verdict>,
    },
    /// `policy.place`.
    Place {
        /// About these.
        asked: Vec<Subject>,
        /// The chain's answers.
        told: Vec<Placement>,
    },
    /// `policy.retry`.
    Retry {
        /// About these.
        asked: Vec<FailedTry>,
        /// The chain's answers.
        told: Vec<Backoff>,
    },
    /// An id that was given: by `ids.next`, or to a submission.
    Id(String),
}

impl Import {
    /// The function of the contract.
    #[must_use]
    pub fn function(&self) -> &'static str {
        match self {
            Self::Accounts { .. } => "accounts.get",
            Self::AccountsPage { .. } => "accounts.page",
            Self::AccountsDue { .. } => "accounts.due-before",
            Self::Sources { .. } => "sources.find",
            Self::SourcesPage { .. } => "sources.page",
            Self::Agents { .. } => "agents.connected",
            Self::Holdings { .. } => "agents.holdings",
            Self::Admit { .. } => "policy.admit",
            Self::Place { .. } => "policy.place",
            Self::Retry { .. } => "policy.retry",
            Self::Id(_) => "ids.next",
        }
    }
}

/// A line that a module logged.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LogLine {
    /// How loud.
    pub level: LogLevel,
    /// What.
    pub message: String,
}

/// How loud a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogLevel {
    /// For whoever writes the module.
    Debug,
    /// For whoever runs it.
    Info,
    /// Somebody may have to look.
    Warn,
    /// Somebody has to look.
    Error,
}

impl LogLevel {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case", rename_all_fields = "camelCase")]
pub enum End {
    /// A lifecycle module decided.
    Decided {
        /// What the export answered.
        answer: Answer,
        /// What it wanted written.
        writes: Writes,
    },
    /// A policy answered.
    Answered(Answers),
    /// It was stopped.
    Stopped(CallError),
}

/// What became of what a call wanted written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Applied {
    /// It wanted nothing, or had nothing to want: a policy, or a call that was stopped.
    Nothing,
    /// It was committed.
    Committed,
    /// It lost its race, and the same event was given again on fresh reads.
    Again,
    /// The database did not take it, or whether it did is not known.
    Failed,
}

impl Record {
    /// How it ended, in one word: `ok`, or the class of what stopped it ([`CallClass::as_str`]).
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match &self.end {
            End::Decided { .. } | End::Answered(_) => "ok",
            End::Stopped(error) => error.class.as_str(),
        }
    }

    /// Whether it means something to give it to a module again: calls that time or the host ended would end otherwise.
    #[must_use]
    pub fn can_be_replayed(&self) -> bool {
        match &self.end {
            End::Decided { .. } | End::Answered(_) => true,
            End::Stopped(error) => {
                !matches!(error.class, CallClass::Deadline | CallClass::Host | CallClass::Overload)
            }
        }
    }
}
