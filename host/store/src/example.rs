//! Makes an example of Clouddriver's database, for demos and tests: its tables, with rows that a real one wrote.

use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value as Json;
use thiserror::Error;

use crate::dialect::{Failure, create_sqlite};
use crate::setwise::{self, Table};
use crate::statement::Statement;
use crate::value::Value;

/// Clouddriver's tables, as its own changelog makes them on MySQL, in SQLite's words.
const DDL: [&str; 3] = [
    "CREATE TABLE accounts (id VARCHAR(255) NOT NULL PRIMARY KEY, type VARCHAR(50) NOT NULL, body TEXT NOT NULL, \
     created_at BIGINT NOT NULL, last_modified_at BIGINT NOT NULL, last_modified_by VARCHAR(255) NOT NULL)",
    "CREATE INDEX accounts_type_index ON accounts (type)",
    "CREATE TABLE accounts_history (id VARCHAR(255) NOT NULL, type VARCHAR(50), body TEXT, \
     last_modified_at BIGINT NOT NULL, version INTEGER NOT NULL, is_deleted BIGINT NOT NULL DEFAULT 0, \
     PRIMARY KEY (id, version))",
];

const ACCOUNTS: Table = Table {
    name: "accounts",
    columns: &["id", "type", "body", "created_at", "last_modified_at", "last_modified_by"],
};

/// Why no example was made.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ExampleError {
    /// A file is there, and is left as it is.
    #[error("{} is there already and is left as it is; remove it, or choose another path", .0.display())]
    There(PathBuf),
    /// A line is no row.
    #[error("line {line} is no row of accounts: {reason}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// Why.
        reason: String,
    },
    /// The file cannot be written.
    #[error("the example database cannot be made: {0}")]
    Failed(String),
}

#[derive(Deserialize)]
struct Line {
    id: String,
    #[serde(rename = "type")]
    kind: String,
    body: Json,
    created_at: u64,
    last_modified_at: u64,
    last_modified_by: String,
}

impl Line {
    /// A body that is a text in the line is put into the table as it is: a row that was broken by hand.
    fn values(self) -> Vec<Value> {
        let body = self.body.as_str().map_or_else(|| self.body.to_string(), str::to_owned);
        vec![
            Value::from(self.id),
            Value::from(self.kind),
            Value::from(body),
            Value::from(self.created_at),
            Value::from(self.last_modified_at),
            Value::from(self.last_modified_by),
        ]
    }
}

/// Makes a SQLite file with Clouddriver's tables and a row for each line of JSON (`id`, `type`, `body`, `created_at`,
/// `last_modified_at`, `last_modified_by`). Answers how many.
///
/// # Errors
/// [`ExampleError`]; a file that is there is never touched.
pub async fn write_clouddriver_accounts(path: &Path, lines: &str) -> Result<usize, ExampleError> {
    let mut rows = Vec::new();
    for (number, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let line: Line = serde_json::from_str(line)
            .map_err(|error| ExampleError::Line { line: number + 1, reason: error.to_string() })?;
        rows.push(line.values());
    }
    if path.exists() {
        return Err(ExampleError::There(path.to_owned()));
    }
    let written = rows.len();
    let mut statements: Vec<Statement> = DDL.into_iter().map(Statement::new).collect();
    statements.extend(setwise::insert(ACCOUNTS, rows));
    create_sqlite(path, statements).await.map(|()| written).map_err(|failure| {
        if failure == Failure::Exists {
            ExampleError::Failed("two lines have the same id".to_owned())
        } else {
            ExampleError::Failed(failure.sentence())
        }
    })
}
