//! The outbox as the dispatcher uses it.

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::operation::Operation;
use host_core::port::store::Outbox;

use crate::sql;
use crate::statement::Statement;
use crate::store::Store;
use crate::tables::operation;
use crate::value::{Cells, count};

#[async_trait]
impl Outbox for Store {
    async fn to_send(
        &self,
        agent: String,
        instance: String,
        session: String,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let statement = Statement::new(sql::TO_SEND)
            .bind(agent)
            .bind(instance)
            .bind(now)
            .bind(session)
            .bind(count(limit));
        self.select(statement, operation::NAME, operation::read).await
    }

    async fn next_to_send(
        &self,
        agent: String,
        instance: String,
        now: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let statement = Statement::new(sql::NEXT_TO_SEND).bind(agent).bind(instance).bind(now);
        self.select_one(statement, operation::NAME, Cells::number).await
    }

    async fn sent(&self, ids: Vec<String>, session: String, at: Millis) -> Result<(), StoreError> {
        if ids.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            let sent = Statement::new(sql::SENT).bind(at).bind(session).list(ids);
            transaction.run(sent).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn unsent(&self, now: Millis, limit: usize) -> Result<Vec<String>, StoreError> {
        let statement = Statement::new(sql::UNSENT).bind(now).bind(count(limit));
        self.select(statement, operation::NAME, Cells::text).await
    }

    async fn operations(&self, ids: Vec<String>) -> Result<Vec<Operation>, StoreError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let statement = Statement::new(sql::OPERATIONS).list(ids);
        self.select(statement, operation::NAME, operation::read).await
    }
}
