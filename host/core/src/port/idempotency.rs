//! Requests that carry a key: begun once, whichever replica is asked, and however often.

use async_trait::async_trait;

use crate::clock::Millis;
use crate::error::StoreError;
use crate::once::Once;
use crate::request::RequestRow;
use crate::unit::ItemWrite;

/// What is known of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyUse {
    /// Nothing: the request begins with it.
    New,
    /// It was used for the same, which is the request of this id.
    Same(String),
    /// It was used for something else.
    Other,
}

/// The keys of the last day.
#[async_trait]
pub trait Idempotency: std::fmt::Debug + Send + Sync {
    /// What a key was used for within [`crate::once::KEPT_MS`] before `now`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn key_use(&self, once: Once, now: Millis) -> Result<KeyUse, StoreError>;

    /// Begins a request, with the items that were decided before any module was asked, and remembers its key in the same
    /// transaction. A key that is older than a day is forgotten. Nothing is written unless the answer is [`KeyUse::New`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn begin_once(
        &self,
        once: Once,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<KeyUse, StoreError>;

    /// Takes up a request that was cut short (its bridge stopped before it had begun all items): it has `total` items
    /// again and is this replica's, if it still has `cut_to`. Answers whether the caller is the one who takes it up.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_up(
        &self,
        request: String,
        replica: String,
        cut_to: u64,
        total: u64,
    ) -> Result<bool, StoreError>;
}
