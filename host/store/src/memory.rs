//! Agents and slots: what the bridge remembers across a restart.

use async_trait::async_trait;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::store::Memory;

use crate::dialect::{Failure, Transaction};
use crate::setwise;
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store, read};
use crate::tables::{self, account, agent, holding};
use crate::value::{self, Cells, Value};

const SLOTS: &str = "swingbridge_slots";

/// How often a row is written again that another replica made or moved meanwhile.
const TRIES: usize = 3;

#[async_trait]
impl Memory for Store {
    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.select(Statement::new(sql::AGENTS), agent::NAME, agent::read).await
    }

    async fn put_agent(&self, agent: Agent) -> Result<(), StoreError> {
        self.action(|inner| async move {
            for _ in 0..TRIES {
                let mut transaction = inner.begin().await?;
                match put_agent(transaction.as_mut(), &agent).await {
                    Ok(()) => return Ok(transaction.commit().await?),
                    Err(Failure::Exists) => transaction.rollback().await?,
                    Err(failure) => return Err(failure.into()),
                }
            }
            Err(contended(agent::NAME))
        })
        .await
    }

    async fn count_in_zone(&self, zone: String) -> Result<u64, StoreError> {
        let statement = Statement::new(sql::COUNT_IN_ZONE).bind(zone);
        let counted = self.select_one(statement, account::NAME, Cells::number).await?;
        Ok(counted.unwrap_or_default())
    }

    async fn serve(&self, slot: String, digest: String, at: Millis) -> Result<u64, StoreError> {
        self.action(|inner| async move {
            for _ in 0..TRIES {
                if let Some(generation) = serve(&inner, &slot, &digest, at).await? {
                    return Ok(generation);
                }
            }
            Err(contended(SLOTS))
        })
        .await
    }

    async fn put_namespaces(
        &self,
        seen: Vec<(String, String, Vec<String>)>,
    ) -> Result<(), StoreError> {
        if seen.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let ids = seen.iter().map(|(account, agent, _)| holding::id(account, agent));
            let gone = Statement::new(sql::DELETE_NAMESPACES).list(ids);
            let rows = seen.iter().map(|(account, agent, namespaces)| {
                vec![
                    Value::from(holding::id(account, agent)),
                    Value::from(account),
                    Value::from(agent),
                    value::json(namespaces),
                ]
            });
            let written = setwise::insert(tables::NAMESPACES, rows.collect());
            let mut transaction = inner.begin().await?;
            transaction.run(gone).await?;
            for statement in written {
                transaction.run(statement).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }
}

async fn put_agent(transaction: &mut dyn Transaction, agent: &Agent) -> Result<(), Failure> {
    if transaction.run(agent::bind(sql::UPDATE_AGENT, agent)).await? == 0 {
        transaction.run(agent::bind(sql::INSERT_AGENT, agent)).await?;
    }
    Ok(())
}

/// The generation that the digest serves at; absent if somebody else moved the slot meanwhile.
async fn serve(
    inner: &Inner,
    slot: &str,
    digest: &str,
    at: Millis,
) -> Result<Option<u64>, StoreError> {
    let mut transaction = inner.begin().await?;
    let asked = Statement::new(sql::SLOT).bind(slot);
    let rows = read(transaction.as_mut(), asked, SLOTS, |cells| {
        Ok((cells.text()?, cells.text()?, cells.number()?))
    });
    let (written, generation) = match rows.await?.into_iter().next() {
        Some((_, serving, generation)) if serving == digest => {
            transaction.rollback().await?;
            return Ok(Some(generation));
        }
        Some((_, _, generation)) => {
            let moved = Statement::new(sql::UPDATE_SLOT)
                .bind(digest)
                .bind(generation + 1)
                .bind(at)
                .bind(slot)
                .bind(generation);
            (transaction.run(moved).await, generation + 1)
        }
        None => {
            let first =
                Statement::new(sql::INSERT_SLOT).bind(slot).bind(digest).bind(1_u64).bind(at);
            (transaction.run(first).await, 1)
        }
    };
    match written {
        Ok(1) => {
            transaction.commit().await?;
            Ok(Some(generation))
        }
        Ok(_) | Err(Failure::Exists) => {
            transaction.rollback().await?;
            Ok(None)
        }
        Err(failure) => Err(failure.into()),
    }
}

fn contended(table: &str) -> StoreError {
    StoreError::Unavailable(format!("a row of {table} kept changing; try again"))
}
