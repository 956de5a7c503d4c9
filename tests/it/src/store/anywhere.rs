//! A store wherever it keeps things: on a database, or in memory as the scripted world does. The same cases hold for all
//! of them, so that what passes on a laptop passes in production.

use std::ops::Deref;
use std::sync::Arc;

use host_core::port::events::Events;
use host_core::port::figures::Watch;
use host_core::port::housekeeping::Housekeeping;
use host_core::port::idempotency::Idempotency;
use host_core::port::recordings::Recordings;
use host_core::port::replicas::Replicas;
use host_core::port::slots::Slots;
use host_core::port::store::{Memory, Outbox, Records, Rows};
use host_core::port::vault::Vault;
use host_store::Store;
use host_trial::MemoryStore;

use super::words;

/// Where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Sqlite,
    MariaDb,
    Postgres,
    Memory,
}

/// Every port of a store.
pub(super) trait Everything:
    Rows
    + Outbox
    + Memory
    + Records
    + Events
    + Housekeeping
    + Idempotency
    + Recordings
    + Replicas
    + Slots
    + Vault
    + Watch
{
}

impl<T> Everything for T where
    T: Rows
        + Outbox
        + Memory
        + Records
        + Events
        + Housekeeping
        + Idempotency
        + Recordings
        + Replicas
        + Slots
        + Vault
        + Watch
{
}

/// A store by its ports.
#[derive(Debug, Clone)]
pub(super) struct Ports {
    ports: Arc<dyn Everything>,
    of_a_database: Option<Store>,
}

impl Deref for Ports {
    type Target = dyn Everything;

    fn deref(&self) -> &Self::Target {
        &*self.ports
    }
}

impl Ports {
    /// Closes it, where that means something.
    pub(super) async fn close(&self) {
        if let Some(store) = &self.of_a_database {
            store.close().await;
        }
    }
}

/// A store of its own, with a lifecycle module that serves at generation 1.
pub(super) struct Fresh {
    pub(super) store: Ports,
    /// What has to stay as long as the store.
    pub(super) database: Option<super::Fresh>,
}

impl Fresh {
    pub(super) async fn new(kind: Kind) -> Self {
        let kind = match kind {
            Kind::Sqlite => tests_harness::Kind::Sqlite,
            Kind::MariaDb => tests_harness::Kind::MariaDb,
            Kind::Postgres => tests_harness::Kind::Postgres,
            Kind::Memory => {
                let store = MemoryStore::new(true);
                let served = store.serve("lifecycle".into(), words::offer("sha256:1"), 1).await;
                assert_eq!(served.map(|serving| serving.generation), Ok(1));
                let store = Ports { ports: Arc::new(store), of_a_database: None };
                return Self { store, database: None };
            }
        };
        Self::on(super::Fresh::new(kind).await)
    }

    fn on(fresh: super::Fresh) -> Self {
        let of_a_database = Some(fresh.store.clone());
        let store = Ports { ports: Arc::new(fresh.store.clone()), of_a_database };
        Self { store, database: Some(fresh) }
    }

    /// Closes the store and opens it again, as a restart does. What is in memory stays.
    pub(super) async fn again(self) -> Self {
        match self.database {
            Some(fresh) => Self::on(fresh.again().await),
            None => self,
        }
    }
}
