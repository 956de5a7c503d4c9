//! PostgreSQL, from version 12 on.
//!
//! What our statements rely on:
//!
//! * Values carry their type from the driver (`int8`, `text`), also absent ones, so `CASE`, `LIMIT ?` and `SELECT ?, ?`
//!   need no cast.
//! * Keys are declared `COLLATE "C"`, so that `ORDER BY name`, `name > ?` and the spans of a CASE compare bytes, as the
//!   other databases do and as `setwise.rs` sorts. A value beside a column takes the column's collation.
//! * A text cannot hold the character U+0000 here; one that does (an agent's error message, say) is written with U+FFFD
//!   in its place. Keys never hold it.
//! * After a statement failed, a transaction takes nothing but its end (25P02), and answers COMMIT with a ROLLBACK that
//!   looks like success: `held.rs` never sends it.
//! * `jit` is off: it was made for long queries, and compiling the CASEs of a batch takes longer than running them.
//! * `random_page_cost` is 1.1, as it is on disks without a moving head and in memory: at the default of 4 the planner
//!   walks through tables of 60,000 rows for a batch of 500 (seen in the plans that `tests/plans.rs` holds).
//! * A pooler between bridge and database must pool sessions: settings, prepared statements and the lock of `alone` are
//!   the session's.
//!
//! **Alone**: migrations run in one transaction, since changes of the schema roll back here, behind an advisory lock that
//! ends with the transaction. A bridge that dies, or stands still for longer than the limit of an idle transaction, loses
//! transaction and lock at once; nothing is left to be taken over, so no row, beat or clock is needed.

mod classify;
mod rows;
mod session;

use std::str::FromStr as _;

use async_trait::async_trait;
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _};

use super::server::Server;
use super::{Failure, Placeholders};
use crate::migrate::{Migration, POSTGRES};
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::{Row, Value};

/// The statements that a connection keeps prepared.
const PREPARED: usize = 64;
/// How a text of ours names its values.
const PLACEHOLDERS: Placeholders = Placeholders::Numbered;
/// The advisory lock of a database that one bridge migrates at a time: "swingbri" in ASCII.
const MIGRATING: i64 = 0x7377_696e_6762_7269;

/// A database of a PostgreSQL server.
#[derive(Debug)]
pub(crate) struct Postgres {
    options: PgConnectOptions,
    place: String,
    migrations: &'static [Migration],
}

impl Postgres {
    /// Our own.
    pub(super) fn own(url: &str) -> Result<Self, OpenError> {
        Self::of(url, POSTGRES)
    }

    /// Somebody else's.
    pub(super) fn foreign(url: &str) -> Result<Self, OpenError> {
        Self::of(url, &[])
    }

    fn of(url: &str, migrations: &'static [Migration]) -> Result<Self, OpenError> {
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| OpenError::Url(error.to_string()))?
            .application_name("swingbridge")
            .statement_cache_capacity(PREPARED)
            .disable_statement_logging();
        let Some(database) = options.get_database() else {
            return Err(OpenError::NoDatabase);
        };
        let (host, port) = (options.get_host(), options.get_port());
        let place = format!("postgres://{host}:{port}/{database}");
        Ok(Self { options, place, migrations })
    }
}

type Query = sqlx::query::Query<'static, sqlx::Postgres, PgArguments>;

/// The one place where a text that was put together becomes a statement: it holds placeholders, never values.
fn query(statement: Statement) -> Result<Query, sqlx::Error> {
    let mut arguments = PgArguments::default();
    for value in statement.values {
        let added = match value {
            Value::Number(number) => arguments.add(number),
            Value::Text(Some(text)) if text.contains('\0') => {
                arguments.add(text.replace('\0', "\u{fffd}"))
            }
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Odd(_) => Ok(()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    let text = PLACEHOLDERS.write(&statement.text).into_owned();
    Ok(sqlx::query_with(AssertSqlSafe(text), arguments).persistent(statement.keep))
}

async fn run(connection: &mut PgConnection, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(text).execute(connection).await.map(|_| ())
}

#[async_trait]
impl Server for Postgres {
    type Db = sqlx::Postgres;

    fn options(&self) -> &PgConnectOptions {
        &self.options
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn migrations(&self) -> &'static [Migration] {
        self.migrations
    }

    async fn set_up(connection: &mut PgConnection, foreign: bool) -> Result<(), sqlx::Error> {
        run(connection, session::SETTINGS).await?;
        if foreign {
            run(connection, session::ONLY_READS).await?;
        }
        Ok(())
    }

    async fn assert(connection: &mut PgConnection) -> Result<(), Failure> {
        session::assert(connection).await
    }

    async fn execute(connection: &mut PgConnection, of: Statement) -> Result<u64, sqlx::Error> {
        query(of)?.execute(connection).await.map(|done| done.rows_affected())
    }

    async fn fetch(connection: &mut PgConnection, of: Statement) -> Result<Vec<Row>, sqlx::Error> {
        let rows = query(of)?.fetch_all(connection).await?;
        Ok(rows.iter().map(rows::row).collect())
    }

    /// The server ends what is given up by itself (`statement_timeout`, and what is idle), so no id is needed.
    async fn begin(connection: &mut PgConnection) -> Result<Option<u64>, sqlx::Error> {
        run(connection, "BEGIN").await.map(|()| None)
    }

    /// The lock is waited for by its own limit, and each change of the schema by the session's: it would hold up every
    /// reader of a table behind it.
    async fn begin_alone(&self, connection: &mut PgConnection) -> Result<(), Failure> {
        let said = |error: sqlx::Error| {
            match Self::classify(&error) {
            Failure::Busy(_) => Failure::Busy(
                "another bridge has been changing the schema for a minute; wait until it is done, or end it, and start \
                 again"
                    .to_owned(),
            ),
            other @ (Failure::Exists | Failure::NoTable(_) | Failure::Unavailable(_)) => other,
        }
        };
        run(connection, session::ALONE).await.map_err(said)?;
        let lock = Statement::made(
            "SELECT pg_advisory_xact_lock(?)".to_owned(),
            vec![Value::Number(Some(MIGRATING))],
            false,
        );
        Self::fetch(connection, lock).await.map_err(said)?;
        run(connection, session::LOCK_WAIT).await.map_err(said)
    }

    async fn finish(connection: &mut PgConnection, word: &'static str) -> Result<(), sqlx::Error> {
        run(connection, word).await
    }

    fn classify(error: &sqlx::Error) -> Failure {
        classify::classify(error)
    }

    async fn end(&self, _session: u64) {}
}
