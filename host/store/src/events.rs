//! The journal forward, for those who follow it.

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::journal::{JournalEntry, Transition};
use host_core::port::events::Events;

use crate::sql;
use crate::statement::Statement;
use crate::store::Store;
use crate::tables::journal;
use crate::value::{Cells, count};

#[async_trait]
impl Events for Store {
    async fn newest(&self) -> Result<Option<String>, StoreError> {
        let statement = Statement::new(sql::JOURNAL_NEWEST);
        self.select_one(statement, journal::TABLE.name, Cells::text).await
    }

    async fn reaches_back_to(&self, id: String) -> Result<bool, StoreError> {
        let statement = Statement::new(sql::JOURNAL_UP_TO).bind(id);
        Ok(self.select_one(statement, journal::TABLE.name, Cells::text).await?.is_some())
    }

    async fn ids_behind(&self, after: String, limit: usize) -> Result<Vec<String>, StoreError> {
        let statement = Statement::new(sql::JOURNAL_IDS).bind(after).bind(count(limit));
        self.select(statement, journal::TABLE.name, Cells::text).await
    }

    async fn transitions(&self, ids: Vec<String>) -> Result<Vec<Transition>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = Statement::new(sql::TRANSITIONS).list(ids);
        self.select(statement, journal::TABLE.name, journal::read_transition).await
    }

    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Transition>, StoreError> {
        let statement = match account {
            Some(account) => Statement::new(sql::TRANSITIONS_OF).bind(account),
            None => Statement::new(sql::TRANSITIONS_BEHIND),
        };
        let statement = statement.bind(after).bind(count(limit));
        self.select(statement, journal::TABLE.name, journal::read_transition).await
    }

    async fn next_step(
        &self,
        account: String,
        after: String,
    ) -> Result<Option<JournalEntry>, StoreError> {
        let statement = Statement::new(sql::JOURNAL_STEP).bind(account).bind(after);
        self.select_one(statement, journal::TABLE.name, journal::read).await
    }
}
