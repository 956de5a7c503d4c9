//! The outbox as the dispatcher uses it.

use std::collections::BTreeSet;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::operation::Operation;
use host_core::port::store::Outbox;

use super::MemoryStore;
use crate::tables::OperationRow;

fn may_be_sent(row: &OperationRow, now: Millis) -> bool {
    row.operation.not_before.is_none_or(|at| at <= now)
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn to_send(
        &self,
        agent: String,
        instance: String,
        session: String,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let tables = self.tables();
        let rows = tables
            .pending_of(&agent)
            .filter(|row| row.operation.instance == instance && may_be_sent(row, now))
            .filter(|row| row.session.as_ref().is_none_or(|handed| *handed != session));
        Ok(rows.take(limit).map(|row| row.operation.clone()).collect())
    }

    async fn next_to_send(
        &self,
        agent: String,
        instance: String,
        now: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        let tables = self.tables();
        let rows = tables.pending_of(&agent).filter(|row| row.operation.instance == instance);
        Ok(rows.filter_map(|row| row.operation.not_before).filter(|at| *at > now).min())
    }

    async fn sent(&self, ids: Vec<String>, session: String, at: Millis) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for id in ids {
            if let Some(row) = tables.operations.get_mut(&id) {
                row.operation.attempts += 1;
                row.operation.sent_at = Some(at);
                row.session = Some(session.clone());
            }
        }
        Ok(())
    }

    async fn unsent(&self, now: Millis, limit: usize) -> Result<Vec<String>, StoreError> {
        let tables = self.tables();
        let rows = tables.pending().filter(|row| row.operation.attempts == 0);
        let agents: BTreeSet<&String> =
            rows.filter(|row| may_be_sent(row, now)).map(|row| &row.operation.agent).collect();
        Ok(agents.into_iter().take(limit).cloned().collect())
    }

    async fn operations(&self, ids: Vec<String>) -> Result<Vec<Operation>, StoreError> {
        let tables = self.tables();
        let ids: BTreeSet<String> = ids.into_iter().collect();
        let rows = ids.iter().filter_map(|id| tables.operations.get(id));
        Ok(rows.map(|row| row.operation.clone()).collect())
    }
}
