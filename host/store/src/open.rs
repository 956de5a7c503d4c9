//! Opening a store: everything that can be wrong with a database is said here, before anything is written.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use host_core::error::StoreError;
use host_core::port::failpoints::Failpoints;
use host_core::port::time::Clock;
use thiserror::Error;

use crate::dialect::{self, Dialect, Failure};
use crate::key::{KeyError, KeySource};
use crate::migrate;
use crate::sealer::{self, Sealer};
use crate::sql;
use crate::statement::Statement;
use crate::store::Store;

/// The file of the key beside a database that is a file.
const KEY_FILE: &str = "secrets.key";

/// What a store is opened with.
#[derive(Clone)]
pub struct OpenOptions {
    /// Where: `sqlite:PATH`, `mysql://…` or `mariadb://…`, `postgres://…` or `postgresql://…`. May hold a password.
    pub url: String,
    /// The key that secrets are sealed under.
    pub key: KeySource,
    /// The clock of the bridge.
    pub clock: Arc<dyn Clock>,
    /// Where a test lets the bridge die; none in production.
    pub failpoints: Option<Arc<dyn Failpoints>>,
}

impl std::fmt::Debug for OpenOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenOptions").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Why a store could not be opened. Nothing was written then, but for what [`OpenError::Migration`] says.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum OpenError {
    /// Another kind of database.
    #[error(
        "the URL of the database begins with {0:?}; the bridge knows sqlite:PATH, mysql://USER:PASSWORD@HOST/DATABASE (MySQL and \
         MariaDB) and postgres://USER:PASSWORD@HOST/DATABASE"
    )]
    Scheme(String),
    /// The URL of a server cannot be read.
    #[error("the URL of the database cannot be read: {0}")]
    Url(String),
    /// The URL of a server names no database.
    #[error("the URL of the database names none; write it behind the host: …@HOST/DATABASE")]
    NoDatabase,
    /// No file.
    #[error(
        "database.url names no file; write sqlite:PATH, as in sqlite:/var/lib/swingbridge/bridge.db"
    )]
    NoPath,
    /// The folder is not there.
    #[error("the folder {} is not there, so no database can be made in it; make it first", .0.display())]
    NoFolder(PathBuf),
    /// Another bridge has the file.
    #[error(
        "another bridge has the database {} open; stop it first, or give this one a file of its own (several bridges \
         on one database need MySQL or PostgreSQL)", .0.display()
    )]
    Taken(PathBuf),
    /// A file beside the database cannot be used.
    #[error("{} cannot be used: {reason}", .path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The database cannot be used.
    #[error("the database {} cannot be used: {reason}", .path.display())]
    Database {
        /// Which.
        path: PathBuf,
        /// Why, and what to do.
        reason: String,
    },
    /// The database of a server cannot be used.
    #[error("the database {place} cannot be used: {reason}")]
    Server {
        /// Which, without user and password.
        place: String,
        /// Why, and what to do.
        reason: String,
    },
    /// The database has been used by a newer program.
    #[error(
        "the database has migration {found}, and this program knows {known} at most: a newer bridge has used it. Start \
         that one, or restore a backup from before"
    )]
    Newer {
        /// The one that is unknown.
        found: u64,
        /// The newest that is known.
        known: u64,
    },
    /// A released migration is another one now.
    #[error(
        "the migration {0} is another one than the database was made with; use the program that made it"
    )]
    Changed(&'static str),
    /// A migration failed.
    #[error(
        "the migration {name} failed: {reason}. It may run again; start the bridge again when that is mended"
    )]
    Migration {
        /// Which.
        name: &'static str,
        /// Why.
        reason: String,
    },
    /// The database answered, but not as it should.
    #[error("the database cannot be used: {0}")]
    Unusable(String),
    /// The key cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl OpenError {
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::File { path: path.to_owned(), reason: error.to_string() }
    }

    pub(crate) fn database(path: &Path, failure: Failure) -> Self {
        Self::Database { path: path.to_owned(), reason: failure.sentence() }
    }

    pub(crate) fn server(place: &str, failure: Failure) -> Self {
        Self::Server { place: place.to_owned(), reason: failure.sentence() }
    }

    pub(crate) fn migration(name: &'static str, failure: Failure) -> Self {
        Self::Migration { name, reason: failure.sentence() }
    }
}

impl From<Failure> for OpenError {
    fn from(failure: Failure) -> Self {
        Self::Unusable(failure.sentence())
    }
}

impl From<StoreError> for OpenError {
    fn from(error: StoreError) -> Self {
        Self::Unusable(error.to_string())
    }
}

impl Store {
    /// Opens the database of a URL, brings its schema up to date, and checks that the key opens what it holds.
    ///
    /// # Errors
    /// [`OpenError`], a sentence that says what to do. A database of a newer program, or one whose secrets the key does
    /// not open, is not written to.
    pub async fn open(options: OpenOptions) -> Result<Self, OpenError> {
        let dialect = dialect::open(&options.url).await?;
        match prepare(dialect.as_ref(), &options).await {
            Ok(sealer) => Ok(Self::new(dialect, sealer, options.failpoints)),
            Err(error) => {
                dialect.close().await;
                Err(error)
            }
        }
    }
}

async fn prepare(dialect: &dyn Dialect, options: &OpenOptions) -> Result<Sealer, OpenError> {
    migrate::pending(dialect).await?;
    let check = check_row(dialect).await?;
    let beside = dialect::file(&options.url).map(|file| file.with_file_name(KEY_FILE));
    let key = options.key.key(beside.as_deref(), check.is_some())?;
    let sealer = Sealer::new(&key);
    opened(&sealer, check.as_deref())?;
    let at = options.clock.now();
    migrate::run(dialect, at).await?;
    establish(dialect, &sealer, at).await?;
    Ok(sealer)
}

fn opened(sealer: &Sealer, check: Option<&str>) -> Result<(), KeyError> {
    match check {
        Some(sealed) if !sealer.opens_check(sealed) => Err(KeyError::Wrong),
        Some(_) | None => Ok(()),
    }
}

/// Sees to it that the check row is there and opened by our key, also when another bridge makes it at the same time; and
/// that rows can be written at all.
async fn establish(dialect: &dyn Dialect, sealer: &Sealer, at: u64) -> Result<(), OpenError> {
    let check = check_row(dialect).await?;
    opened(sealer, check.as_deref())?;
    let mut transaction = dialect.begin().await?;
    let written = match check {
        Some(_) => transaction.run(Statement::new(sql::TOUCH_CHECK).bind(at).bind(sealer::CHECK)),
        None => {
            let row = Statement::new(sql::INSERT_CHECK).bind(sealer::CHECK).bind("");
            transaction.run(row.bind(sealer.check()).bind(at))
        }
    };
    match written.await {
        Ok(_) => Ok(transaction.commit().await?),
        // Another bridge was faster; its key counts.
        Err(Failure::Exists) => {
            transaction.rollback().await?;
            Ok(opened(sealer, check_row(dialect).await?.as_deref())?)
        }
        Err(failure) => Err(failure.into()),
    }
}

/// The sealed text of the check row; a database that is not migrated yet has none.
async fn check_row(dialect: &dyn Dialect) -> Result<Option<String>, OpenError> {
    let mut link = dialect.reader().await?;
    let asked = Statement::new(sql::SECRETS).list([sealer::CHECK]);
    let rows = match link.rows(asked).await {
        Err(Failure::NoTable(_)) => return Ok(None),
        answered => answered?,
    };
    let sealed = rows.into_iter().map(|row| {
        row.read("swingbridge_secrets", |cells| {
            let (_reference, _account) = (cells.text()?, cells.text()?);
            cells.text()
        })
    });
    Ok(sealed.collect::<Result<Vec<String>, StoreError>>()?.into_iter().next())
}
