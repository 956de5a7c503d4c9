//! What the bridge keeps for a time, and lets go of in small pieces.

use async_trait::async_trait;

use crate::clock::Millis;
use crate::error::StoreError;

/// What is kept for a time. Recorded calls are not among it: they are a ring, which lets go of the oldest whenever it is
/// written (`port/recordings.rs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kept {
    /// Steps of accounts. The last one of an account that is there stays: it says why it is where it is.
    Journal,
    /// Operations that have ended. One that is pending stays.
    Operations,
    /// Requests with their items. One with a pending item stays.
    Requests,
    /// Keys of requests that may be repeated.
    Keys,
    /// Units that were applied, to settle a lost answer to COMMIT.
    Calls,
    /// Agents that are gone and hold nothing, with what was known of them. The generations of names stay for ever.
    Agents,
}

impl Kept {
    /// Everything, in the order in which it is gone through.
    pub const ALL: [Self; 6] =
        [Self::Calls, Self::Keys, Self::Operations, Self::Requests, Self::Journal, Self::Agents];

    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Journal => "journal",
            Self::Operations => "operations",
            Self::Requests => "requests",
            Self::Keys => "keys",
            Self::Calls => "calls",
            Self::Agents => "agents",
        }
    }
}

/// One piece of a round.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Piece {
    /// How many rows went.
    pub went: usize,
    /// Where the next piece begins; absent: the round is over.
    pub next: Option<String>,
}

/// Lets go of what has been kept long enough.
#[async_trait]
pub trait Housekeeping: std::fmt::Debug + Send + Sync {
    /// Removes what ended before `before`, looking at no more than `limit` rows behind `after` (empty: from the
    /// beginning), in one short transaction.
    ///
    /// # Errors
    /// [`StoreError`]; nothing of the piece went then.
    async fn purge(
        &self,
        what: Kept,
        before: Millis,
        after: String,
        limit: usize,
    ) -> Result<Piece, StoreError>;
}

/// How long each is kept, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// `records.journal`.
    pub journal_ms: Millis,
    /// `records.operations`.
    pub operations_ms: Millis,
    /// `records.requests`; no shorter than keys are kept, which name requests.
    pub requests_ms: Millis,
    /// `records.agents`.
    pub agents_ms: Millis,
}

const DAY_MS: Millis = 86_400_000;

impl Default for Retention {
    fn default() -> Self {
        Self {
            journal_ms: 90 * DAY_MS,
            operations_ms: 14 * DAY_MS,
            requests_ms: 14 * DAY_MS,
            agents_ms: 30 * DAY_MS,
        }
    }
}

impl Retention {
    /// How long something is kept.
    #[must_use]
    pub fn of(&self, what: Kept) -> Millis {
        match what {
            Kept::Journal => self.journal_ms,
            Kept::Operations => self.operations_ms,
            Kept::Requests => self.requests_ms,
            Kept::Keys => crate::once::KEPT_MS,
            // An hour (`spec/database.md`, "A unit of work"): a lost answer is settled within seconds.
            Kept::Calls => 3_600_000,
            Kept::Agents => self.agents_ms,
        }
    }
}
