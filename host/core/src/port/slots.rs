//! Slots: which module serves, and where its bytes are, so that every replica can load what another one brought.

use async_trait::async_trait;

use crate::clock::Millis;
use crate::error::StoreError;

/// A module that offers itself to a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// SHA-256 of its bytes, `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The program that it came with, as [`crate::version::rank`] orders programs.
    pub program: u64,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// What serves in a slot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Serving {
    /// The module.
    pub digest: String,
    /// The slot generation.
    pub generation: u64,
}

/// The slots and the modules. Kept by the store.
#[async_trait]
pub trait Slots: std::fmt::Debug + Send + Sync {
    /// A module of the program of this version offers itself to a slot, its bytes with it. It serves from now on, one
    /// generation later, unless it serves already or a module of a newer program does. Answers what serves.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn serve(&self, slot: String, offer: Offer, at: Millis) -> Result<Serving, StoreError>;

    /// What serves in a slot; absent: nothing ever did.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn serving(&self, slot: String) -> Result<Option<Serving>, StoreError>;

    /// The bytes of a module; absent if the database does not have it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn module(&self, digest: String) -> Result<Option<Vec<u8>>, StoreError>;
}
