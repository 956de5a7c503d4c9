//! Replicas and leases: rows that somebody keeps moving, compared and swapped.

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::port::replicas::{Lease, Replica, Replicas};

use crate::dialect::Failure;
use crate::sql;
use crate::statement::Statement;
use crate::store::Store;
use crate::value::{Cells, Wrong};

const REPLICAS: &str = "swingbridge_replicas";
const LEASES: &str = "swingbridge_leases";

#[async_trait]
impl Replicas for Store {
    fn can_be_several(&self) -> bool {
        self.can_be_shared()
    }

    async fn put_replica(&self, replica: Replica) -> Result<(), StoreError> {
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            if transaction.run(bind(sql::UPDATE_REPLICA, &replica)).await? == 0 {
                transaction.run(bind(sql::INSERT_REPLICA, &replica)).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn replicas(&self) -> Result<Vec<Replica>, StoreError> {
        self.select(Statement::new(sql::REPLICAS), REPLICAS, read_replica).await
    }

    async fn remove_replica(&self, id: String, beat: u64) -> Result<bool, StoreError> {
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            let gone = Statement::new(sql::DELETE_REPLICA).bind(id).bind(beat);
            let removed = transaction.run(gone).await?;
            transaction.commit().await?;
            Ok(removed == 1)
        })
        .await
    }

    async fn lease(&self, name: String) -> Result<Option<Lease>, StoreError> {
        self.select_one(Statement::new(sql::LEASE).bind(name), LEASES, read_lease).await
    }

    async fn swap_lease(&self, seen: Option<Lease>, lease: Lease) -> Result<bool, StoreError> {
        let next = |text| {
            Statement::new(text)
                .bind(&lease.holder)
                .bind(lease.fence)
                .bind(lease.beat)
                .bind(&lease.name)
        };
        let swap = match &seen {
            None => next(sql::INSERT_LEASE),
            Some(seen) => {
                next(sql::UPDATE_LEASE).bind(&seen.holder).bind(seen.fence).bind(seen.beat)
            }
        };
        self.action(|inner| async move {
            let mut transaction = inner.begin().await?;
            match transaction.run(swap).await {
                Ok(swapped) => {
                    transaction.commit().await?;
                    Ok(swapped == 1)
                }
                Err(Failure::Exists) => {
                    transaction.rollback().await?;
                    Ok(false)
                }
                Err(failure) => Err(failure.into()),
            }
        })
        .await
    }
}

fn bind(text: &'static str, replica: &Replica) -> Statement {
    Statement::new(text)
        .bind(&replica.base_url)
        .bind(&replica.version)
        .bind(replica.beat)
        .bind(replica.started_at)
        .bind(replica.last_updated)
        .bind(replica.ready)
        .bind(&replica.id)
}

fn read_replica(cells: &mut Cells) -> Result<Replica, Wrong> {
    Ok(Replica {
        id: cells.text()?,
        base_url: cells.text()?,
        version: cells.text()?,
        beat: cells.number()?,
        started_at: cells.number()?,
        last_updated: cells.number()?,
        ready: cells.flag()?,
    })
}

fn read_lease(cells: &mut Cells) -> Result<Lease, Wrong> {
    Ok(Lease {
        name: cells.text()?,
        holder: cells.text()?,
        fence: cells.number()?,
        beat: cells.number()?,
    })
}
