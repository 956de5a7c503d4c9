//! Makes of a case, which is a function of the kind of database, a test for each kind.

use std::pin::Pin;

use tokio::runtime::Builder;

/// Makes the tests `sqlite::CASE`, `mariadb::CASE` and `postgres::CASE` of each case.
macro_rules! on_every_database {
    ($($case:ident),* $(,)?) => {
        on_database!(sqlite, Sqlite: $($case),*);
        on_servers!($($case),*);
    };
}

/// The same for every store: the databases, and the scripted world's in memory.
macro_rules! on_every_store {
    ($($case:ident),* $(,)?) => {
        on_store!(sqlite, Sqlite: $($case),*);
        on_store!(mariadb, MariaDb: $($case),*);
        on_store!(postgres, Postgres: $($case),*);
        on_store!(memory, Memory: $($case),*);
    };
}

macro_rules! on_store {
    ($name:ident, $kind:ident: $($case:ident),*) => {
        mod $name {
            $(#[test]
            fn $case() -> anyhow::Result<()> {
                use crate::kinds::Outcome as _;
                let case = super::$case(crate::store::anywhere::Kind::$kind);
                crate::kinds::run(Box::pin(async { case.await.outcome() }))
            })*
        }
    };
}

/// The same for the two that are servers.
macro_rules! on_servers {
    ($($case:ident),* $(,)?) => {
        on_database!(mariadb, MariaDb: $($case),*);
        on_database!(postgres, Postgres: $($case),*);
    };
}

macro_rules! on_database {
    ($name:ident, $kind:ident: $($case:ident),*) => {
        mod $name {
            $(#[test]
            fn $case() -> anyhow::Result<()> {
                use crate::kinds::Outcome as _;
                let case = super::$case(tests_harness::Kind::$kind);
                crate::kinds::run(Box::pin(async { case.await.outcome() }))
            })*
        }
    };
}

/// How a case ends: with nothing to say, or with why it failed.
pub(crate) trait Outcome {
    /// As a test has it.
    fn outcome(self) -> anyhow::Result<()>;
}

impl Outcome for () {
    fn outcome(self) -> anyhow::Result<()> {
        Ok(())
    }
}

impl Outcome for anyhow::Result<()> {
    fn outcome(self) -> anyhow::Result<()> {
        self
    }
}

/// Runs a case with threads of its own. Not generic, since there are hundreds of cases to compile.
pub(crate) fn run(case: Pin<Box<dyn Future<Output = anyhow::Result<()>>>>) -> anyhow::Result<()> {
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(case)
}
