//! The sources together: what Clouddriver's table says, row by row checked.

use std::collections::HashSet;
use std::sync::Arc;

use async_trait::async_trait;
use host_core::error::SourceError;
use host_core::port::sources::{AccountsTable, Sources};
use host_core::source::{RawAccount, SourceAccount};

use crate::body;

/// The name of Clouddriver's table as a source.
pub const SOURCE: &str = "clouddriver.accounts";

/// Every source that the bridge reads accounts from. Definitions hold their secrets in clear: whoever takes one in seals
/// it first.
#[derive(Debug, Clone)]
pub struct ClouddriverSources {
    table: Arc<dyn AccountsTable>,
}

impl ClouddriverSources {
    /// Over Clouddriver's table.
    #[must_use]
    pub fn new(table: Arc<dyn AccountsTable>) -> Self {
        Self { table }
    }
}

#[async_trait]
impl Sources for ClouddriverSources {
    async fn find(&self, names: Vec<String>) -> Result<Vec<SourceAccount>, SourceError> {
        let wanted: HashSet<String> = names.iter().cloned().collect();
        let rows = self.table.find(names).await?;
        // A database that compares without regard to case answers more than was asked.
        Ok(rows.iter().filter(|row| wanted.contains(&row.id)).map(checked).collect())
    }

    async fn page(&self, after: String, limit: usize) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(self.table.page(after, limit).await?.iter().map(checked).collect())
    }
}

fn checked(row: &RawAccount) -> SourceAccount {
    SourceAccount { name: row.id.clone(), source: SOURCE.to_owned(), definition: body::read(row) }
}
