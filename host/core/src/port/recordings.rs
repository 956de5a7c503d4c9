//! The ring of recorded calls: the newest of them, as many as there is room for. All replicas share it.
//!
//! What a record says of its call stands beside it, so that it can be looked for; the record itself is bytes to whoever
//! keeps it.

use async_trait::async_trait;

use crate::BATCH_MAX;
use crate::clock::Millis;
use crate::error::StoreError;

/// A recorded call as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptRecord {
    /// The record's id, a ULID: a later one is greater.
    pub id: String,
    /// When, by the clock that the module was told.
    pub at: Millis,
    /// The slot that the module served in.
    pub slot: String,
    /// The module's digest.
    pub module: String,
    /// The export that was called; of a policy the question.
    pub export: String,
    /// How it ended, in one word.
    pub outcome: String,
    /// The accounts that it was about.
    pub accounts: Vec<String>,
    /// How long the call took, in microseconds.
    pub took_us: u64,
    /// The record, packed.
    pub body: Vec<u8>,
}

impl KeptRecord {
    /// How many bytes it takes: what is long of it.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let names: usize = self.accounts.iter().map(String::len).sum();
        (names + self.body.len()) as u64
    }
}

/// How much the ring holds. What is older goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RingBounds {
    /// The most records.
    pub records: u64,
    /// The most bytes, as they are kept.
    pub bytes: u64,
}

impl Default for RingBounds {
    fn default() -> Self {
        Self { records: 2_000, bytes: 64 << 20 }
    }
}

/// Which recorded calls. What is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RecordFilter {
    /// About this account, whatever else they were about.
    pub account: Option<String>,
    /// Made at this time or later.
    pub since: Option<Millis>,
    /// Made before this time.
    pub until: Option<Millis>,
    /// Of the module whose digest begins like this.
    pub module: Option<String>,
    /// In this slot.
    pub slot: Option<String>,
    /// Of this export, or this question.
    pub export: Option<String>,
    /// Ended in this way.
    pub outcome: Option<String>,
    /// Older than the one with this id: the last one of the page that was read before.
    pub before: Option<String>,
}

impl RecordFilter {
    /// Whether calls about these accounts are asked for. Names are compared exactly.
    #[must_use]
    pub fn concerns(&self, accounts: &[String]) -> bool {
        self.account.as_ref().is_none_or(|account| accounts.contains(account))
    }

    /// Whether a call is asked for.
    #[must_use]
    pub fn takes(&self, record: &KeptRecord) -> bool {
        let is = |wanted: &Option<String>, one: &String| wanted.as_ref().is_none_or(|w| w == one);
        self.concerns(&record.accounts)
            && self.since.is_none_or(|since| record.at >= since)
            && self.until.is_none_or(|until| record.at < until)
            && self.module.as_ref().is_none_or(|start| record.module.starts_with(start.as_str()))
            && is(&self.slot, &record.slot)
            && is(&self.export, &record.export)
            && is(&self.outcome, &record.outcome)
            && self.before.as_ref().is_none_or(|before| record.id < *before)
    }
}

/// A recorded call in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRecord {
    /// Its id.
    pub id: String,
    /// How many bytes it takes.
    pub bytes: u64,
}

/// Keeps recorded calls.
#[async_trait]
pub trait Recordings: std::fmt::Debug + Send + Sync {
    /// Puts calls into the ring; what it has no room for any more goes, the oldest first. A call that is there already
    /// is not put in twice, so that a batch may be given again whose answer was lost.
    ///
    /// # Errors
    /// [`StoreError`]; some of the calls may be in.
    async fn keep(&self, batch: Vec<KeptRecord>, bounds: RingBounds) -> Result<(), StoreError>;

    /// Which calls there are, the newest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn listed(
        &self,
        filter: RecordFilter,
        limit: usize,
    ) -> Result<Vec<ListedRecord>, StoreError>;

    /// The calls of these ids, the newest first; what has gone is left out. At most [`BATCH_MAX`], and each may be large.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn of_ids(&self, ids: Vec<String>) -> Result<Vec<KeptRecord>, StoreError>;

    /// Calls with all that is kept of them, the newest first, at most `limit`. Each may be large: ask for few at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn recorded(
        &self,
        filter: RecordFilter,
        limit: usize,
    ) -> Result<Vec<KeptRecord>, StoreError> {
        let listed = self.listed(filter, limit).await?;
        let mut found = Vec::with_capacity(listed.len());
        for piece in listed.chunks(BATCH_MAX) {
            let ids = piece.iter().map(|listed| listed.id.clone()).collect();
            found.extend(self.of_ids(ids).await?);
        }
        Ok(found)
    }
}
