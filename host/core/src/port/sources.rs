//! Where accounts are read from.

use async_trait::async_trait;

use crate::error::SourceError;
use crate::source::{RawAccount, SourceAccount};

/// Clouddriver's `accounts` table as a table: rows as they are. Only ever read.
#[async_trait]
pub trait AccountsTable: std::fmt::Debug + Send + Sync {
    /// The rows of these ids.
    ///
    /// # Errors
    /// [`SourceError`]; a table that cannot be read is never an empty answer.
    async fn find(&self, ids: Vec<String>) -> Result<Vec<RawAccount>, SourceError>;

    /// The rows behind `after` by id, at most `limit`.
    ///
    /// # Errors
    /// As for [`Self::find`].
    async fn page(&self, after: String, limit: usize) -> Result<Vec<RawAccount>, SourceError>;
}

/// All sources together, in their order of precedence, checked.
#[async_trait]
pub trait Sources: std::fmt::Debug + Send + Sync {
    /// The accounts of these names; a name that is in no source is left out, a broken one says why.
    ///
    /// # Errors
    /// [`SourceError`] when one of the sources cannot be read.
    async fn find(&self, names: Vec<String>) -> Result<Vec<SourceAccount>, SourceError>;

    /// The accounts behind `after` by name, at most `limit`.
    ///
    /// # Errors
    /// As for [`Self::find`].
    async fn page(&self, after: String, limit: usize) -> Result<Vec<SourceAccount>, SourceError>;
}
