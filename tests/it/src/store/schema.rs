//! What the migrations make is the same everywhere: tables, columns, what may be absent, keys and indexes.

use tests_harness::{Kind, TestDatabase};

/// The names of our tables.
pub(super) async fn tables(database: &TestDatabase) -> Vec<String> {
    let text = match database.kind() {
        Kind::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
        Kind::MariaDb => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() \
             AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
        Kind::Postgres => {
            "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' \
             AND table_type = 'BASE TABLE' ORDER BY table_name"
        }
    };
    let rows = database.rows(text).await.expect("the tables");
    rows.into_iter().flatten().flatten().collect()
}
