//! Statements of the tests themselves, on a connection of their own: what makes and removes databases, and what looks
//! behind the bridge's back.

use std::str::FromStr as _;

use anyhow::Result;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _};

use crate::Kind;
use crate::rows::{self, Cell};

/// Runs statements, separated by `;`, that answer nothing of interest.
pub(crate) async fn run(kind: Kind, url: &str, text: &str) -> Result<()> {
    rows(kind, url, text).await.map(|_| ())
}

/// Runs a statement and answers its rows, every cell as text.
pub(crate) async fn rows(kind: Kind, url: &str, text: &str) -> Result<Vec<Vec<Cell>>> {
    let text = AssertSqlSafe(text.to_owned());
    Ok(match kind {
        Kind::Sqlite => {
            let mut connection = SqliteConnectOptions::from_str(url)?.connect().await?;
            let found = sqlx::raw_sql(text).fetch_all(&mut connection).await;
            connection.close().await?;
            found?.iter().map(rows::of_sqlite).collect()
        }
        Kind::MariaDb => {
            let mut connection = MySqlConnectOptions::from_str(url)?.connect().await?;
            let found = sqlx::raw_sql(text).fetch_all(&mut connection).await;
            connection.close().await?;
            found?.iter().map(rows::of_mariadb).collect()
        }
        Kind::Postgres => {
            let mut connection = PgConnectOptions::from_str(url)?.connect().await?;
            let found = sqlx::raw_sql(text).fetch_all(&mut connection).await;
            connection.close().await?;
            found?.iter().map(rows::of_postgres).collect()
        }
    })
}
