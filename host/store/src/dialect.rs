//! The seam between our statements and a database: what differs, and nothing else.
//!
//! | difference | where |
//! | --- | --- |
//! | placeholders | [`Placeholders`] |
//! | branches of a statement | [`Dialect::branches`] |
//! | error classes | each dialect's `classify`, into [`Failure`] |
//! | session settings, pools, how a transaction begins | each dialect's `open` |
//! | the types of columns | `migrations/DIALECT/` |
//!
//! A further database is a file beside `sqlite.rs`, a folder of migrations, and a line in [`open`]. No statement changes.

mod lock;
mod placeholders;
mod sqlite;

use async_trait::async_trait;
use host_core::error::StoreError;

pub use placeholders::Placeholders;
pub(crate) use sqlite::{create as create_sqlite, read_only as sqlite_read_only};

use crate::migrate::Migration;
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::Row;

/// What a database said no with, by what there is to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// A row with this key is there.
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

/// A connection that statements run on.
#[async_trait]
pub(crate) trait Link: Send {
    /// Runs a statement that answers no rows; answers how many it affected.
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure>;

    /// Runs a statement that answers rows.
    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure>;
}

/// A transaction. One that is dropped is rolled back before its connection is used again.
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

    /// Closes every connection.
    async fn close(&self);
}

/// Opens the database of a URL.
pub(crate) async fn open(url: &str) -> Result<Box<dyn Dialect>, OpenError> {
    match url.split_once(':').map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest)) {
        Some((scheme, rest)) if scheme == "sqlite" => {
            let path = sqlite_path(rest);
            if path.as_os_str().is_empty() || path.as_os_str() == ":memory:" {
                return Err(OpenError::NoPath);
            }
            Ok(Box::new(sqlite::Sqlite::open(&path).await?))
        }
        Some((scheme, _)) => Err(OpenError::Scheme(scheme)),
        None => Err(OpenError::Scheme(String::new())),
    }
}

/// The path in `sqlite:PATH` or `sqlite://PATH`.
pub(crate) fn sqlite_path(rest: &str) -> std::path::PathBuf {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    std::path::PathBuf::from(path.split('?').next().unwrap_or(path))
}
