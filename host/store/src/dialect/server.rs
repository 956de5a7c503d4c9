//! A database that is a server: one pool of connections for reading and writing, and what happens when a server goes.
//!
//! Reads, and whatever else is short, always find a connection: no more transactions are open at once than leave
//! [`SPARE`] connections free (`spec/database.md`). Those who wait are served in the order in which they came.
//!
//! A connection that rested is asked whether it still lives before it is used, so that a server that was started again
//! is not noticed by the next caller; after one broke, all that were not used since are asked, however short they rested.
//! One that broke, or whose statement was given up, is closed and never used again (`held.rs`).

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::pool::{Pool, PoolConnection, PoolOptions};
use sqlx::{ConnectOptions as _, Connection as _, Database};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::held::Held;
use super::{Dialect, Failure, Link, Transaction};
use crate::migrate::Migration;
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::Row;

/// The most connections. Three bridges stay well below the 100 that PostgreSQL takes by default, and MySQL's 151.
const CONNECTIONS: u32 = 16;
/// How many of them no transaction takes.
const SPARE: u32 = 4;
/// How many connections read somebody else's database.
const FOREIGN_CONNECTIONS: u32 = 2;
/// How long a transaction waits for its turn.
const QUEUE_WAIT: Duration = Duration::from_secs(30);
/// How long it may take to get a connection: from the pool, or a new one.
const CONNECT_WAIT: Duration = Duration::from_secs(5);
/// For how long an unused connection is kept: less than the server's own patience with a silent session.
const IDLE: Duration = Duration::from_secs(20);
/// A connection that rested for longer is asked whether it lives before it is used.
const FRESH: Duration = Duration::from_secs(1);
/// How much longer than the server's own limit a statement may take before its connection is closed: the server is to
/// act first, since it ends the statement as well.
const GRACE: Duration = Duration::from_secs(2);
/// The most branches of a statement. Both servers take 65,535 values, and a branch has two.
const BRANCHES: usize = 30_000;

/// How long an action may keep a connection busy with one statement, as the server is told.
pub(super) const STATEMENT_LIMIT: Duration = Duration::from_secs(10);

/// What a store of its own kind may set otherwise.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// How long a statement may take before its connection is closed.
    pub(crate) statement: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { statement: STATEMENT_LIMIT + GRACE }
    }
}

/// A connection of a server.
pub(super) type Line<S> = <<S as Server>::Db as Database>::Connection;
/// How a connection of a server is made.
pub(super) type Options<S> = <Line<S> as sqlx::Connection>::Options;

/// What differs between servers, at the level of one connection.
#[async_trait]
pub(super) trait Server: Sized + std::fmt::Debug + Send + Sync + 'static {
    /// The driver.
    type Db: Database;

    /// How a connection is made.
    fn options(&self) -> &Options<Self>;

    /// Kind, host, port and database, for people; never a password.
    fn place(&self) -> &str;

    /// The migrations; empty for somebody else's database.
    fn migrations(&self) -> &'static [Migration];

    /// Sets the session up.
    async fn set_up(connection: &mut Line<Self>, foreign: bool) -> Result<(), sqlx::Error>;

    /// Says which setting is not as it was asked for, and what to do.
    async fn assert(connection: &mut Line<Self>) -> Result<(), Failure>;

    /// Runs a statement.
    async fn execute(connection: &mut Line<Self>, of: Statement) -> Result<u64, sqlx::Error>;

    /// Runs a statement that answers rows.
    async fn fetch(connection: &mut Line<Self>, of: Statement) -> Result<Vec<Row>, sqlx::Error>;

    /// Begins a transaction; answers what [`Self::end`] needs to know of the session.
    async fn begin(connection: &mut Line<Self>) -> Result<Option<u64>, sqlx::Error>;

    /// Begins what [`Dialect::alone`] promises.
    async fn begin_alone(&self, connection: &mut Line<Self>) -> Result<(), Failure>;

    /// `COMMIT` or `ROLLBACK`.
    async fn finish(connection: &mut Line<Self>, word: &'static str) -> Result<(), sqlx::Error>;

    /// What an error is, and what to do about it.
    fn classify(error: &sqlx::Error) -> Failure;

    /// Ends a session whose statement was given up, where the server would go on with it.
    async fn end(&self, session: u64);
}

/// When a connection of the pool last broke.
#[derive(Debug, Default)]
pub(super) struct Breaks(Mutex<Option<Instant>>);

impl Breaks {
    /// One broke just now.
    pub(super) fn happened(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Whether one that has rested for so long was used since.
    fn before(&self, resting: Duration) -> bool {
        let last = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.is_none_or(|last| last.elapsed() > resting)
    }
}

/// A server's database as a dialect.
#[derive(Debug)]
pub(super) struct Pooled<S: Server> {
    server: Arc<S>,
    breaks: Arc<Breaks>,
    pool: Pool<S::Db>,
    turns: Arc<Semaphore>,
    limits: Limits,
    foreign: bool,
}

/// Opens our own database: a first connection says what is wrong with it, before the pool makes more.
pub(super) async fn open<S: Server>(server: S, limits: Limits) -> Result<Pooled<S>, OpenError> {
    let refused = |failure: Failure| OpenError::server(server.place(), failure);
    let connected = timeout(CONNECT_WAIT, first::<S>(server.options())).await;
    connected.unwrap_or_else(|_| Err(no_answer())).map_err(refused)?;
    Ok(pooled(server, limits, false))
}

async fn first<S: Server>(options: &Options<S>) -> Result<(), Failure> {
    let said = |error: sqlx::Error| S::classify(&error);
    let mut connection = options.connect().await.map_err(said)?;
    S::set_up(&mut connection, false).await.map_err(said)?;
    S::assert(&mut connection).await?;
    connection.close().await.map_err(said)
}

/// Somebody else's database, looked for when it is read.
pub(super) fn foreign<S: Server>(server: S) -> Pooled<S> {
    pooled(server, Limits::default(), true)
}

fn pooled<S: Server>(server: S, limits: Limits, foreign: bool) -> Pooled<S> {
    let size = if foreign { FOREIGN_CONNECTIONS } else { CONNECTIONS };
    let breaks = Arc::new(Breaks::default());
    let known = Arc::clone(&breaks);
    let pool = PoolOptions::<S::Db>::new()
        .max_connections(size)
        .min_connections(0)
        .acquire_timeout(CONNECT_WAIT)
        .idle_timeout(IDLE)
        .max_lifetime(None)
        .test_before_acquire(false)
        .before_acquire(move |connection, resting| {
            let trusted = resting.idle_for < FRESH && known.before(resting.idle_for);
            // One that does not answer is no news: the pool makes another.
            Box::pin(async move { Ok(trusted || connection.ping().await.is_ok()) })
        })
        .after_connect(move |connection, _| Box::pin(S::set_up(connection, foreign)))
        .connect_lazy_with(server.options().clone());
    let turns = Semaphore::new((CONNECTIONS - SPARE) as usize);
    Pooled { server: Arc::new(server), breaks, pool, turns: Arc::new(turns), limits, foreign }
}

/// Why there is no connection.
pub(super) fn no_answer() -> Failure {
    Failure::Unavailable(format!(
        "no connection to the database within {} s; is it there, can it be reached, and does it take more connections?",
        CONNECT_WAIT.as_secs()
    ))
}

/// What every server's driver says in the same way.
pub(super) fn classify_driver(error: &sqlx::Error) -> Failure {
    if matches!(error, sqlx::Error::PoolTimedOut) {
        return no_answer();
    }
    Failure::Unavailable(if matches!(error, sqlx::Error::PoolClosed) {
        "the store is closed".to_owned()
    } else if let sqlx::Error::Io(error) = error {
        if error.kind() == std::io::ErrorKind::ConnectionRefused {
            "nothing answers at the address of the database; start it, or look at the URL"
                .to_owned()
        } else {
            format!("the connection to the database broke: {error}")
        }
    } else if let sqlx::Error::Tls(error) = error {
        format!(
            "the database and the bridge do not agree on TLS: {error}; look at the URL's ssl-mode"
        )
    } else {
        error.to_string()
    })
}

impl<S: Server> Pooled<S> {
    fn held(
        &self,
        connection: PoolConnection<S::Db>,
        limit: Option<Duration>,
        turn: Option<OwnedSemaphorePermit>,
    ) -> Held<S> {
        Held::new(&self.server, &self.breaks, connection, limit, turn)
    }

    async fn connection(&self) -> Result<PoolConnection<S::Db>, Failure> {
        self.pool.acquire().await.map_err(|error| S::classify(&error))
    }

    /// Begins; if the connection turns out to have died while it rested, or its server to have ended the session, once
    /// more on another.
    async fn begun(&self) -> Result<Held<S>, Failure> {
        let turn = timeout(QUEUE_WAIT, Arc::clone(&self.turns).acquire_owned()).await;
        let Ok(turn) = turn else {
            let waited = QUEUE_WAIT.as_secs();
            return Err(Failure::Busy(format!("no turn to write came within {waited} s")));
        };
        let turn = turn.map_err(|_| Failure::Unavailable("the store is closed".to_owned()))?;
        let limit = Some(self.limits.statement);
        let mut held = self.held(self.connection().await?, limit, Some(turn));
        match held.begin().await {
            Err(_) if !held.is_late() => {
                held.replace(self.connection().await?);
                held.begin().await?;
            }
            Ok(()) => {}
            Err(failure) => return Err(failure),
        }
        Ok(held)
    }
}

#[async_trait]
impl<S: Server> Dialect for Pooled<S> {
    fn migrations(&self) -> &'static [Migration] {
        self.server.migrations()
    }

    fn branches(&self) -> usize {
        BRANCHES
    }

    fn shared(&self) -> bool {
        true
    }

    async fn reader(&self) -> Result<Box<dyn Link>, Failure> {
        let limit = Some(self.limits.statement);
        Ok(Box::new(self.held(self.connection().await?, limit, None)))
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        if self.foreign {
            return Err(super::only_read());
        }
        Ok(Box::new(self.begun().await?))
    }

    async fn alone(&self) -> Result<Box<dyn Transaction>, Failure> {
        if self.foreign {
            return Err(super::only_read());
        }
        let mut held = self.held(self.connection().await?, None, None);
        held.begin_alone().await?;
        Ok(Box::new(held))
    }

    async fn close(&self) {
        self.turns.close();
        self.pool.close().await;
    }
}
