//! What a real Clouddriver wrote, as files of this repository, and as the database that it would be read from.

use std::path::Path;

use anyhow::{Context as _, Result};

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
