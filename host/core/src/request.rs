//! Requests: what callers asked, and how it went for each account.

use crate::account::{Failure, Finish};
use crate::clock::Millis;
use crate::event::{Action, Outcome, Refused};

/// Where one item of a request stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ItemOutcome {
    /// Accepted, not finished.
    Pending,
    /// As asked.
    Done,
    /// It did not work.
    Failed(Failure),
    /// It was not accepted.
    Refused(Refused),
    /// A later instruction took its place.
    Superseded,
    /// The module could not decide about this account; it will be tried again where that makes sense.
    ModuleFailed(String),
    /// The row kept changing under the call.
    Busy(String),
}

impl ItemOutcome {
    /// The word in answers (`spec/http-api.md`).
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Done => "done",
            Self::Failed(_) => "failed",
            Self::Refused(_) => "refused",
            Self::Superseded => "superseded",
            Self::ModuleFailed(_) => "module-failed",
            Self::Busy(_) => "busy",
        }
    }

    /// Whether nothing more will happen to it.
    #[must_use]
    pub fn is_final(&self) -> bool {
        !matches!(self, Self::Pending)
    }

    /// What a caller is told of it: a code and a sentence.
    #[must_use]
    pub fn error(&self) -> Option<Failure> {
        let failure = |code: &str, text: &str| Failure { code: code.into(), text: text.into() };
        match self {
            Self::Pending | Self::Done | Self::Superseded => None,
            Self::Failed(error) => Some(error.clone()),
            Self::Refused(refused) => Some(failure(&refused.code, &refused.reason)),
            Self::ModuleFailed(text) => Some(failure("module-failed", text)),
            Self::Busy(text) => Some(failure("busy", text)),
        }
    }
}

impl From<Outcome> for ItemOutcome {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Done => Self::Done,
            Outcome::Pending => Self::Pending,
            Outcome::Refused(refused) => Self::Refused(refused),
            Outcome::Unsupported => Self::Refused(Refused {
                code: "unsupported".into(),
                reason: "the lifecycle module that serves does not know this action".into(),
                possible: Vec::new(),
            }),
        }
    }
}

impl From<Finish> for ItemOutcome {
    fn from(finish: Finish) -> Self {
        match finish {
            Finish::Done => Self::Done,
            Finish::Failed(failure) => Self::Failed(failure),
            Finish::Superseded => Self::Superseded,
        }
    }
}

/// One account of a request, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestItem {
    /// The account.
    pub name: String,
    /// Where it stands.
    pub outcome: ItemOutcome,
    /// The account's state: for a pending item the present one, for a finished one the one it ended in. Absent: no row.
    pub state: Option<String>,
}

/// A row of `swingbridge_requests`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestRow {
    /// ULID; the id in `/operations/{id}`.
    pub id: String,
    /// What was asked.
    pub action: Action,
    /// Who asked.
    pub who: String,
    /// When.
    pub created_at: Millis,
    /// How many items it has.
    pub total: u64,
    /// The replica that took it in.
    pub replica: String,
}
