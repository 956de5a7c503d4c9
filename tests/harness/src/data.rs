//! What a real Clouddriver wrote, as files of this repository, and as the database that it would be read from.

use std::path::Path;
use std::str::FromStr as _;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use tests_databases::{Kind, TestDatabase};

/// Its `accounts` table: 18 rows, one a line.
pub const CLOUDDRIVER_ROWS: &str = include_str!("../../fixtures/clouddriver/rows-accounts.jsonl");

/// The same at an earlier moment, with definitions that it stores and never lists, and rows broken by hand.
pub const CLOUDDRIVER_ROWS_WITH_BAD: &str =
    include_str!("../../fixtures/clouddriver/rows-accounts-with-bad.jsonl");

/// Writes a Clouddriver database with these rows; answers its URL.
///
/// # Errors
/// When the file is there already, or cannot be written.
pub async fn clouddriver_database(folder: &Path, rows: &str) -> Result<String> {
    let path = folder.join("clouddriver.db");
    host_store::example::write_clouddriver_accounts(&path, rows)
        .await
        .with_context(|| format!("{}", path.display()))?;
    Ok(format!("sqlite:{}", path.display()))
}

/// Its table as its own changelog makes it on MySQL and MariaDB.
const ON_MARIADB: &str = include_str!("../../fixtures/clouddriver/accounts-mariadb.sql");

/// Its table as its own changelog makes it on PostgreSQL.
const ON_POSTGRES: &str = include_str!("../../fixtures/clouddriver/accounts-postgres.sql");

/// Makes Clouddriver's table on a server, with those of the rows whose body the server takes: JSON. Answers how many.
///
/// # Errors
/// What the server says.
pub async fn clouddriver_on(database: &TestDatabase, rows: &str) -> Result<usize> {
    let mut written = 0;
    match database.kind() {
        Kind::MariaDb => {
            database.run(ON_MARIADB).await?;
            let mut connection = MySqlConnectOptions::from_str(database.url())?.connect().await?;
            for row in json_rows(rows)? {
                let text = "INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)";
                let query = sqlx::query(text).bind(row.0).bind(row.1).bind(row.2);
                query.bind(row.3).bind(row.4).bind(row.5).execute(&mut connection).await?;
                written += 1;
            }
            connection.close().await?;
        }
        Kind::Postgres => {
            database.run(ON_POSTGRES).await?;
            let mut connection = PgConnectOptions::from_str(database.url())?.connect().await?;
            for row in json_rows(rows)? {
                let text =
                    "INSERT INTO accounts VALUES ($1, $2, CAST($3 AS text)::json, $4, $5, $6)";
                let query = sqlx::query(text).bind(row.0).bind(row.1).bind(row.2);
                query.bind(row.3).bind(row.4).bind(row.5).execute(&mut connection).await?;
                written += 1;
            }
            connection.close().await?;
        }
        Kind::Sqlite => bail!("on SQLite it is a file: clouddriver_database"),
    }
    Ok(written)
}

type Row = (String, String, String, i64, i64, String);

fn json_rows(rows: &str) -> Result<Vec<Row>> {
    let lines = rows.lines().filter(|line| !line.trim().is_empty());
    let parsed: Vec<Value> = lines.map(serde_json::from_str).collect::<Result<_, _>>()?;
    let row = |row: &Value| {
        let text = |key: &str| row[key].as_str().map(str::to_owned).context("a text");
        let number = |key: &str| row[key].as_i64().context("a number");
        Ok((
            text("id")?,
            text("type")?,
            row["body"].to_string(),
            number("created_at")?,
            number("last_modified_at")?,
            text("last_modified_by")?,
        ))
    };
    parsed.iter().filter(|row| !row["body"].is_string()).map(row).collect()
}
