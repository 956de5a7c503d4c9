//! The journal as those read it who follow it: forward, by id.
//!
//! Ids are ULIDs of several replicas, whose clocks differ, and units commit in another order than they were decided in:
//! a step may appear before one that was seen already. Whoever follows reads an overlap again (`host_control::Feed`).

use async_trait::async_trait;

use crate::error::StoreError;
use crate::journal::{JournalEntry, Transition};

/// Reads of the journal, forward.
#[async_trait]
pub trait Events: std::fmt::Debug + Send + Sync {
    /// The greatest id; absent: the journal is empty.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn newest(&self) -> Result<Option<String>, StoreError>;

    /// Whether the journal still holds the step of this id or one before it, so that none behind it has been purged.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn reaches_back_to(&self, id: String) -> Result<bool, StoreError>;

    /// Ids behind `after`, in order, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ids_behind(&self, after: String, limit: usize) -> Result<Vec<String>, StoreError>;

    /// The steps of these ids, in order; unknown ids are left out. At most [`crate::BATCH_MAX`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn transitions(&self, ids: Vec<String>) -> Result<Vec<Transition>, StoreError>;

    /// Steps behind `after`, in order, at most `limit`: of one account, or of all.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Transition>, StoreError>;

    /// The step that an account took next after the one with this id; absent: it was the last one.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_step(
        &self,
        account: String,
        after: String,
    ) -> Result<Option<JournalEntry>, StoreError>;
}
