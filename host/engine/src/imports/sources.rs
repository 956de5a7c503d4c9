//! `sources`: Clouddriver's accounts.

use host_core::BATCH_MAX;
use host_core::port::world::OfferedAccount;

use super::page;
use crate::bindings::lifecycle::swingbridge::lifecycle::sources::{Host, ReadError, SourceAccount};
use crate::convert::row;
use crate::state::CallState;

impl CallState {
    fn offered(&mut self, found: Vec<OfferedAccount>) -> wasmtime::Result<Vec<SourceAccount>> {
        let weight = |account: &OfferedAccount| {
            let keys: usize = account.definition.keys.iter().map(String::len).sum();
            64 + account.name.len() + account.source.len() + keys
        };
        self.read(found.len(), found.iter().map(weight).sum())?;
        Ok(found.into_iter().map(row::offered).collect())
    }
}

impl Host for CallState {
    async fn find(
        &mut self,
        names: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<SourceAccount>, ReadError>> {
        self.bound(names.len(), BATCH_MAX)?;
        let found = match self.world.sources(names).await {
            Ok(found) => found,
            Err(error) => return Err(self.host(error)),
        };
        self.offered(found).map(Ok)
    }

    async fn page(
        &mut self,
        after: String,
        limit: u32,
    ) -> wasmtime::Result<Result<Vec<SourceAccount>, ReadError>> {
        self.bound(1, 1)?;
        let found = match self.world.sources_page(after, page(limit)).await {
            Ok(found) => found,
            Err(error) => return Err(self.host(error)),
        };
        self.offered(found).map(Ok)
    }
}
