//! Replicas and leases: rows that somebody keeps moving, compared and swapped.

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::port::replicas::{Lease, Replica, Replicas};

use super::MemoryStore;

#[async_trait]
impl Replicas for MemoryStore {
    fn can_be_several(&self) -> bool {
        self.several
    }

    async fn put_replica(&self, replica: Replica) -> Result<(), StoreError> {
        self.tables().replicas.insert(replica.id.clone(), replica);
        Ok(())
    }

    async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        Ok(self.tables().replicas.values().cloned().collect())
    }

    async fn remove_replica(&self, id: String, beat: u64) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let still = tables.replicas.get(&id).is_some_and(|replica| replica.beat == beat);
        if still {
            tables.replicas.remove(&id);
        }
        Ok(still)
    }

    async fn lease(&self, name: String) -> Result<Option<Lease>, StoreError> {
        Ok(self.tables().leases.get(&name).cloned())
    }

    async fn swap_lease(&self, seen: Option<Lease>, lease: Lease) -> Result<bool, StoreError> {
        let mut tables = self.tables();
        let still = tables.leases.get(&lease.name) == seen.as_ref();
        if still {
            tables.leases.insert(lease.name.clone(), lease);
        }
        Ok(still)
    }
}
