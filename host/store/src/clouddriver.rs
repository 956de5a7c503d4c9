//! Clouddriver's `accounts` table, read and never written. It may lie in another database than ours.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::error::SourceError;
use host_core::port::sources::AccountsTable;
use host_core::secret::Secret;
use host_core::source::RawAccount;
use tokio_util::task::TaskTracker;

use crate::dialect::{self, Dialect, Failure};
use crate::sql;
use crate::statement::Statement;
use crate::value::{Row, Value, count};

/// The source's name, in rows and errors.
const SOURCE: &str = "clouddriver.accounts";

/// The most rows of one page, whatever is asked for.
const PAGE_MAX: usize = 1_000;

/// The table. Rows of other types than kubernetes are not ours and are left out.
#[derive(Debug)]
pub struct ClouddriverTable {
    dialect: Arc<dyn Dialect>,
    tracker: TaskTracker,
}

impl ClouddriverTable {
    /// The table in the database of a URL: `sqlite:PATH`, `mysql://…` or `postgres://…`. It is looked for when it is
    /// read, so that the bridge starts without it. A user that may SELECT from it is enough.
    ///
    /// # Errors
    /// [`SourceError`] if the URL is of another kind of database, or cannot be read.
    pub fn open(url: &str) -> Result<Self, SourceError> {
        let dialect = dialect::read_only(url)
            .map_err(|error| failed(format!("clouddriver.database.url cannot be used: {error}")))?;
        Ok(Self { dialect: Arc::from(dialect), tracker: TaskTracker::new() })
    }

    /// Waits for what is under way and closes.
    pub async fn close(&self) {
        self.tracker.close();
        self.tracker.wait().await;
        self.dialect.close().await;
    }

    /// Reads in a task that owns its connection; whoever stops waiting only stops waiting.
    async fn read(&self, statement: Statement) -> Result<Vec<RawAccount>, SourceError> {
        let dialect = Arc::clone(&self.dialect);
        let task = self.tracker.spawn(async move {
            let mut link = dialect.reader().await?;
            link.rows(statement).await
        });
        let broke = || Failure::Unavailable("reading broke off; the log says why".to_owned());
        match task.await.unwrap_or_else(|_| Err(broke())) {
            Ok(rows) => Ok(rows.into_iter().filter_map(raw).collect()),
            Err(failure) => Err(failed(failure.sentence())),
        }
    }
}

#[async_trait]
impl AccountsTable for ClouddriverTable {
    async fn find(&self, ids: Vec<String>) -> Result<Vec<RawAccount>, SourceError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(Statement::new(sql::CLOUDDRIVER_FIND).list(ids)).await
    }

    async fn page(&self, after: String, limit: usize) -> Result<Vec<RawAccount>, SourceError> {
        let limit = count(limit.min(PAGE_MAX));
        self.read(Statement::new(sql::CLOUDDRIVER_PAGE).bind(after).bind(limit)).await
    }
}

fn failed(reason: String) -> SourceError {
    SourceError { source_name: SOURCE.to_owned(), reason }
}

/// A row as it is. A body that is no text becomes an empty one, which is no JSON, so that the row is reported by its
/// name; a row without a name can only be told of in the log.
fn raw(row: Row) -> Option<RawAccount> {
    let mut cells = row.0.into_iter();
    let mut text = || match cells.next() {
        Some(Value::Text(Some(text))) => Some(text),
        _ => None,
    };
    let (id, kind, body) = (text(), text(), text());
    let last_modified_at = match cells.next() {
        Some(Value::Number(Some(number))) => u64::try_from(number).unwrap_or_default(),
        _ => 0,
    };
    let Some(id) = id else {
        tracing::warn!("a row of Clouddriver's accounts has an id that is no text; it is left out");
        return None;
    };
    let body = Secret::new(body.unwrap_or_default());
    Some(RawAccount { id, kind: kind.unwrap_or_default(), body, last_modified_at })
}
