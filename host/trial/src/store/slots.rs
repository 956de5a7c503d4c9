//! Slots, and the bytes of the modules that serve or served in them.

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::slots::{Offer, Serving, Slots};

use super::MemoryStore;
use crate::tables::SlotRow;

#[async_trait]
impl Slots for MemoryStore {
    async fn serve(&self, slot: String, offer: Offer, _at: Millis) -> Result<Serving, StoreError> {
        let mut tables = self.tables();
        let Offer { digest, program, bytes } = offer;
        if !bytes.is_empty() {
            tables.modules.entry(digest.clone()).or_insert(bytes);
        }
        let generation = match tables.slots.get(&slot) {
            Some(row) if row.serving.digest == digest || row.program > program => {
                return Ok(row.serving.clone());
            }
            Some(row) => row.serving.generation + 1,
            None => 1,
        };
        let serving = Serving { digest, generation };
        tables.slots.insert(slot, SlotRow { serving: serving.clone(), program });
        Ok(serving)
    }

    async fn serving(&self, slot: String) -> Result<Option<Serving>, StoreError> {
        Ok(self.tables().slots.get(&slot).map(|row| row.serving.clone()))
    }

    async fn module(&self, digest: String) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.tables().modules.get(&digest).cloned())
    }
}
