//! Makes of a case, which is a function of the kind of database, a test for each kind.

/// Makes the tests `sqlite::CASE`, `mariadb::CASE` and `postgres::CASE` of each case.
macro_rules! on_every_database {
    ($($case:ident),* $(,)?) => {
        on_database!(sqlite, Sqlite: $($case),*);
        on_servers!($($case),*);
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
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                super::$case(tests_harness::Kind::$kind).await;
            })*
        }
    };
}
