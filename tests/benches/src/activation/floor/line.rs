//! A bare connection of each driver, with the settings that a session of the bridge has (`spec/database.md`).

use std::str::FromStr as _;

use anyhow::{Result, bail, ensure};
use sqlx::mysql::{MySqlArguments, MySqlConnectOptions, MySqlConnection};
use sqlx::postgres::{PgArguments, PgConnectOptions, PgConnection};
use sqlx::sqlite::{
    SqliteArguments, SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqliteSynchronous,
};
use sqlx::{Arguments as _, AssertSqlSafe, ConnectOptions as _, Connection as _};
use tests_harness::Kind;

use super::text::{Bound, Text};

/// On MariaDB.
const ON_MARIADB: &str = "\
    SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET SESSION autocommit = 1, innodb_lock_wait_timeout = 2, lock_wait_timeout = 10, wait_timeout = 30, \
    sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION', max_statement_time = 10, idle_transaction_timeout = 5";

/// On PostgreSQL.
const ON_POSTGRES: &str = "\
    SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL READ COMMITTED; \
    SET lock_timeout = '2s'; SET statement_timeout = '10s'; SET idle_in_transaction_session_timeout = '5s'; \
    SET synchronous_commit = on; SET jit = off; SET random_page_cost = 1.1";

/// One connection.
#[derive(Debug)]
pub(super) enum Line {
    Sqlite(SqliteConnection),
    MariaDb(MySqlConnection),
    Postgres(PgConnection),
}

impl Line {
    pub(super) async fn open(kind: Kind, url: &str) -> Result<Self> {
        Ok(match kind {
            Kind::Sqlite => {
                let options = SqliteConnectOptions::from_str(url)?
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(false)
                    .pragma("cache_size", "-32768")
                    .pragma("wal_autocheckpoint", "4000")
                    .disable_statement_logging();
                Self::Sqlite(options.connect().await?)
            }
            Kind::MariaDb => {
                let options = MySqlConnectOptions::from_str(url)?.disable_statement_logging();
                let mut connection = options.connect().await?;
                sqlx::raw_sql(ON_MARIADB).execute(&mut connection).await?;
                Self::MariaDb(connection)
            }
            Kind::Postgres => {
                let options = PgConnectOptions::from_str(url)?.disable_statement_logging();
                let mut connection = options.connect().await?;
                sqlx::raw_sql(ON_POSTGRES).execute(&mut connection).await?;
                Self::Postgres(connection)
            }
        })
    }

    pub(super) async fn begin(&mut self) -> Result<()> {
        let text = match self {
            Self::Sqlite(_) => "BEGIN IMMEDIATE",
            Self::MariaDb(_) | Self::Postgres(_) => "BEGIN",
        };
        self.alone(text).await
    }

    pub(super) async fn commit(&mut self) -> Result<()> {
        self.alone("COMMIT").await
    }

    /// A statement without values, which is not prepared.
    pub(super) async fn alone(&mut self, text: &str) -> Result<()> {
        let query = sqlx::raw_sql(AssertSqlSafe(text.to_owned()));
        match self {
            Self::Sqlite(line) => query.execute(line).await.map(drop)?,
            Self::MariaDb(line) => query.execute(line).await.map(drop)?,
            Self::Postgres(line) => query.execute(line).await.map(drop)?,
        }
        Ok(())
    }

    /// A prepared statement, with its values column by column; it affects the rows that it should, or fails.
    pub(super) async fn run(&mut self, text: &Text, columns: Vec<Vec<String>>) -> Result<()> {
        let sql = AssertSqlSafe(std::sync::Arc::clone(&text.text));
        let affected = match (self, text.bound(columns)) {
            (Self::Sqlite(line), Bound::Values(values)) => {
                let mut bound = SqliteArguments::default();
                for value in values {
                    bound.add(value).map_err(sqlx::Error::Encode)?;
                }
                sqlx::query_with(sql, bound).execute(line).await?.rows_affected()
            }
            (Self::MariaDb(line), Bound::Values(values)) => {
                let mut bound = MySqlArguments::default();
                for value in values {
                    bound.add(value).map_err(sqlx::Error::Encode)?;
                }
                sqlx::query_with(sql, bound).execute(line).await?.rows_affected()
            }
            (Self::Postgres(line), bound) => {
                let mut arguments = PgArguments::default();
                match bound {
                    Bound::Lists(lists) => {
                        for list in lists {
                            arguments.add(list).map_err(sqlx::Error::Encode)?;
                        }
                    }
                    Bound::Values(values) => {
                        for value in values {
                            arguments.add(value).map_err(sqlx::Error::Encode)?;
                        }
                    }
                }
                sqlx::query_with(sql, arguments).execute(line).await?.rows_affected()
            }
            (Self::Sqlite(_) | Self::MariaDb(_), Bound::Lists(_)) => bail!("no arrays here"),
        };
        ensure!(affected == text.rows, "{affected} of {} rows: {}", text.rows, head(&text.text));
        Ok(())
    }

    pub(super) async fn close(self) -> Result<()> {
        match self {
            Self::Sqlite(line) => line.close().await?,
            Self::MariaDb(line) => line.close().await?,
            Self::Postgres(line) => line.close().await?,
        }
        Ok(())
    }
}

/// The beginning of a text, for errors.
fn head(text: &str) -> &str {
    text.get(..120).unwrap_or(text)
}
