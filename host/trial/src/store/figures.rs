//! Figures of the tables.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use host_core::account::State;
use host_core::agent::Presence;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::holding::Observed;
use host_core::port::figures::{Figures, Watch};

use super::MemoryStore;
use crate::tables::Tables;

#[async_trait]
impl Watch for MemoryStore {
    async fn figures(&self, overdue: Millis, transient: Vec<State>) -> Result<Figures, StoreError> {
        let tables = self.tables();
        let mut accounts: BTreeMap<State, u64> = BTreeMap::new();
        let (mut stuck, mut oldest_due) = (0, None::<Millis>);
        for row in tables.accounts.values().map(|row| &row.account) {
            *accounts.entry(row.state.clone()).or_default() += 1;
            stuck += u64::from(match row.due_at {
                Some(due) => due < overdue,
                None => transient.contains(&row.state),
            });
            oldest_due = [oldest_due, row.due_at].into_iter().flatten().min();
        }
        let pending = || tables.pending().map(|row| &row.operation);
        Ok(Figures {
            accounts: accounts.into_iter().collect(),
            stuck,
            oldest_due,
            unhealthy: unhealthy(&tables),
            pending: pending().count() as u64,
            unanswered: pending().filter(|operation| operation.sent_at.is_some()).count() as u64,
            oldest_pending: pending().map(|operation| operation.created_at).min(),
        })
    }
}

/// Accounts by the code, each counted once for a code.
fn unhealthy(tables: &Tables) -> Vec<(String, u64)> {
    let mut codes: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for holding in tables.holdings.values() {
        let there = tables.agents.get(&holding.agent);
        let connected = there.is_some_and(|agent| agent.presence == Presence::Connected);
        let failure = holding.health.as_ref().and_then(|health| health.failure.as_ref());
        if let (true, Observed::Held(_), Some(failure)) = (connected, holding.observed, failure) {
            codes.entry(&failure.code).or_default().insert(&holding.account);
        }
    }
    codes.into_iter().map(|(code, accounts)| (code.to_owned(), accounts.len() as u64)).collect()
}
