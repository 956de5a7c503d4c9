//! Figures of the tables, each along an index.

use async_trait::async_trait;
use host_core::account::State;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::figures::{Figures, Watch};

use crate::sql;
use crate::statement::Statement;
use crate::store::{Store, read};
use crate::tables::{account, holding, operation};
use crate::value::Cells;

#[async_trait]
impl Watch for Store {
    async fn figures(&self, overdue: Millis, transient: Vec<State>) -> Result<Figures, StoreError> {
        self.action(|inner| async move {
            let mut link = inner.reader().await?;
            let by_state = Statement::new(sql::COUNT_BY_STATE);
            let late = Statement::new(sql::COUNT_OVERDUE).bind(overdue);
            let pending = Statement::new(sql::COUNT_PENDING);
            let accounts = read(link.as_mut(), by_state, account::NAME, |cells| {
                Ok((cells.text()?, cells.number()?))
            });
            let accounts = accounts.await?;
            let mut stuck = first(read(link.as_mut(), late, account::NAME, Cells::number).await?);
            if !transient.is_empty() {
                let passing = Statement::new(sql::COUNT_DUE_IN).list(transient);
                let counts = read(link.as_mut(), passing, account::NAME, |cells| {
                    Ok(cells.number()?.saturating_sub(cells.number()?))
                });
                stuck += first(counts.await?);
            }
            let due = Statement::new(sql::NEXT_DUE);
            let oldest_due = read(link.as_mut(), due, account::NAME, Cells::number).await?;
            let unhealthy = Statement::new(sql::COUNT_UNHEALTHY).bind(false);
            let unhealthy = read(link.as_mut(), unhealthy, holding::NAME, |cells| {
                Ok((cells.text()?, cells.number()?))
            });
            let unhealthy = unhealthy.await?;
            let counts = read(link.as_mut(), pending, operation::NAME, |cells| {
                Ok((cells.number()?, cells.number()?, cells.maybe_number()?))
            });
            let (pending, unanswered, oldest_pending) =
                counts.await?.into_iter().next().unwrap_or_default();
            Ok(Figures {
                accounts,
                stuck,
                oldest_due: oldest_due.into_iter().next(),
                unhealthy,
                pending,
                unanswered,
                oldest_pending,
            })
        })
        .await
    }
}

fn first(counted: Vec<u64>) -> u64 {
    counted.into_iter().next().unwrap_or_default()
}
