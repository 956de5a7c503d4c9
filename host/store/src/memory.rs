//! Agents: what the bridge remembers across a restart, and what one replica learns of another's.

use async_trait::async_trait;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::store::Memory;

use crate::dialect::{Failure, Transaction};
use crate::setwise::{self, Doing, Guarded, Swap};
use crate::sql;
use crate::statement::Statement;
use crate::store::Store;
use crate::tables::{self, account, agent, holding};
use crate::value::{self, Cells, Value, Wrong};

const COUNTERS: &str = "swingbridge_counters";

/// Rows of agents, as they were read.
const GUARDED: Guarded = Guarded { table: agent::NAME, key: "id", guard: "changed" };

/// The count of changes of agents' rows.
const AGENTS: &str = "agents";

/// How often a row is written again that another replica made or moved meanwhile.
const TRIES: usize = 5;

#[async_trait]
impl Memory for Store {
    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.select(Statement::new(sql::AGENTS), agent::NAME, agent::read).await
    }

    async fn agents_since(&self, changed: u64) -> Result<Vec<Agent>, StoreError> {
        let statement = Statement::new(sql::AGENTS_SINCE).bind(changed);
        self.select(statement, agent::NAME, agent::read).await
    }

    async fn agents_changed(&self) -> Result<u64, StoreError> {
        let count = Statement::new(sql::COUNTER).bind(AGENTS);
        Ok(self.select_one(count, COUNTERS, read_count).await?.unwrap_or_default())
    }

    async fn put_agent(
        &self,
        agent: Agent,
        session: Option<String>,
    ) -> Result<Option<u64>, StoreError> {
        self.action(|inner| async move {
            for _ in 0..TRIES {
                let mut transaction = inner.begin().await?;
                match put_agent(transaction.as_mut(), &agent, session.as_deref()).await {
                    Ok(Some(changed)) => {
                        transaction.commit().await?;
                        return Ok(Some(changed));
                    }
                    Ok(None) => {
                        transaction.rollback().await?;
                        return Ok(None);
                    }
                    // Another replica made the row, or holds the count.
                    Err(Failure::Exists | Failure::Busy(_)) => transaction.rollback().await?,
                    Err(failure) => return Err(failure.into()),
                }
            }
            Err(contended(agent::NAME))
        })
        .await
    }

    async fn heard_of(&self, agents: Vec<(String, u64, Millis)>) -> Result<(), StoreError> {
        let heard = |(key, expected, at)| Swap { key, expected, values: vec![Value::from(at)] };
        let heard: Vec<Swap> = agents.into_iter().map(heard).collect();
        if heard.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let doing = Doing::Swap(&["last_seen"], &[]);
            let mut transaction = inner.begin().await?;
            for piece in setwise::change(GUARDED, doing, heard, inner.branches()) {
                transaction.run(piece.statement).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn count_in_zone(&self, zone: String) -> Result<u64, StoreError> {
        let statement = Statement::new(sql::COUNT_IN_ZONE).bind(zone);
        let counted = self.select_one(statement, account::NAME, Cells::number).await?;
        Ok(counted.unwrap_or_default())
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

/// Counts the change first: whoever changes an agent's row waits for the one before, so that rows become visible in the
/// order of their counts, and who has read up to a count has missed none.
async fn put_agent(
    transaction: &mut dyn Transaction,
    agent: &Agent,
    session: Option<&str>,
) -> Result<Option<u64>, Failure> {
    let changed = count_up(transaction).await?;
    let update = agent::bind(sql::UPDATE_AGENT, agent, changed);
    let Some(session) = session else {
        if transaction.run(update).await? == 0 {
            transaction.run(agent::bind(sql::INSERT_AGENT, agent, changed)).await?;
        }
        return Ok(Some(changed));
    };
    let written = transaction.run(update.and(sql::OF_SESSION).bind(session)).await?;
    Ok((written == 1).then_some(changed))
}

async fn count_up(transaction: &mut dyn Transaction) -> Result<u64, Failure> {
    if transaction.run(Statement::new(sql::COUNT_UP).bind(AGENTS)).await? == 0 {
        transaction.run(Statement::new(sql::INSERT_COUNTER).bind(AGENTS)).await?;
    }
    let rows = transaction.rows(Statement::new(sql::COUNTER).bind(AGENTS)).await?;
    let count = rows.into_iter().next().map(|row| row.read(COUNTERS, read_count));
    match count {
        Some(Ok(count)) => Ok(count),
        Some(Err(error)) => Err(Failure::Unavailable(error.to_string())),
        None => Err(Failure::Unavailable("a count that was just written is not there".to_owned())),
    }
}

fn read_count(cells: &mut Cells) -> Result<u64, Wrong> {
    let (_name, count) = (cells.text()?, cells.number()?);
    Ok(count)
}

/// A row that others kept changing.
pub(crate) fn contended(table: &str) -> StoreError {
    StoreError::Unavailable(format!("a row of {table} kept changing; try again"))
}
