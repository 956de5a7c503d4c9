//! Accounts as a source has them.

use crate::definition::Definition;

/// A row of Clouddriver's `accounts` table, as it is read: nothing about it has been checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAccount {
    /// Column `id`.
    pub id: String,
    /// Column `type`.
    pub kind: String,
    /// Column `body`: JSON, if all is well. May hold secrets in clear; never to be logged.
    pub body: crate::secret::Secret,
    /// Column `last_modified_at`, milliseconds.
    pub last_modified_at: u64,
}

/// An account of a source, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAccount {
    /// Its name.
    pub name: String,
    /// The source: `clouddriver.accounts`, or a file.
    pub source: String,
    /// What it says, or why it cannot be taken, in a sentence.
    pub definition: Result<Definition, String>,
}
