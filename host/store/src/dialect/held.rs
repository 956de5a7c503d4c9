//! A connection of a server in use: each statement within its limit, and no doubtful connection given back.
//!
//! A connection goes back to the pool if its last statement was answered and no transaction is open on it. Otherwise it
//! is closed without ceremony, which makes the server roll back; what became of a COMMIT is then learnt by the call's id
//! (`apply.rs`). This is the one place where a database's future is dropped: with its connection.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::pool::PoolConnection;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::timeout;

use super::server::{Breaks, Server};
use super::{Failure, Link, Transaction};
use crate::statement::Statement;
use crate::value::Row;

/// What is open on the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Open {
    /// Nothing: it may go back.
    Nothing,
    /// A transaction whose statements were all answered well.
    Transaction,
    /// A transaction of which a statement failed: only its end is left to it, whatever the server would take.
    Failed,
    /// Something that only the end of the session ends.
    Session,
}

/// A connection in use.
pub(super) struct Held<S: Server> {
    server: Arc<S>,
    breaks: Arc<Breaks>,
    /// Absent once it was closed.
    connection: Option<PoolConnection<S::Db>>,
    /// What the server calls the session.
    session: Option<u64>,
    limit: Option<Duration>,
    open: Open,
    /// Whether a statement was given up.
    late: bool,
    /// The turn to write, given back behind the connection.
    _turn: Option<OwnedSemaphorePermit>,
}

impl<S: Server> Held<S> {
    pub(super) fn new(
        server: &Arc<S>,
        breaks: &Arc<Breaks>,
        connection: PoolConnection<S::Db>,
        limit: Option<Duration>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Self {
        Self {
            server: Arc::clone(server),
            breaks: Arc::clone(breaks),
            connection: Some(connection),
            session: None,
            limit,
            open: Open::Nothing,
            late: false,
            _turn: turn,
        }
    }

    /// Whether the server did not answer at all.
    pub(super) fn is_late(&self) -> bool {
        self.late
    }

    /// Goes on with another connection.
    pub(super) fn replace(&mut self, connection: PoolConnection<S::Db>) {
        self.close();
        self.open = Open::Nothing;
        self.connection = Some(connection);
    }

    /// Begins a transaction.
    pub(super) async fn begin(&mut self) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else { return Err(gone()) };
        // Until it is known how that went, the connection is of no use to others.
        self.open = Open::Session;
        let begun = within(self.limit, S::begin(connection)).await;
        self.session = self.judged(begun).await?;
        self.open = Open::Transaction;
        Ok(())
    }

    /// Begins what only one bridge does at a time. Its connection is not used again.
    pub(super) async fn begin_alone(&mut self) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else { return Err(gone()) };
        self.open = Open::Session;
        self.server.begin_alone(connection).await
    }

    async fn finish(&mut self, word: &'static str) -> Result<(), Failure> {
        let Some(connection) = &mut self.connection else { return Err(gone()) };
        let ended = within(self.limit, S::finish(connection, word)).await;
        self.judged(ended).await?;
        if self.open != Open::Session {
            self.open = Open::Nothing;
        }
        Ok(())
    }

    /// Takes a statement's answer for what it is.
    async fn judged<T>(&mut self, answer: Answer<T>) -> Result<T, Failure> {
        match answer {
            Answer::Good(good) => Ok(good),
            Answer::Bad(error) => {
                if self.open == Open::Transaction {
                    self.open = Open::Failed;
                }
                if !matches!(error, sqlx::Error::Database(_)) {
                    self.breaks.happened();
                    self.close();
                }
                Err(S::classify(&error))
            }
            Answer::Late(limit) => {
                self.late = true;
                self.close();
                if let Some(session) = self.session.take() {
                    self.server.end(session).await;
                }
                Err(Failure::Unavailable(format!(
                    "the database did not answer within {} s, and the connection was closed",
                    limit.as_secs()
                )))
            }
        }
    }

    /// Closes the connection at once. The server rolls back when it notices.
    fn close(&mut self) {
        if let Some(connection) = self.connection.take() {
            drop(connection.detach());
        }
    }
}

impl<S: Server> Drop for Held<S> {
    fn drop(&mut self) {
        if self.open != Open::Nothing {
            self.close();
        }
    }
}

#[async_trait]
impl<S: Server> Link for Held<S> {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        let Some(connection) = &mut self.connection else { return Err(gone()) };
        let answer = within(self.limit, S::execute(connection, statement)).await;
        self.judged(answer).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        let Some(connection) = &mut self.connection else { return Err(gone()) };
        let answer = within(self.limit, S::fetch(connection, statement)).await;
        self.judged(answer).await
    }
}

#[async_trait]
impl<S: Server> Transaction for Held<S> {
    /// PostgreSQL answers COMMIT with a ROLLBACK where a statement had failed, and MySQL commits the rest: neither is
    /// asked.
    async fn commit(mut self: Box<Self>) -> Result<(), Failure> {
        if self.open == Open::Failed {
            self.finish("ROLLBACK").await?;
            let why = "a statement of the transaction had failed, so it was rolled back";
            return Err(Failure::Unavailable(why.to_owned()));
        }
        self.finish("COMMIT").await
    }

    async fn rollback(mut self: Box<Self>) -> Result<(), Failure> {
        self.finish("ROLLBACK").await
    }
}

/// How a statement was answered.
enum Answer<T> {
    Good(T),
    Bad(sqlx::Error),
    Late(Duration),
}

async fn within<T>(
    limit: Option<Duration>,
    answer: impl Future<Output = Result<T, sqlx::Error>>,
) -> Answer<T> {
    let answered = match limit {
        Some(limit) => match timeout(limit, answer).await {
            Ok(answered) => answered,
            Err(_) => return Answer::Late(limit),
        },
        None => answer.await,
    };
    match answered {
        Ok(good) => Answer::Good(good),
        Err(error) => Answer::Bad(error),
    }
}

fn gone() -> Failure {
    Failure::Unavailable("the connection to the database is closed".to_owned())
}
