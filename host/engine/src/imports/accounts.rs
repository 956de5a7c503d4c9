//! `accounts`: rows, read and written.

use host_core::BATCH_MAX;

use super::{answer, misunderstood, page};
use crate::bindings::lifecycle::swingbridge::lifecycle::accounts::{
    Account, Host, NewAccount, ReadError, Removal, RowChange,
};
use crate::bindings::lifecycle::swingbridge::lifecycle::types::Denial;
use crate::convert::{row, write};
use crate::state::{CallState, weight};

impl CallState {
    fn account_rows(
        &mut self,
        asked: &[String],
        rows: Vec<host_core::account::Account>,
    ) -> wasmtime::Result<Vec<Account>> {
        self.read(rows.len(), rows.iter().map(weight).sum())?;
        self.collector.has_read(asked, &rows);
        Ok(rows.into_iter().map(row::account).collect())
    }

    fn count_writes(&mut self, rows: usize) -> wasmtime::Result<()> {
        self.usage.bytes_out += rows * 256;
        self.bound(rows, BATCH_MAX)
    }
}

impl Host for CallState {
    async fn get(
        &mut self,
        names: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Account>, ReadError>> {
        self.bound(names.len(), BATCH_MAX)?;
        self.usage.bytes_out += names.iter().map(String::len).sum::<usize>();
        let rows = match self.world.accounts(names.clone()).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.host(error)),
        };
        self.account_rows(&names, rows).map(Ok)
    }

    async fn page(
        &mut self,
        after: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<Account>, ReadError>> {
        self.bound(1, 1)?;
        let rows = match self.world.accounts_page(after, page(limit)).await {
            Ok(rows) => rows,
            Err(error) => return Err(self.host(error)),
        };
        self.account_rows(&[], rows).map(Ok)
    }

    async fn due_before(
        &mut self,
        at: u64,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<String>, ReadError>> {
        self.bound(1, 1)?;
        let names = match self.world.accounts_due(at, page(limit)).await {
            Ok(names) => names,
            Err(error) => return Err(self.host(error)),
        };
        self.read(names.len(), names.iter().map(String::len).sum())?;
        Ok(Ok(names))
    }

    fn insert(&mut self, rows: Vec<NewAccount>) -> wasmtime::Result<Result<(), Denial>> {
        self.count_writes(rows.len())?;
        let rows = rows.into_iter().map(write::new_account).collect::<Result<Vec<_>, _>>();
        Ok(match rows {
            Ok(rows) => answer(self.collector.insert(rows)),
            Err(reason) => Err(misunderstood(reason)),
        })
    }

    fn change(&mut self, rows: Vec<RowChange>) -> wasmtime::Result<Result<(), Denial>> {
        self.count_writes(rows.len())?;
        let rows = rows.into_iter().map(write::change).collect::<Result<Vec<_>, _>>();
        Ok(match rows {
            Ok(rows) => answer(self.collector.change(rows)),
            Err(reason) => Err(misunderstood(reason)),
        })
    }

    fn remove(&mut self, rows: Vec<Removal>) -> wasmtime::Result<Result<(), Denial>> {
        self.count_writes(rows.len())?;
        let rows = rows.into_iter().map(write::removal).collect::<Result<Vec<_>, _>>();
        Ok(match rows {
            Ok(rows) => answer(self.collector.remove(rows)),
            Err(reason) => Err(misunderstood(reason)),
        })
    }
}
