//! Applies a unit of work: one transaction, or nothing.

use std::sync::Arc;

use host_core::error::ApplyError;
use host_core::unit::Unit;

use crate::dialect::{Failure, Transaction};
use crate::plan::{Planned, plan};
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store};

/// How often it is tried to learn what became of a COMMIT whose answer was lost.
const SETTLE_TRIES: usize = 3;

impl From<Failure> for ApplyError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Exists => Self::Stale("a row has appeared meanwhile".to_owned()),
            Failure::Busy(why) => Self::Busy(why),
            Failure::NoTable(why) | Failure::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// How the first statement of a unit went.
enum Begun {
    Now,
    Already,
    Fenced,
}

impl Store {
    /// See [`host_core::port::store::Rows::apply`].
    pub(crate) async fn apply_unit(&self, unit: Unit) -> Result<(), ApplyError> {
        if unit.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let planned = plan(&unit, &inner.sealer, inner.branches());
            let applied = apply(&inner, &unit, planned).await;
            if applied.is_ok() {
                inner.purge_now_and_then(unit.at);
            }
            applied
        })
        .await
    }
}

async fn apply(inner: &Arc<Inner>, unit: &Unit, planned: Vec<Planned>) -> Result<(), ApplyError> {
    let mut transaction = inner.begin().await?;
    match begin_call(transaction.as_mut(), unit).await {
        Ok(Begun::Now) => {}
        Ok(Begun::Already) => return given_up(transaction, Ok(())).await,
        Ok(Begun::Fenced) => return given_up(transaction, Err(ApplyError::Fenced)).await,
        Err(failure) => return given_up(transaction, Err(failure.into())).await,
    }
    for each in planned {
        if let Err(error) = run(transaction.as_mut(), each).await {
            return given_up(transaction, Err(error)).await;
        }
    }
    match transaction.commit().await {
        Ok(()) => Ok(()),
        Err(failure) => settle(inner, unit, failure).await,
    }
}

async fn begin_call(transaction: &mut dyn Transaction, unit: &Unit) -> Result<Begun, Failure> {
    let fenced =
        Statement::new(sql::BEGIN_CALL).bind(&unit.call).bind(unit.at).bind(unit.slot_generation);
    match transaction.run(fenced).await {
        Ok(0) => {
            // Either another module serves by now, or this call was applied before it began to.
            let call = Statement::new(sql::CALL).bind(&unit.call);
            let there = !transaction.rows(call).await?.is_empty();
            Ok(if there { Begun::Already } else { Begun::Fenced })
        }
        Ok(_) => Ok(Begun::Now),
        Err(Failure::Exists) => Ok(Begun::Already),
        Err(failure) => Err(failure),
    }
}

async fn run(transaction: &mut dyn Transaction, planned: Planned) -> Result<(), ApplyError> {
    let affected = transaction.run(planned.statement).await?;
    match planned.expected {
        Some((table, expected)) if affected != expected => {
            let moved = expected.saturating_sub(affected);
            Err(ApplyError::Stale(format!("{moved} of {expected} rows of {table} have moved on")))
        }
        Some(_) | None => Ok(()),
    }
}

/// Rolls back. If that fails the connection's next user finds it rolled back, or the database has ended the session.
async fn given_up(
    transaction: Box<dyn Transaction>,
    answer: Result<(), ApplyError>,
) -> Result<(), ApplyError> {
    if let Err(failure) = transaction.rollback().await {
        tracing::warn!(?failure, "a transaction could not be rolled back at once");
    }
    answer
}

/// Learns what became of a COMMIT without an answer: whoever can insert the call's id knows that it never committed, and
/// never will.
async fn settle(inner: &Arc<Inner>, unit: &Unit, lost: Failure) -> Result<(), ApplyError> {
    for _ in 0..SETTLE_TRIES {
        let Ok(mut transaction) = inner.begin().await else { continue };
        let claim = Statement::new(sql::SETTLE_CALL).bind(&unit.call).bind(unit.at);
        match transaction.run(claim).await {
            Err(Failure::Exists) => return given_up(transaction, Ok(())).await,
            Ok(_) => {
                if transaction.commit().await.is_ok() {
                    return Err(lost.into());
                }
            }
            Err(_) => given_up(transaction, Ok(())).await?,
        }
    }
    Err(ApplyError::Unknown(unit.call.clone()))
}
