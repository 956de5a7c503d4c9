//! The seam between our statements and a database: what differs, and nothing else.
//!
//! | difference | where |
//! | --- | --- |
//! | placeholders | [`Placeholders`] |
//! | branches of a statement | [`Dialect::branches`] |
//! | error classes | each dialect's `classify`, into [`Failure`] |
//! | session settings, how a transaction begins, how one bridge migrates alone | each dialect's own file |
//! | a file with one writer, or a server with a pool | `sqlite.rs`, `server.rs` |
//! | the types of columns | `migrations/DIALECT/` |
//!
//! A further database is a file beside `postgres.rs`, a folder of migrations, and a line in [`open`]. No statement
//! changes.

mod held;
mod lock;
mod mysql;
mod placeholders;
mod postgres;
mod server;
mod sqlite;

use async_trait::async_trait;
use host_core::error::StoreError;

pub use placeholders::Placeholders;
pub(crate) use server::Limits;
pub(crate) use sqlite::create as create_sqlite;

use crate::migrate::Migration;
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::Row;

/// What a database said no with, by what there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A row with this key is there; of a change of the schema: what it makes is there.
    Exists,
    /// A table is not there. Carries what the database said.
    NoTable(String),
    /// Somebody else holds what is needed; again, soon.
    Busy(String),
    /// It cannot be used now, or by us; the sentence says what to do.
    Unavailable(String),
}

impl Failure {
    /// For whoever has to mend it.
    pub(crate) fn sentence(self) -> String {
        match self {
            Self::Exists => "a row is there already".to_owned(),
            Self::NoTable(why) | Self::Busy(why) | Self::Unavailable(why) => why,
        }
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Exists => Self::Unavailable("two writers made the same row; try again".into()),
            Failure::NoTable(_) | Failure::Busy(_) | Failure::Unavailable(_) => {
                Self::Unavailable(failure.sentence())
            }
        }
    }
}

/// Why nothing is written to somebody else's database.
fn only_read() -> Failure {
    Failure::Unavailable("this database is only ever read".to_owned())
}

/// A connection that statements run on.
#[async_trait]
pub(crate) trait Link: Send {
    /// Runs a statement that answers no rows; answers how many it affected.
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure>;

    /// Runs a statement that answers rows.
    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure>;
}

/// A transaction. One that is dropped is rolled back before its connection is used again, or its connection is closed.
#[async_trait]
pub(crate) trait Transaction: Link {
    /// Makes it last.
    async fn commit(self: Box<Self>) -> Result<(), Failure>;

    /// Undoes it.
    async fn rollback(self: Box<Self>) -> Result<(), Failure>;
}

/// A database: where connections come from.
#[async_trait]
pub(crate) trait Dialect: std::fmt::Debug + Send + Sync {
    /// Its migrations, in their order.
    fn migrations(&self) -> &'static [Migration];

    /// The most CASE branches of one statement.
    fn branches(&self) -> usize;

    /// Whether other processes can be on this database.
    fn shared(&self) -> bool;

    /// A connection that reads committed rows.
    async fn reader(&self) -> Result<Box<dyn Link>, Failure>;

    /// A transaction that may write.
    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure>;

    /// A transaction that changes the schema, while no other bridge does: it waits for its turn. Where the database
    /// commits each change of the schema by itself, so does this.
    async fn alone(&self) -> Result<Box<dyn Transaction>, Failure>;

    /// Closes every connection.
    async fn close(&self);
}

/// Where a database is, by the scheme of its URL.
enum Place<'u> {
    /// What follows `sqlite:`.
    Sqlite(&'u str),
    MySql,
    Postgres,
}

fn place(url: &str) -> Result<Place<'_>, OpenError> {
    let (scheme, rest) = url.split_once(':').unwrap_or_default();
    match scheme.to_ascii_lowercase().as_str() {
        "sqlite" => Ok(Place::Sqlite(rest)),
        "mysql" | "mariadb" => Ok(Place::MySql),
        "postgres" | "postgresql" => Ok(Place::Postgres),
        other => Err(OpenError::Scheme(other.to_owned())),
    }
}

/// Opens the database of a URL.
pub(crate) async fn open(url: &str) -> Result<Box<dyn Dialect>, OpenError> {
    open_within(url, Limits::default()).await
}

/// Opens the database of a URL, with limits of its own where it is a server.
pub(crate) async fn open_within(url: &str, limits: Limits) -> Result<Box<dyn Dialect>, OpenError> {
    match place(url)? {
        Place::Sqlite(rest) => {
            let path = sqlite_path(rest);
            if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
                return Err(OpenError::NoPath);
            }
            Ok(Box::new(sqlite::Sqlite::open(&path).await?))
        }
        Place::MySql => Ok(Box::new(server::open(mysql::MySql::own(url)?, limits).await?)),
        Place::Postgres => Ok(Box::new(server::open(postgres::Postgres::own(url)?, limits).await?)),
    }
}

/// Somebody else's database, which is only ever read. It is looked for when it is read.
pub(crate) fn read_only(url: &str) -> Result<Box<dyn Dialect>, OpenError> {
    match place(url)? {
        Place::Sqlite(rest) => Ok(sqlite::read_only(&sqlite_path(rest))),
        Place::MySql => Ok(Box::new(server::foreign(mysql::MySql::foreign(url)?))),
        Place::Postgres => Ok(Box::new(server::foreign(postgres::Postgres::foreign(url)?))),
    }
}

/// The file of a URL; absent if its database is a server.
pub(crate) fn file(url: &str) -> Option<std::path::PathBuf> {
    match place(url) {
        Ok(Place::Sqlite(rest)) => Some(sqlite_path(rest)),
        Ok(Place::MySql | Place::Postgres) | Err(_) => None,
    }
}

/// The path in `sqlite:PATH` or `sqlite://PATH`.
fn sqlite_path(rest: &str) -> std::path::PathBuf {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    std::path::PathBuf::from(path.split('?').next().unwrap_or(path))
}
