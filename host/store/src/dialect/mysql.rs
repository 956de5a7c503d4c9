//! MySQL from version 8.0 on, and MariaDB from 10.5 on.
//!
//! The two are one dialect. What they do differently, and what our statements and settings rely on so that it holds on
//! both:
//!
//! | | MySQL | MariaDB | here |
//! | --- | --- | --- | --- |
//! | JSON | a type of its own | a name of LONGTEXT | our JSON is LONGTEXT and never queried; a JSON column of Clouddriver's is read as the text that both send |
//! | collations | `utf8mb4_0900_*` | `utf8mb4_uca1400_*`, `*_nopad_*` | every table names `utf8mb4_bin`, which both have: order and equality by code point, which is the order of UTF-8's bytes |
//! | logging in | `caching_sha2_password` | `mysql_native_password`, `ed25519` | the driver knows the first two; without TLS the first needs RSA, which is built in. `ed25519` it does not know |
//! | primary keys | may be demanded (`sql_require_primary_key`) | may be (`innodb_force_primary_key`) | every table has one |
//! | strict mode | may be switched off | likewise | `sql_mode` is set, not asked for: a text that is too long is an error, never cut |
//! | an index that is there | no `IF NOT EXISTS` | has it | plain `CREATE INDEX`; error 1061 means done |
//! | limit of a statement | `max_execution_time`, SELECT only | `max_statement_time`, any | set where it exists; a statement that outlasts it all the same is given up, and its session is ended with KILL from another connection |
//! | idle in a transaction | only `wait_timeout` | `idle_transaction_timeout` | set where it exists; `wait_timeout` 30 s on both, and the pool lets go of what rested for 20 s |
//! | long IN lists | always a range | over 1,000 a subquery | lists have 500 elements at most where speed counts |
//! | reserved words | more with each version | fewer | names of columns are words that neither reserves, and are never quoted; a test holds them against MySQL's list |
//!
//! And what is the same on both, and unlike the others:
//!
//! * Rows affected are rows found: the driver asks for it (`CLIENT_FOUND_ROWS`), as compare-and-swap needs.
//! * `utf8mb4_bin` pads with blanks: `'a '` equals `'a'`. Names with blanks at their ends are refused at intake.
//! * All columns are `utf8mb4`, ids too: a value that `ascii` cannot hold would make a comparison with an `ascii` column
//!   an error (1267) instead of no row, and ids come from the paths of requests.
//! * A column with a binary collation is told as VARBINARY or BLOB; `rows.rs` reads what is UTF-8 as text, and all else as
//!   bytes.
//! * A deadlock (1213) rolls the transaction back, a lock wait (1205) only its statement: all that fails is rolled back.
//! * Changes of the schema commit by themselves.
//! * A statement is one packet: `setwise.rs` keeps it below 4 MiB unless a single row is larger, and the server must take
//!   16 MiB (`max_allowed_packet`, the default of MariaDB; MySQL's is 64 MiB).
//! * Errors are told apart by their numbers; SQLSTATE is HY000 for half of them.
//! * `LIKE … ESCAPE '!'` leaves the backslash a character like any other.
//!
//! **Alone**: changes of the schema cannot be one transaction, so one bridge migrates behind `GET_LOCK`, which the server
//! lets go of when the session ends, and a session that is silent for 30 s ends. Nothing is left to be taken over, so no
//! row, beat or clock is needed. (A cluster of several writing servers has one such lock per server; there, two bridges
//! may run the same file, which is harmless.)

mod classify;
mod rows;
mod session;

use std::str::FromStr as _;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _, Row as _};
use tokio::time::timeout;

use super::Failure;
use super::server::Server;
use crate::migrate::{MYSQL, Migration};
use crate::open::OpenError;
use crate::statement::Statement;
use crate::value::{Row, Value};

/// The statements that a connection keeps prepared.
const PREPARED: usize = 64;
/// The port where the URL names none.
const PORT: u16 = 3306;
/// How long it may take to end another session.
const ENDING: Duration = Duration::from_secs(5);

/// A database of a MySQL or MariaDB server.
#[derive(Debug)]
pub(crate) struct MySql {
    options: MySqlConnectOptions,
    place: String,
    database: String,
    migrations: &'static [Migration],
}

impl MySql {
    /// Our own.
    pub(super) fn own(url: &str) -> Result<Self, OpenError> {
        Self::of(url, MYSQL)
    }

    /// Somebody else's.
    pub(super) fn foreign(url: &str) -> Result<Self, OpenError> {
        Self::of(url, &[])
    }

    fn of(url: &str, migrations: &'static [Migration]) -> Result<Self, OpenError> {
        // The mode is set whole with the session, so the driver is to leave it alone.
        let options = MySqlConnectOptions::from_str(url)
            .map_err(|error| OpenError::Url(error.to_string()))?
            .pipes_as_concat(false)
            .no_engine_substitution(false)
            .statement_cache_capacity(PREPARED)
            .disable_statement_logging();
        let database = options.get_database().ok_or(OpenError::NoDatabase)?.to_owned();
        let port = match options.get_port() {
            0 => PORT,
            port => port,
        };
        let place = format!("mysql://{}:{port}/{database}", options.get_host());
        Ok(Self { options, place, database, migrations })
    }
}

type Query = sqlx::query::Query<'static, sqlx::MySql, MySqlArguments>;

/// The one place where a text that was put together becomes a statement: it holds placeholders, never values.
fn query(statement: Statement) -> Result<Query, sqlx::Error> {
    let mut arguments = MySqlArguments::default();
    for value in statement.values {
        let added = match value {
            Value::Number(number) => arguments.add(number),
            Value::Text(text) => arguments.add(text),
            Value::Bytes(bytes) => arguments.add(bytes),
            Value::Odd(_) => Ok(()),
        };
        added.map_err(sqlx::Error::Encode)?;
    }
    let text = AssertSqlSafe(statement.text.into_owned());
    Ok(sqlx::query_with(text, arguments).persistent(statement.keep))
}

async fn run(connection: &mut MySqlConnection, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::raw_sql(text).execute(connection).await.map(|_| ())
}

#[async_trait]
impl Server for MySql {
    type Db = sqlx::MySql;

    fn options(&self) -> &MySqlConnectOptions {
        &self.options
    }

    fn place(&self) -> &str {
        &self.place
    }

    fn migrations(&self) -> &'static [Migration] {
        self.migrations
    }

    async fn set_up(connection: &mut MySqlConnection, foreign: bool) -> Result<(), sqlx::Error> {
        let settings = session::product(connection).await?.settings();
        run(connection, settings).await?;
        if foreign {
            run(connection, session::ONLY_READS).await?;
        }
        Ok(())
    }

    async fn assert(connection: &mut MySqlConnection) -> Result<(), Failure> {
        session::assert(connection).await
    }

    /// Changes of the schema go as plain text: not each of them can be prepared.
    async fn execute(connection: &mut MySqlConnection, of: Statement) -> Result<u64, sqlx::Error> {
        if of.values.is_empty() && !of.keep {
            let text = AssertSqlSafe(of.text.into_owned());
            return sqlx::raw_sql(text).execute(connection).await.map(|done| done.rows_affected());
        }
        query(of)?.execute(connection).await.map(|done| done.rows_affected())
    }

    async fn fetch(
        connection: &mut MySqlConnection,
        of: Statement,
    ) -> Result<Vec<Row>, sqlx::Error> {
        let rows = query(of)?.fetch_all(connection).await?;
        Ok(rows.iter().map(rows::row).collect())
    }

    /// The id is asked for in the same message.
    async fn begin(connection: &mut MySqlConnection) -> Result<Option<u64>, sqlx::Error> {
        let begun = sqlx::raw_sql("START TRANSACTION; SELECT CONNECTION_ID()");
        begun.fetch_one(connection).await?.try_get_unchecked(0).map(Some)
    }

    async fn begin_alone(&self, connection: &mut MySqlConnection) -> Result<(), Failure> {
        let said = |error: sqlx::Error| Self::classify(&error);
        let no_limit = session::product(connection).await.map_err(said)?.no_limit();
        run(connection, no_limit).await.map_err(said)?;
        // The names of locks belong to the whole server.
        let name = blake3::hash(self.database.as_bytes()).to_hex();
        let lock =
            Statement::new("SELECT GET_LOCK(?, 60)").bind(format!("swingbridge {}", &name[..32]));
        let taken = Self::fetch(connection, lock).await.map_err(said)?;
        match taken.first().and_then(|row| row.0.first()) {
            Some(Value::Number(Some(1))) => Ok(()),
            _ => Err(Failure::Busy(
                "another bridge has been changing the schema for a minute; wait until it is done, or end it, and start \
                 again"
                    .to_owned(),
            )),
        }
    }

    async fn finish(
        connection: &mut MySqlConnection,
        word: &'static str,
    ) -> Result<(), sqlx::Error> {
        run(connection, word).await
    }

    fn classify(error: &sqlx::Error) -> Failure {
        classify::classify(error)
    }

    /// MySQL goes on with a statement whose caller has gone, and keeps its locks.
    async fn end(&self, session: u64) {
        let ended = timeout(ENDING, async {
            let mut connection = self.options.connect().await?;
            let kill = AssertSqlSafe(format!("KILL {session}"));
            sqlx::raw_sql(kill).execute(&mut connection).await?;
            connection.close().await
        });
        match ended.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::warn!(%error, session, "a session whose statement was given up could not be ended");
            }
            Err(_) => tracing::warn!(
                session,
                "ending a session whose statement was given up took too long"
            ),
        }
    }
}
