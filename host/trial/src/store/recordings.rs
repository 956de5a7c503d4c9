//! The ring of recorded calls.

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::port::recordings::{KeptRecord, ListedRecord, RecordFilter, Recordings, RingBounds};

use super::MemoryStore;
use crate::tables::Tables;

/// Lets go of the oldest until the others fit.
fn cut(tables: &mut Tables, bounds: RingBounds) {
    let mut bytes: u64 = tables.recorded.values().map(KeptRecord::bytes).sum();
    while tables.recorded.len() as u64 > bounds.records || bytes > bounds.bytes {
        let Some((_, oldest)) = tables.recorded.pop_first() else { return };
        bytes -= oldest.bytes();
    }
}

#[async_trait]
impl Recordings for MemoryStore {
    async fn keep(&self, batch: Vec<KeptRecord>, bounds: RingBounds) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for record in batch {
            tables.recorded.entry(record.id.clone()).or_insert(record);
        }
        cut(&mut tables, bounds);
        Ok(())
    }

    async fn listed(
        &self,
        filter: RecordFilter,
        limit: usize,
    ) -> Result<Vec<ListedRecord>, StoreError> {
        let tables = self.tables();
        let listed =
            |record: &KeptRecord| ListedRecord { id: record.id.clone(), bytes: record.bytes() };
        let taken = tables.recorded.values().rev().filter(|record| filter.takes(record));
        Ok(taken.take(limit).map(listed).collect())
    }

    async fn of_ids(&self, mut ids: Vec<String>) -> Result<Vec<KeptRecord>, StoreError> {
        ids.sort_unstable_by(|one, other| other.cmp(one));
        ids.dedup();
        let tables = self.tables();
        Ok(ids.iter().filter_map(|id| tables.recorded.get(id).cloned()).collect())
    }
}
