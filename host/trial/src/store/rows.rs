//! Rows as guest calls read them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use host_core::account::Account;
use host_core::clock::Millis;
use host_core::error::{ApplyError, StoreError};
use host_core::holding::Holding;
use host_core::port::store::{DefinitionRow, NameRow, Rows};
use host_core::unit::Unit;

use super::{MemoryStore, apply};
use crate::tables::Tables;

#[async_trait]
impl Rows for MemoryStore {
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, StoreError> {
        let tables = self.tables();
        let met: BTreeSet<&str> = names
            .iter()
            .filter_map(|name| Some(tables.met_by(name)?.account.name.as_str()))
            .collect();
        Ok(met.iter().map(|name| tables.joined(&tables.accounts[*name].account)).collect())
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, StoreError> {
        let tables = self.tables();
        let rows = tables.accounts.values().filter(|row| row.account.name > after);
        Ok(rows.take(limit).map(|row| tables.joined(&row.account)).collect())
    }

    async fn due(&self, at: Millis, limit: usize) -> Result<Vec<String>, StoreError> {
        let tables = self.tables();
        let mut due: Vec<(Millis, &String)> =
            all_due(&tables).filter(|(due, _)| *due <= at).collect();
        due.sort_unstable();
        Ok(due.into_iter().take(limit).map(|(_, name)| name.clone()).collect())
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        Ok(all_due(&self.tables()).map(|(due, _)| due).min())
    }

    async fn definitions(&self, names: Vec<String>) -> Result<Vec<DefinitionRow>, StoreError> {
        let tables = self.tables();
        let names: BTreeSet<String> = names.into_iter().collect();
        let rows = names.iter().filter_map(|name| tables.accounts.get(name));
        let row = |row: &crate::tables::AccountRow| DefinitionRow {
            name: row.account.name.clone(),
            definition_revision: row.account.definition_revision,
            definition: row.definition.clone(),
        };
        Ok(rows.map(row).collect())
    }

    async fn names(&self, names: Vec<String>) -> Result<Vec<NameRow>, StoreError> {
        let tables = self.tables();
        let names: BTreeSet<String> = names.into_iter().collect();
        Ok(names.iter().filter_map(|name| tables.names.get(name).cloned()).collect())
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<Holding>, StoreError> {
        let tables = self.tables();
        let accounts: BTreeSet<String> = accounts.into_iter().collect();
        let of = |account: &String| {
            let first = (account.clone(), String::new());
            let of_account =
                tables.holdings.range(first..).take_while(|((of, _), _)| of == account);
            of_account.map(|(_, holding)| tables.known(holding)).collect::<Vec<_>>()
        };
        Ok(accounts.iter().flat_map(of).collect())
    }

    async fn names_concerning(
        &self,
        agent: String,
        zone: String,
        after: String,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let tables = self.tables();
        let of_zone = |account: &&Account| account.zone.as_ref().is_none_or(|of| *of == zone);
        let rows = tables.accounts.values().map(|row| &row.account).filter(of_zone);
        let known = tables.holdings.keys().filter(|(_, of)| *of == agent).map(|(name, _)| name);
        let names: BTreeSet<&String> = rows.map(|row| &row.name).chain(known).collect();
        let behind = names.into_iter().filter(|name| **name > after);
        Ok(behind.take(limit).cloned().collect())
    }

    async fn apply(&self, unit: Unit) -> Result<(), ApplyError> {
        apply::apply(&mut self.tables(), unit)
    }
}

fn all_due(tables: &Tables) -> impl Iterator<Item = (Millis, &String)> {
    let rows = tables.accounts.values().map(|row| &row.account);
    rows.filter_map(|row| Some((row.due_at?, &row.name)))
}
