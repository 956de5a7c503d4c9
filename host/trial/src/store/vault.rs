//! The vault: secrets by reference. Nothing is sealed in memory, but nothing prints either.

use async_trait::async_trait;
use host_core::definition::OWN_SCHEME;
use host_core::error::StoreError;
use host_core::port::vault::Vault;
use host_core::secret::Secret;

use super::MemoryStore;

/// What references are derived under: the same in every scripted world, so that the same steps give the same references.
const CONTEXT: &str = "swingbridge 2026-11 scripted world: references";

#[async_trait]
impl Vault for MemoryStore {
    fn reference(&self, account: &str, value: &Secret) -> String {
        let mut hasher = blake3::Hasher::new_derive_key(CONTEXT);
        hasher.update(account.as_bytes()).update(&[0]).update(value.expose().as_bytes());
        format!("{OWN_SCHEME}{}", &hasher.finalize().to_hex()[..32])
    }

    async fn open(&self, references: Vec<String>) -> Result<Vec<Option<Secret>>, StoreError> {
        let tables = self.tables();
        let value = |reference: &String| Some(tables.secrets.get(reference)?.value.clone());
        Ok(references.iter().map(value).collect())
    }
}
