//! The vault: where secret values are kept, sealed.

use async_trait::async_trait;

use crate::error::StoreError;
use crate::secret::Secret;

/// Gives references for secret values, and values for references.
///
/// Sealing itself is part of the unit of work: [`crate::unit::SecretWrite`].
#[async_trait]
pub trait Vault: std::fmt::Debug + Send + Sync {
    /// The reference under which a value is, or will be, kept for an account. The same value of the same account has
    /// the same reference; nothing of the value can be learnt from it.
    fn reference(&self, account: &str, value: &Secret) -> String;

    /// The values behind references of this bridge, in the order asked; absent where there is none.
    ///
    /// # Errors
    /// [`StoreError`] when they cannot be read or opened.
    async fn open(&self, references: Vec<String>) -> Result<Vec<Option<Secret>>, StoreError>;
}

/// Resolves references to secrets that are kept elsewhere, in Clouddriver's notation.
#[async_trait]
pub trait SecretEngines: std::fmt::Debug + Send + Sync {
    /// The value behind a reference.
    ///
    /// # Errors
    /// A sentence that names the reference and what is missing, never a value.
    async fn resolve(&self, reference: &str) -> Result<Secret, String>;
}
