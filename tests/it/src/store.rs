//! What every store promises, said of the ports and asked of every database alike.
//!
//! A case is a function of where the store keeps things; `on_every_store!` (`kinds.rs`) makes a test of it for each, so that
//! `store::units::postgres::a_call_is_applied_once` is one of four: three databases, and the scripted world's memory. What
//! is about a database itself is `on_every_database!`.

mod alike;
pub(crate) mod anywhere;
mod broken_lines;
mod contention;
mod dropping;
mod figures;
mod files;
mod housekeeping;
mod keys;
mod memory;
mod opening;
mod outbox;
mod reading;
mod records;
mod requests;
mod rights;
mod schema;
mod secrets;
mod starting;
mod statements;
mod units;
mod words;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::slots::Slots as _;
use host_core::port::time::Clock;
use host_store::{KeySource, OpenError, OpenOptions, Store};
use tests_harness::{Kind, TestDatabase};

/// A clock that stands.
#[derive(Debug)]
pub(crate) struct Standing(pub(crate) Millis);

#[async_trait]
impl Clock for Standing {
    fn now(&self) -> Millis {
        self.0
    }

    async fn sleep_until(&self, _at: Millis) {}
}

/// A store on a database of its own, with a lifecycle module that serves at generation 1.
struct Fresh {
    store: Store,
    database: TestDatabase,
}

impl Fresh {
    async fn new(kind: Kind) -> Self {
        let database = TestDatabase::new(kind).await.expect("a database for the test");
        let store = open(&database).await.expect("a fresh store");
        serving(&store).await;
        Self { store, database }
    }

    /// Closes the store and opens it again, as a restart does.
    async fn again(self) -> Self {
        self.store.close().await;
        let store = open(&self.database).await.expect("the store again");
        Self { store, database: self.database }
    }

    /// Everything that the store keeps, but its key: every byte on disk, or of a server every row.
    async fn everything(&self) -> Vec<u8> {
        match self.database.kind() {
            Kind::Sqlite => bytes(self.database.folder()),
            Kind::MariaDb | Kind::Postgres => {
                let mut all = String::new();
                for table in schema::tables(&self.database).await {
                    let rows = self.database.rows(&format!("SELECT * FROM {table}")).await;
                    for cell in rows.expect("its rows").into_iter().flatten().flatten() {
                        all.push_str(&cell);
                        all.push('\n');
                    }
                }
                all.into_bytes()
            }
        }
    }
}

fn bytes(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder") {
        let path = entry.expect("an entry").path();
        if path.file_name().is_some_and(|name| name != "secrets.key") {
            all.extend(std::fs::read(path).expect("a file"));
        }
    }
    all
}

/// Has a lifecycle module serve at generation 1.
async fn serving(store: &Store) {
    let served = store.serve("lifecycle".into(), words::offer("sha256:1"), 1).await;
    assert_eq!(served.map(|serving| serving.generation), Ok(1));
}

async fn open(database: &TestDatabase) -> Result<Store, OpenError> {
    open_with(database.url(), KeySource::File(database.key_file())).await
}

async fn open_with(url: &str, key: KeySource) -> Result<Store, OpenError> {
    Store::open(OpenOptions {
        url: url.into(),
        key,
        clock: Arc::new(Standing(1)),
        failpoints: None,
    })
    .await
}

/// Why a store did not open.
async fn refused(url: &str, key: KeySource) -> String {
    match open_with(url, key).await {
        Ok(store) => {
            store.close().await;
            panic!("it opened");
        }
        Err(error) => error.to_string(),
    }
}
