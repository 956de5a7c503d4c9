//! Requests, and everything that people read.

use std::collections::BTreeSet;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::holding::Observed;
use host_core::journal::JournalEntry;
use host_core::name::fold;
use host_core::operation::Operation;
use host_core::port::store::{AccountRecord, AgentNamespaces, ListFilter, Page, Records};
use host_core::request::{RequestItem, RequestRow};
use host_core::unit::ItemWrite;

use super::MemoryStore;
use super::apply::{key, put_item};
use crate::tables::{AccountRow, Tables};

#[async_trait]
impl Records for MemoryStore {
    async fn begin_request(
        &self,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<(), StoreError> {
        let mut tables = self.tables();
        if tables.requests.contains_key(&request.id) {
            return Ok(());
        }
        tables.requests.insert(request.id.clone(), request);
        decided.into_iter().for_each(|item| put_item(&mut tables, item));
        Ok(())
    }

    async fn close_half_begun(&self, replica: String, before: Millis) -> Result<u64, StoreError> {
        let mut tables = self.tables();
        let of_replica = tables.requests.values().filter(|r| r.replica == replica);
        let half: Vec<(String, u64)> = of_replica
            .filter(|request| request.created_at < before)
            .map(|request| (request.id.clone(), items_of(&tables, &request.id).count() as u64))
            .filter(|(id, items)| tables.requests[id].total > *items)
            .collect();
        let closed = half.len() as u64;
        for (id, items) in half {
            if let Some(request) = tables.requests.get_mut(&id) {
                request.total = items;
            }
        }
        Ok(closed)
    }

    async fn put_items(&self, items: Vec<ItemWrite>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for item in items {
            if !tables.items.contains_key(&key(&item)) {
                put_item(&mut tables, item);
            }
        }
        Ok(())
    }

    async fn request(&self, id: String) -> Result<Option<RequestRow>, StoreError> {
        Ok(self.tables().requests.get(&id).cloned())
    }

    async fn items(&self, id: String) -> Result<Vec<RequestItem>, StoreError> {
        let tables = self.tables();
        let now = |item: &RequestItem| {
            let row = tables.accounts.get(&item.name);
            let state = match item.outcome.is_final() {
                true => item.state.clone(),
                false => row.map(|row| row.account.state.clone()),
            };
            RequestItem { state, ..item.clone() }
        };
        Ok(items_of(&tables, &id).map(now).collect())
    }

    async fn pending_items(&self, id: String) -> Result<u64, StoreError> {
        let tables = self.tables();
        let total = tables.requests.get(&id).map_or(0, |request| request.total);
        let ended = items_of(&tables, &id).filter(|item| item.outcome.is_final()).count() as u64;
        Ok(total.saturating_sub(ended))
    }

    async fn account(&self, name: String) -> Result<Option<AccountRecord>, StoreError> {
        let tables = self.tables();
        Ok(tables.accounts.get(&name).map(|row| record(&tables, row)))
    }

    async fn list(&self, filter: ListFilter, page: Page) -> Result<Vec<AccountRecord>, StoreError> {
        let tables = self.tables();
        let skip = if page.after.is_some() { 0 } else { page.skip };
        let after = page.after.unwrap_or_default();
        let rows = filtered(&tables, &filter).filter(|row| row.account.name > after);
        let rows = rows.skip(usize::try_from(skip).unwrap_or(usize::MAX)).take(page.limit);
        Ok(rows.map(|row| record(&tables, row)).collect())
    }

    async fn count(&self, filter: ListFilter) -> Result<u64, StoreError> {
        Ok(filtered(&self.tables(), &filter).count() as u64)
    }

    async fn journal(
        &self,
        account: String,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let tables = self.tables();
        let earlier = |entry: &&JournalEntry| before.as_ref().is_none_or(|id| entry.id < *id);
        let newest = tables.journal.values().rev().filter(|entry| entry.account == account);
        Ok(newest.filter(earlier).take(limit).cloned().collect())
    }

    async fn operation_history(&self, page: Page) -> Result<Vec<Operation>, StoreError> {
        let tables = self.tables();
        let skip = if page.after.is_some() { 0 } else { page.skip };
        let earlier = |o: &&Operation| page.after.as_ref().is_none_or(|id| o.id < *id);
        let newest = tables.operations.values().rev().map(|row| &row.operation).filter(earlier);
        let newest = newest.skip(usize::try_from(skip).unwrap_or(usize::MAX));
        Ok(newest.take(page.limit).cloned().collect())
    }

    async fn operations_of_request(
        &self,
        request: String,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        let tables = self.tables();
        let of_request = tables.operations.values().map(|row| &row.operation);
        let of_request = of_request.filter(|o| o.parent.as_ref() == Some(&request));
        Ok(of_request.take(limit).cloned().collect())
    }

    async fn held_by(&self, agents: Vec<String>) -> Result<Vec<(String, String)>, StoreError> {
        let tables = self.tables();
        let held = tables.holdings.values().filter(|holding| agents.contains(&holding.agent));
        let held = held.filter(|holding| matches!(holding.observed, Observed::Held(_)));
        let held: BTreeSet<(String, String)> =
            held.map(|holding| (holding.agent.clone(), holding.account.clone())).collect();
        Ok(held.into_iter().collect())
    }

    async fn namespaces(&self, account: String) -> Result<Vec<AgentNamespaces>, StoreError> {
        let tables = self.tables();
        let of_account = tables.namespaces.iter().filter(|((of, _), _)| *of == account);
        let seen = of_account.map(|((_, agent), namespaces)| AgentNamespaces {
            agent: agent.clone(),
            namespaces: namespaces.clone(),
        });
        Ok(seen.collect())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn items_of<'t>(tables: &'t Tables, request: &str) -> impl Iterator<Item = &'t RequestItem> {
    let request = request.to_owned();
    let first = (request.clone(), String::new());
    let of_request = tables.items.range(first..).take_while(move |((of, _), _)| *of == request);
    of_request.map(|(_, item)| item)
}

fn record(tables: &Tables, row: &AccountRow) -> AccountRecord {
    AccountRecord {
        account: tables.joined(&row.account),
        definition: row.definition.clone(),
        source: row.source.clone(),
        last_updated: row.last_updated,
    }
}

fn filtered<'t>(
    tables: &'t Tables,
    filter: &ListFilter,
) -> impl Iterator<Item = &'t AccountRow> + use<'t> {
    let ListFilter { state, zone, source, contains } = filter.clone();
    let contains = contains.map(|part| fold(&part));
    tables.accounts.values().filter(move |row| {
        let account = &row.account;
        state.as_ref().is_none_or(|state| account.state == *state)
            && zone.as_ref().is_none_or(|zone| account.zone.as_ref() == Some(zone))
            && source.as_ref().is_none_or(|source| row.source == *source)
            && contains.as_ref().is_none_or(|part| fold(&account.name).contains(part.as_str()))
    })
}
