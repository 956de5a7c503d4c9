//! SQLite: one file, one writer behind a fair queue, readers that cannot write.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use host_core::error::DISK_FULL;
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool,
    SqlitePoolOptions, SqliteRow, SqliteSynchronous,
};
use sqlx::{Arguments, AssertSqlSafe, Column, Row as _, TypeInfo, ValueRef};

use super::lock::FileLock;
use super::{Dialect, Failure, Link, Placeholders, Transaction};
use crate::migrate::{Migration, SQLITE};
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::{Row, Value};

/// How long a connection waits for a lock of the file.
const LOCK_WAIT: Duration = Duration::from_secs(2);
/// How long an action waits for its turn with a connection.
const QUEUE_WAIT: Duration = Duration::from_secs(30);
/// How long an action may keep a connection busy.
const ACTION_LIMIT: Duration = Duration::from_secs(10);
/// How many readers there are at most.
const READERS: u32 = 4;
/// Steps of SQLite's machine between two looks at the clock.
const STEPS: i32 = 100_000;
/// The statements that a connection keeps prepared.
const PREPARED: usize = 64;
/// The pages that a connection keeps in memory, as SQLite writes it: minus so many KiB.
const CACHE: &str = "-32768";
/// Pages of the log behind which they are moved into the file: a batch of 500 accounts is some 1,500.
const CHECKPOINT: &str = "4000";
/// The most branches of a statement: preparing takes time in their square.
const BRANCHES: usize = 2_000;
/// The writer takes the lock at once: a transaction that first reads could not get it later.
const BEGIN: &str = "BEGIN IMMEDIATE";
/// How a text of ours names its values.
const PLACEHOLDERS: Placeholders = Placeholders::Marks;

/// A file that this process has for itself.
#[derive(Debug)]
pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    lock: Mutex<Option<FileLock>>,
}

impl Sqlite {
    /// Opens the file, or makes it.
    pub(crate) async fn open(path: &Path) -> Result<Self, OpenError> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(folder) = folder
            && !folder.is_dir()
        {
            return Err(OpenError::NoFolder(folder.to_owned()));
        }
        let lock = FileLock::take(path)?;
        let failed = |error: sqlx::Error| OpenError::database(path, classify(&error));
        let options = session(path).create_if_missing(true);
        let writer = pool(1).connect_with(options.clone()).await.map_err(failed)?;
        let reading = options.pragma("query_only", "ON");
        let readers = pool(READERS).connect_with(reading).await.map_err(failed)?;
        let opened = Self { writer, readers, lock: Mutex::new(Some(lock)) };
        opened.assert_settings().await.map_err(|error| OpenError::database(path, error))?;
        Ok(opened)
    }

    /// What was asked of the connections is what they say (`spec/database.md`, "Session settings").
    async fn assert_settings(&self) -> Result<(), Failure> {
        let writes = [("journal_mode", "wal"), ("synchronous", "2"), ("busy_timeout", "2000")];
        let reads = [("query_only", "1"), ("busy_timeout", "2000")];
        let mut writer = self.writer.acquire().await.map_err(|error| classify(&error))?;
        assert_pragmas(&mut writer, &writes).await?;
        let mut reader = self.readers.acquire().await.map_err(|error| classify(&error))?;
        assert_pragmas(&mut reader, &reads).await
    }
}

async fn assert_pragmas(
    connection: &mut SqliteConnection,
    wanted: &[(&'static str, &str)],
) -> Result<(), Failure> {
    for (name, value) in wanted {
        let asked = Statement::made(format!("PRAGMA {name}"), Vec::new(), false);
        let rows = fetch(connection, asked).await?;
        let said = match rows.first().and_then(|row| row.0.first()) {
            Some(Value::Text(Some(text))) => text.clone(),
            Some(Value::Number(Some(number))) => number.to_string(),
            _ => String::new(),
        };
        if said != *value {
            return Err(Failure::Unavailable(format!(
                "SQLite keeps {name} at {said:?} where {value:?} is needed; is the file on a file system that can share \
                 memory between processes?"
            )));
        }
    }
    Ok(())
}

fn session(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(LOCK_WAIT)
        .statement_cache_capacity(PREPARED)
        .foreign_keys(false)
        .pragma("cache_size", CACHE)
        .pragma("wal_autocheckpoint", CHECKPOINT)
}

fn pool(size: u32) -> SqlitePoolOptions {
    SqlitePoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(QUEUE_WAIT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// Opens somebody else's file for reading only: it must be there, and nothing about it is changed.
pub(super) fn read_only(path: &Path) -> Box<dyn Dialect> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(true)
        .busy_timeout(LOCK_WAIT)
        .statement_cache_capacity(PREPARED);
    let readers = SqlitePoolOptions::new()
        .max_connections(2)
        .min_connections(0)
        .acquire_timeout(QUEUE_WAIT)
        .connect_lazy_with(options);
    Box::new(Foreign { readers })
}

/// A file of somebody else's.
#[derive(Debug)]
struct Foreign {
    readers: SqlitePool,
}

#[async_trait]
impl Dialect for Foreign {
    fn migrations(&self) -> &'static [Migration] {
        &[]
    }

    fn branches(&self) -> usize {
        BRANCHES
    }

    fn shared(&self) -> bool {
        false
    }

    async fn reader(&self) -> Result<Box<dyn Link>, Failure> {
        reader(&self.readers).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        Err(super::only_read())
    }

    async fn alone(&self) -> Result<Box<dyn Transaction>, Failure> {
        Err(super::only_read())
    }

    async fn close(&self) {
        self.readers.close().await;
    }
}

/// Makes a new file with these statements, for examples.
pub(crate) async fn create(path: &Path, statements: Vec<Statement>) -> Result<(), Failure> {
    let options = SqliteConnectOptions::new().filename(path).create_if_missing(true);
    let pool = SqlitePoolOptions::new().max_connections(1).connect_with(options).await;
    let pool = pool.map_err(|error| classify(&error))?;
    let mut made = Ok(());
    if let Ok(mut connection) = pool.acquire().await {
        for statement in statements {
            if made.is_ok() {
                made = execute(&mut connection, statement).await.map(|_| ());
            }
        }
    }
    pool.close().await;
    made
}

#[async_trait]
impl Dialect for Sqlite {
    fn migrations(&self) -> &'static [Migration] {
        SQLITE
    }

    fn branches(&self) -> usize {
        BRANCHES
    }

    fn shared(&self) -> bool {
        false
    }

    async fn reader(&self) -> Result<Box<dyn Link>, Failure> {
        reader(&self.readers).await
    }

    async fn begin(&self) -> Result<Box<dyn Transaction>, Failure> {
        let mut begun = self.writer.begin_with(BEGIN).await;
        if matches!(begun, Err(sqlx::Error::InvalidSavePointStatement)) {
            // SQLite rolls back by itself when the disk is full or fails, and the driver believes the transaction to be
            // open for ever (found with a full disk). Another connection knows nothing of it.
            if let Ok(connection) = self.writer.acquire().await {
                let _closed = connection.close().await;
            }
            begun = self.writer.begin_with(BEGIN).await;
        }
        let mut transaction = begun.map_err(|error| classify(&error))?;
        limit(&mut transaction).await?;
        Ok(Box::new(Writing(transaction)))
    }

    /// The lock on the file keeps other bridges away.
    async fn alone(&self) -> Result<Box<dyn Transaction>, Failure> {
        self.begin().await
    }

    async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
        drop(self.lock.lock().unwrap_or_else(PoisonError::into_inner).take());
    }
}

async fn reader(pool: &SqlitePool) -> Result<Box<dyn Link>, Failure> {
    let mut connection = pool.acquire().await.map_err(|error| classify(&error))?;
    limit(&mut connection).await?;
    Ok(Box::new(Reading(connection)))
}

/// Ends an action that keeps its connection busy for too long. The clock of the machine is meant here, not the bridge's:
/// it is about this process, and tests do not move it.
async fn limit(connection: &mut SqliteConnection) -> Result<(), Failure> {
    let begun = Instant::now();
    let mut handle = connection.lock_handle().await.map_err(|error| classify(&error))?;
    handle.set_progress_handler(STEPS, move || begun.elapsed() < ACTION_LIMIT);
    Ok(())
}

struct Reading(PoolConnection<sqlx::Sqlite>);

#[async_trait]
impl Link for Reading {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        execute(&mut self.0, statement).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        fetch(&mut self.0, statement).await
    }
}

struct Writing(sqlx::Transaction<'static, sqlx::Sqlite>);

#[async_trait]
impl Link for Writing {
    async fn run(&mut self, statement: Statement) -> Result<u64, Failure> {
        execute(&mut self.0, statement).await
    }

    async fn rows(&mut self, statement: Statement) -> Result<Vec<Row>, Failure> {
        fetch(&mut self.0, statement).await
    }
}

#[async_trait]
impl Transaction for Writing {
    async fn commit(self: Box<Self>) -> Result<(), Failure> {
        self.0.commit().await.map_err(|error| classify(&error))
    }

    async fn rollback(self: Box<Self>) -> Result<(), Failure> {
        self.0.rollback().await.map_err(|error| classify(&error))
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, SqliteArguments>;

/// The one place where a text that was put together becomes a statement: it holds placeholders, never values.
fn query(statement: Statement) -> Result<Query, Failure> {
    let mut arguments = SqliteArguments::default();
    for value in statement.values {
        let added = match value {
            Value::Number(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Odd(_) => Ok(()),
        };
        added.map_err(|error| Failure::Unavailable(error.to_string()))?;
    }
    let text = PLACEHOLDERS.write(&statement.text).into_owned();
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments).persistent(statement.keep))
}

async fn execute(connection: &mut SqliteConnection, of: Statement) -> Result<u64, Failure> {
    let done = query(of)?.execute(connection).await;
    done.map(|done| done.rows_affected()).map_err(|error| classify(&error))
}

async fn fetch(connection: &mut SqliteConnection, of: Statement) -> Result<Vec<Row>, Failure> {
    let rows = query(of)?.fetch_all(connection).await.map_err(|error| classify(&error))?;
    Ok(rows.iter().map(row).collect())
}

fn row(row: &SqliteRow) -> Row {
    Row(row.columns().iter().map(|column| cell(row, column.ordinal())).collect())
}

fn cell(row: &SqliteRow, place: usize) -> Value {
    let Ok(raw) = row.try_get_raw(place) else { return Value::Odd("nothing") };
    if raw.is_null() {
        return Value::Text(None);
    }
    match raw.type_info().name() {
        "TEXT" => row.try_get(place).map_or(Value::Odd("a text that is not UTF-8"), Value::Text),
        "INTEGER" => row.try_get(place).map_or(Value::Odd("an odd number"), Value::Number),
        "REAL" => Value::Odd("a number with a fraction"),
        "BLOB" => row.try_get(place).map_or(Value::Odd("an odd BLOB"), Value::Bytes),
        _ => Value::Odd("a value of an unknown type"),
    }
}

/// SQLite's result codes, the low byte of the extended ones.
fn classify(error: &sqlx::Error) -> Failure {
    let unavailable = |text: &str| Failure::Unavailable(text.to_owned());
    if matches!(error, sqlx::Error::PoolTimedOut) {
        let waited = QUEUE_WAIT.as_secs();
        return Failure::Busy(format!("no connection became free within {waited} s"));
    }
    if matches!(error, sqlx::Error::PoolClosed) {
        return unavailable("the store is closed");
    }
    let sqlx::Error::Database(said) = error else {
        return Failure::Unavailable(error.to_string());
    };
    if said.is_unique_violation() {
        return Failure::Exists;
    }
    let code: i32 = said.code().and_then(|code| code.parse().ok()).unwrap_or_default();
    match code & 0xff {
        1 if said.message().starts_with("duplicate column name") => Failure::Exists,
        1 if said.message().starts_with("no such table") => {
            Failure::NoTable(said.message().to_owned())
        }
        5 | 6 => Failure::Busy("the database file is locked by another program".to_owned()),
        8 => unavailable(
            "the database file, or its folder, cannot be written; give this user the right to",
        ),
        9 => Failure::Unavailable(format!(
            "a statement ran for more than {} s and was ended",
            ACTION_LIMIT.as_secs()
        )),
        10 => {
            Failure::Unavailable(format!("the disk failed under the database: {}", said.message()))
        }
        11 => unavailable("the database file is damaged; restore it from a backup"),
        13 => unavailable(DISK_FULL),
        14 => unavailable("the database file cannot be opened; look at its path and rights"),
        26 => unavailable("the file is no SQLite database; is the path the right one?"),
        _ => Failure::Unavailable(said.message().to_owned()),
    }
}
