//! Applies a unit of work: one transaction, or nothing.

use std::sync::Arc;

use host_core::error::ApplyError;
use host_core::unit::Unit;

use crate::dialect::{Failure, Transaction};
use crate::plan::{Planned, plan};
use crate::sql;
use crate::statement::Statement;
use crate::store::{Inner, Store};
use crate::value::Value;

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
    Not(ApplyError),
}

impl Store {
    /// See [`host_core::port::store::Rows::apply`].
    pub(crate) async fn apply_unit(&self, unit: Unit) -> Result<(), ApplyError> {
        if unit.is_empty() {
            return Ok(());
        }
        self.action(|inner| async move {
            let planned = plan(&unit, &inner.sealer, inner.branches());
            apply(&inner, &unit, planned).await
        })
        .await
    }
}

async fn apply(inner: &Arc<Inner>, unit: &Unit, planned: Vec<Planned>) -> Result<(), ApplyError> {
    let mut transaction = inner.begin().await?;
    match begin_call(transaction.as_mut(), unit).await {
        Ok(Begun::Now) => {}
        Ok(Begun::Already) => {
            given_up(transaction, Ok(())).await?;
            return match settled(inner, unit).await? {
                Settled::Applied => Ok(()),
                Settled::GivenUp => Err(ApplyError::Unavailable(
                    "the call was given up when its COMMIT was not answered: nothing of it was done".to_owned(),
                )),
            };
        }
        Ok(Begun::Not(why)) => return given_up(transaction, Err(why)).await,
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
    match transaction.run(fenced(unit)).await {
        Ok(0) => {
            // Either a fence has moved, or this call was applied before it did.
            let call = Statement::new(sql::CALL).bind(&unit.call);
            if !transaction.rows(call).await?.is_empty() {
                return Ok(Begun::Already);
            }
            Ok(Begun::Not(moved(transaction, unit).await?))
        }
        Ok(_) => Ok(Begun::Now),
        Err(Failure::Exists) => Ok(Begun::Already),
        Err(failure) => Err(failure),
    }
}

/// The first statement of a unit, which does nothing where a fence has moved.
fn fenced(unit: &Unit) -> Statement {
    let mut statement =
        Statement::new(sql::BEGIN_CALL).bind(&unit.call).bind(unit.at).bind(unit.slot_generation);
    if let Some((lease, fence)) = &unit.fences.lease {
        statement = statement.and(sql::UNDER_LEASE).bind(lease).bind(*fence);
    }
    if let Some((agent, session)) = &unit.fences.session {
        statement = statement.and(sql::UNDER_SESSION).bind(agent).bind(session);
    }
    statement
}

/// Which fence it was.
async fn moved(transaction: &mut dyn Transaction, unit: &Unit) -> Result<ApplyError, Failure> {
    let slot = transaction.rows(Statement::new(sql::SLOT).bind("lifecycle")).await?;
    let generation = slot.first().and_then(|row| row.0.get(2)).cloned();
    if generation != Some(Value::from(unit.slot_generation)) {
        return Ok(ApplyError::Fenced);
    }
    Ok(ApplyError::Overtaken(match &unit.fences.session {
        Some((agent, _)) => format!("the agent {agent} has been heard on a newer stream since"),
        None => "another replica has the lease by now".to_owned(),
    }))
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

/// What a call's row says that somebody else finds.
enum Settled {
    Applied,
    GivenUp,
}

/// The time in the row of a call that was given up. A unit's own row has the unit's time, so that whoever finds the id
/// taken can tell which of the two took it: the answer to the COMMIT of a claim may be lost too.
fn given_up_at(unit: &Unit) -> u64 {
    unit.at + 1
}

/// What the row of a call whose id is taken says.
async fn settled(inner: &Inner, unit: &Unit) -> Result<Settled, Failure> {
    let mut link = inner.reader().await?;
    let rows = link.rows(Statement::new(sql::CALL).bind(&unit.call)).await?;
    let at = rows.first().and_then(|row| row.0.get(1)).cloned();
    Ok(if at == Some(Value::from(given_up_at(unit))) { Settled::GivenUp } else { Settled::Applied })
}

/// Learns what became of a COMMIT without an answer: whoever can insert the call's id knows that it never committed, and
/// never will.
async fn settle(inner: &Arc<Inner>, unit: &Unit, lost: Failure) -> Result<(), ApplyError> {
    for _ in 0..SETTLE_TRIES {
        let Ok(mut transaction) = inner.begin().await else { continue };
        let claim = Statement::new(sql::SETTLE_CALL).bind(&unit.call).bind(given_up_at(unit));
        match transaction.run(claim).await {
            Err(Failure::Exists) => {
                given_up(transaction, Ok(())).await?;
                match settled(inner, unit).await {
                    Ok(Settled::Applied) => return Ok(()),
                    // By the try before this one.
                    Ok(Settled::GivenUp) => return Err(lost.into()),
                    Err(_) => {}
                }
            }
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
