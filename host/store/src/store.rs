//! The store: a database whose futures nobody drops.
//!
//! Every action runs in a task of its own, which owns its connection; the caller waits for the task's answer and may
//! stop waiting at any point (design §2, point 3). Closing waits for the tasks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use async_trait::async_trait;
use host_core::error::StoreError;
use host_core::port::failpoints::{Failpoints, Point};
use tokio_util::task::TaskTracker;

use crate::dialect::{Dialect, Failure, Link, Transaction};
use crate::sealer::Sealer;
use crate::statement::Statement;
use crate::value::{Cells, Row, Wrong};

/// How many statements a store has run, without BEGIN and COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Statements {
    /// Those on connections that read.
    pub reads: u64,
    /// Those inside transactions.
    pub writes: u64,
}

/// The store. Clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

/// What all clones share.
#[derive(Debug)]
pub(crate) struct Inner {
    dialect: Box<dyn Dialect>,
    /// Seals and opens secrets.
    pub(crate) sealer: Sealer,
    tracker: TaskTracker,
    closing: AtomicBool,
    counts: Arc<Counts>,
    failpoints: Option<Arc<dyn Failpoints>>,
}

impl Store {
    pub(crate) fn new(
        dialect: Box<dyn Dialect>,
        sealer: Sealer,
        failpoints: Option<Arc<dyn Failpoints>>,
    ) -> Self {
        let inner = Inner {
            dialect,
            sealer,
            tracker: TaskTracker::new(),
            closing: AtomicBool::new(false),
            counts: Arc::default(),
            failpoints,
        };
        Self { inner: Arc::new(inner) }
    }

    /// Waits for what is under way and closes the database. Whoever asks later is told that it is closed.
    pub async fn close(&self) {
        self.inner.closing.store(true, Ordering::SeqCst);
        self.inner.tracker.close();
        self.inner.tracker.wait().await;
        self.inner.dialect.close().await;
    }

    /// How many statements ran so far.
    #[must_use]
    pub fn statements(&self) -> Statements {
        Statements {
            reads: self.inner.counts.reads.load(Ordering::Relaxed),
            writes: self.inner.counts.writes.load(Ordering::Relaxed),
        }
    }

    /// Whether other processes can be on this database.
    pub(crate) fn can_be_shared(&self) -> bool {
        self.inner.dialect.shared()
    }

    pub(crate) fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Does work in a task of its own. If the caller stops waiting, the work goes on.
    pub(crate) async fn action<T, E, F>(&self, work: impl FnOnce(Arc<Inner>) -> F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<Failure> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        if self.inner.closing.load(Ordering::SeqCst) {
            return Err(Failure::Unavailable("the store is closed".to_owned()).into());
        }
        let task = self.inner.tracker.spawn(work(Arc::clone(&self.inner)));
        task.await.unwrap_or_else(|_| {
            let why = "an action of the store broke off before it had an answer; the log says why";
            Err(Failure::Unavailable(why.to_owned()).into())
        })
    }

    /// Reads rows with one statement.
    pub(crate) async fn select<T: Send + 'static>(
        &self,
        statement: Statement,
        table: &'static str,
        of: fn(&mut Cells) -> Result<T, Wrong>,
    ) -> Result<Vec<T>, StoreError> {
        self.action(|inner| async move {
            let mut link = inner.reader().await?;
            read(link.as_mut(), statement, table, of).await
        })
        .await
    }

    /// Reads at most one row.
    pub(crate) async fn select_one<T: Send + 'static>(
        &self,
        statement: Statement,
        table: &'static str,
        of: fn(&mut Cells) -> Result<T, Wrong>,
    ) -> Result<Option<T>, StoreError> {
        Ok(self.select(statement, table, of).await?.into_iter().next())
    }
}

impl Inner {
    /// The most CASE branches of one statement.
    pub(crate) fn branches(&self) -> usize {
        self.dialect.branches()
    }

    /// A connection that reads.
    pub(crate) async fn reader(&self) -> Result<Box<dyn Link>, Failure> {
        let link = self.dialect.reader().await?;
        Ok(Box::new(self.watched(link)))
    }

    /// A transaction that may write.
    pub(crate) async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        let link = self.dialect.begin().await?;
        Ok(Box::new(self.watched(link)))
    }

    fn watched<L: ?Sized>(&self, link: Box<L>) -> Watched<L> {
        Watched { link, counts: Arc::clone(&self.counts), failpoints: self.failpoints.clone() }
    }
}

/// Runs a statement and reads its rows.
pub(crate) async fn read<T>(
    link: &mut dyn Link,
    statement: Statement,
    table: &'static str,
    of: fn(&mut Cells) -> Result<T, Wrong>,
) -> Result<Vec<T>, StoreError> {
    let rows = link.rows(statement).await?;
    rows.into_iter().map(|row| row.read(table, of)).collect()
}

#[derive(Debug, Default)]
struct Counts {
    reads: AtomicU64,
    writes: AtomicU64,
}

/// A connection whose statements are counted, and on which a test may let the bridge die.
struct Watched<L: ?Sized> {
    link: Box<L>,
    counts: Arc<Counts>,
    failpoints: Option<Arc<dyn Failpoints>>,
}

impl<L: ?Sized> Watched<L> {
    fn reach(&self, point: Point<'_>) -> Result<(), Failure> {
        match &self.failpoints {
            Some(failpoints) if !failpoints.goes_on(point) => {
                Err(Failure::Unavailable("a failpoint says that the bridge is dead".to_owned()))
            }
            Some(_) | None => Ok(()),
        }
    }
}

#[async_trait]
impl Link for Watched<dyn Link> {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        self.reach(Point::Statement(&statement.text))?;
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.link.run(statement).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.reach(Point::Statement(&statement.text))?;
        self.counts.reads.fetch_add(1, Ordering::Relaxed);
        self.link.rows(statement).await
    }
}

#[async_trait]
impl Link for Watched<dyn Transaction> {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        self.reach(Point::Statement(&statement.text))?;
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        self.link.run(statement).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.reach(Point::Statement(&statement.text))?;
        self.counts.writes.fetch_add(1, Ordering::Relaxed);
        self.link.rows(statement).await
    }
}

#[async_trait]
impl Transaction for Watched<dyn Transaction> {
    async fn commit(self: Box<Self>) -> Result<(), Failure> {
        if let Err(dead) = self.reach(Point::Commit) {
            self.link.rollback().await?;
            return Err(dead);
        }
        let failpoints = self.failpoints.clone();
        self.link.commit().await?;
        match failpoints {
            Some(failpoints) if !failpoints.goes_on(Point::Committed) => {
                Err(Failure::Unavailable("a failpoint says that the bridge is dead".to_owned()))
            }
            Some(_) | None => Ok(()),
        }
    }

    async fn rollback(self: Box<Self>) -> Result<(), Failure> {
        self.link.rollback().await
    }
}
