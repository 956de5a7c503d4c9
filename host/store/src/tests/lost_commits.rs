//! A COMMIT whose answer is lost is settled by the call's id.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use host_core::error::ApplyError;
use host_core::port::store::Rows as _;
use tests_databases::{Kind, TestDatabase};

use super::{inserting, migrated, store};
use crate::dialect::{Dialect, Failure, Link, Transaction};
use crate::migrate::Migration;
use crate::statement::Statement;
use crate::value::Row;

/// What becomes of the next COMMIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It commits, and the answer is lost.
    Done,
    /// It never arrives.
    Undone,
    /// It never arrives, and the answer to the COMMIT that settles it is lost.
    UndoneAndClaimLost,
    /// It commits, the answer is lost, and so is the database.
    Away,
}

/// A database behind a line that breaks at the first COMMIT.
#[derive(Debug)]
struct Breaking {
    behind: Box<dyn Dialect>,
    fate: Fate,
    commits: Arc<AtomicUsize>,
}

#[async_trait]
impl Dialect for Breaking {
    fn migrations(&self) -> &'static [Migration] {
        self.behind.migrations()
    }

    fn branches(&self) -> usize {
        self.behind.branches()
    }

    fn shared(&self) -> bool {
        self.behind.shared()
    }

    async fn reader(&self) -> Result<Box<dyn Link>, Failure> {
        self.behind.reader().await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        if self.fate == Fate::Away && self.commits.load(Ordering::SeqCst) > 0 {
            return Err(lost());
        }
        let behind = self.behind.begin().await?;
        Ok(Box::new(Line { behind, fate: self.fate, commits: Arc::clone(&self.commits) }))
    }

    async fn alone(&self) -> Result<Box<dyn Transaction>, Failure> {
        self.behind.alone().await
    }

    async fn close(&self) {
        self.behind.close().await;
    }
}

struct Line {
    behind: Box<dyn Transaction>,
    fate: Fate,
    commits: Arc<AtomicUsize>,
}

fn lost() -> Failure {
    Failure::Unavailable("the line broke".into())
}

#[async_trait]
impl Link for Line {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        self.behind.run(statement).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        self.behind.rows(statement).await
    }
}

#[async_trait]
impl Transaction for Line {
    async fn commit(self: Box<Self>) -> Result<(), Failure> {
        let before = self.commits.fetch_add(1, Ordering::SeqCst);
        match (self.fate, before) {
            (Fate::Undone | Fate::UndoneAndClaimLost, 0) => self.behind.rollback().await?,
            (Fate::Done | Fate::Away, 0) | (Fate::UndoneAndClaimLost, 1) => {
                self.behind.commit().await?;
            }
            (Fate::Done | Fate::Undone | Fate::UndoneAndClaimLost | Fate::Away, _) => {
                return self.behind.commit().await;
            }
        }
        Err(lost())
    }

    async fn rollback(self: Box<Self>) -> Result<(), Failure> {
        self.behind.rollback().await
    }
}

async fn applied(fate: Fate) -> (Result<(), ApplyError>, usize) {
    let database = TestDatabase::new(Kind::Sqlite).await.expect("a database");
    let behind = migrated(&database).await;
    let store = store(Box::new(Breaking { behind, fate, commits: Arc::default() }));
    let answer = store.apply(inserting("call", &["a".into()])).await;
    let rows = store.accounts(vec!["a".into()]).await.expect("a read").len();
    store.close().await;
    (answer, rows)
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_found_to_be_done() {
    assert_eq!(applied(Fate::Done).await, (Ok(()), 1));
}

#[tokio::test]
async fn a_commit_that_never_arrived_is_found_to_be_undone() {
    let (answer, rows) = applied(Fate::Undone).await;
    assert_eq!((answer, rows), (Err(ApplyError::Unavailable("the line broke".into())), 0));
}

#[tokio::test]
async fn a_claim_whose_own_answer_was_lost_is_not_taken_for_the_call() {
    let (answer, rows) = applied(Fate::UndoneAndClaimLost).await;
    assert_eq!((answer, rows), (Err(ApplyError::Unavailable("the line broke".into())), 0));
}

#[tokio::test]
async fn what_cannot_be_learnt_is_said_to_be_unknown_with_the_calls_id() {
    let (answer, _) = applied(Fate::Away).await;
    assert_eq!(answer, Err(ApplyError::Unknown("call".into())));
}

#[tokio::test]
async fn a_call_that_was_given_up_can_never_commit_any_more() {
    let database = TestDatabase::new(Kind::Sqlite).await.expect("a database");
    let behind = migrated(&database).await;
    let commits = Arc::default();
    let store = store(Box::new(Breaking { behind, fate: Fate::Undone, commits }));
    let unit = inserting("call", &["a".into()]);
    store.apply(unit.clone()).await.expect_err("the line broke");
    // The id is taken now, so whoever comes late with this call finds it settled and writes nothing.
    let answer = store.apply(unit).await;
    assert!(matches!(&answer, Err(ApplyError::Unavailable(why)) if why.contains("given up")));
    assert!(store.accounts(vec!["a".into()]).await.expect("a read").is_empty());
    store.close().await;
}
