//! Keys of requests: a request and its key are both there or neither is.

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::once::{KEPT_MS, Once};
use host_core::port::idempotency::{Idempotency, KeyUse};
use host_core::request::RequestRow;
use host_core::unit::ItemWrite;

use super::MemoryStore;
use super::apply::put_item;
use crate::tables::{KeyRow, Tables};

fn key_use(tables: &Tables, once: &Once, now: Millis) -> KeyUse {
    let kept = tables.keys.get(&once.id).filter(|key| key.at.saturating_add(KEPT_MS) >= now);
    match kept {
        None => KeyUse::New,
        Some(key) if key.fingerprint == once.fingerprint => KeyUse::Same(key.request.clone()),
        Some(_) => KeyUse::Other,
    }
}

#[async_trait]
impl Idempotency for MemoryStore {
    async fn key_use(&self, once: Once, now: Millis) -> Result<KeyUse, StoreError> {
        Ok(key_use(&self.tables(), &once, now))
    }

    async fn begin_once(
        &self,
        once: Once,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<KeyUse, StoreError> {
        let mut tables = self.tables();
        let used = key_use(&tables, &once, request.created_at);
        if used == KeyUse::New {
            let (fingerprint, at) = (once.fingerprint, request.created_at);
            let key = KeyRow { fingerprint, request: request.id.clone(), at };
            tables.keys.insert(once.id, key);
            tables.requests.insert(request.id.clone(), request);
            decided.into_iter().for_each(|item| put_item(&mut tables, item));
        }
        Ok(used)
    }

    async fn take_up(
        &self,
        request: String,
        replica: String,
        cut_to: u64,
        total: u64,
    ) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let cut = tables.requests.get_mut(&request).filter(|request| request.total == cut_to);
        Ok(cut.map(|request| (request.total, request.replica) = (total, replica)).is_some())
    }
}
