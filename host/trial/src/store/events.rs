//! The journal forward, for those who follow it.

use std::ops::Bound;

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::journal::{JournalEntry, Place, Transition};
use host_core::port::events::Events;

use super::MemoryStore;
use crate::tables::Tables;

fn behind<'t>(tables: &'t Tables, after: &str) -> impl Iterator<Item = &'t JournalEntry> {
    let range = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
    tables.journal.range(range).map(|(_, entry)| entry)
}

fn transition(tables: &Tables, entry: &JournalEntry) -> Transition {
    let row = tables.accounts.get(&entry.account);
    let there = row.map(|row| Place { zone: row.account.zone.clone(), source: row.source.clone() });
    Transition { entry: entry.clone(), there }
}

#[async_trait]
impl Events for MemoryStore {
    async fn newest(&self) -> Result<Option<String>, StoreError> {
        Ok(self.tables().journal.last_key_value().map(|(id, _)| id.clone()))
    }

    async fn reaches_back_to(&self, id: String) -> Result<bool, StoreError> {
        Ok(self.tables().journal.range(..=id).next().is_some())
    }

    async fn ids_behind(&self, after: String, limit: usize) -> Result<Vec<String>, StoreError> {
        Ok(behind(&self.tables(), &after).take(limit).map(|entry| entry.id.clone()).collect())
    }

    async fn transitions(&self, mut ids: Vec<String>) -> Result<Vec<Transition>, StoreError> {
        ids.sort_unstable();
        ids.dedup();
        let tables = self.tables();
        let found = ids.iter().filter_map(|id| tables.journal.get(id));
        Ok(found.map(|entry| transition(&tables, entry)).collect())
    }

    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Transition>, StoreError> {
        let tables = self.tables();
        let found = behind(&tables, &after)
            .filter(|entry| account.as_ref().is_none_or(|account| entry.account == *account));
        Ok(found.take(limit).map(|entry| transition(&tables, entry)).collect())
    }

    async fn next_step(
        &self,
        account: String,
        after: String,
    ) -> Result<Option<JournalEntry>, StoreError> {
        Ok(behind(&self.tables(), &after).find(|entry| entry.account == account).cloned())
    }
}
