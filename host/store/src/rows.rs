//! Rows as guest calls read them.

use std::collections::BTreeSet;

use async_trait::async_trait;
use host_core::account::Account;
use host_core::clock::Millis;
use host_core::error::{ApplyError, StoreError};
use host_core::holding::Holding;
use host_core::name;
use host_core::port::store::{DefinitionRow, NameRow, Rows};
use host_core::unit::Unit;

use crate::sql;
use crate::statement::Statement;
use crate::store::Store;
use crate::tables::{NAMES, account, holding};
use crate::value::{Cells, count};

#[async_trait]
impl Rows for Store {
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let folded: BTreeSet<String> = names.iter().map(|name| name::fold(name)).collect();
        let statement = Statement::new(sql::ACCOUNTS).list(folded);
        self.select(statement, account::NAME, account::read).await
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, StoreError> {
        let statement = Statement::new(sql::ACCOUNTS_PAGE).bind(after).bind(count(limit));
        self.select(statement, account::NAME, account::read).await
    }

    async fn due(&self, at: Millis, limit: usize) -> Result<Vec<String>, StoreError> {
        let statement = Statement::new(sql::DUE).bind(at).bind(count(limit));
        self.select(statement, account::NAME, Cells::text).await
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        self.select_one(Statement::new(sql::NEXT_DUE), account::NAME, Cells::number).await
    }

    async fn definitions(&self, names: Vec<String>) -> Result<Vec<DefinitionRow>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let statement = Statement::new(sql::DEFINITIONS).list(names);
        self.select(statement, account::NAME, |cells| {
            Ok(DefinitionRow {
                name: cells.text()?,
                definition_revision: cells.number()?,
                definition: account::read_definition(cells)?,
            })
        })
        .await
    }

    async fn names(&self, names: Vec<String>) -> Result<Vec<NameRow>, StoreError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let statement = Statement::new(sql::NAMES).list(names);
        self.select(statement, NAMES.name, |cells| {
            let (name, generation, removed_at) = (cells.text()?, cells.number()?, cells.number()?);
            Ok(NameRow { name, generation, removed_at })
        })
        .await
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<Holding>, StoreError> {
        if accounts.is_empty() {
            return Ok(Vec::new());
        }
        let statement = Statement::new(sql::HOLDINGS).list(accounts);
        self.select(statement, holding::NAME, holding::read).await
    }

    async fn names_concerning(
        &self,
        agent: String,
        zone: String,
        after: String,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        let statement = Statement::new(sql::NAMES_CONCERNING)
            .bind(zone)
            .bind(&after)
            .bind(count(limit))
            .bind(&after)
            .bind(count(limit))
            .bind(agent)
            .bind(&after)
            .bind(count(limit))
            .bind(count(limit));
        self.select(statement, account::NAME, Cells::text).await
    }

    async fn apply(&self, unit: Unit) -> Result<(), ApplyError> {
        self.apply_unit(unit).await
    }
}
