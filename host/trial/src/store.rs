//! The store in memory: what the database keeps, by the database's rules, for one bridge or several.

mod apply;
mod events;
mod figures;
mod housekeeping;
mod idempotency;
mod memory;
mod outbox;
mod recordings;
mod records;
mod replicas;
mod rows;
mod slots;
mod vault;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::tables::Tables;

/// A database in memory. Clones share it, as replicas share theirs.
#[derive(Debug, Clone)]
pub struct MemoryStore {
    tables: Arc<Mutex<Tables>>,
    several: bool,
}

impl MemoryStore {
    /// An empty database. `several` says whether more than one replica may be on it: whether they look for each other.
    #[must_use]
    pub fn new(several: bool) -> Self {
        Self { tables: Arc::default(), several }
    }

    /// The tables, to be read or written between two units. Nobody else reaches the database meanwhile.
    pub fn with<T>(&self, look: impl FnOnce(&mut Tables) -> T) -> T {
        look(&mut self.tables())
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A panic while it is held is a test's, which ends by it.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
