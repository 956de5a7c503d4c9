//! The example: what a Clouddriver 5.90.0 wrote into its table of accounts, in a database of the demo.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use host_store::example::write_clouddriver_accounts;
use serde_json::Value as Json;

/// A row a line.
const ROWS: &str = include_str!("../../../tests/fixtures/clouddriver/rows-accounts.jsonl");

/// The account whose cluster lets nobody in at first.
pub(crate) const REFUSED: &str = "us-2";

/// What the clusters of both agents do: some are slower, and one lets nobody in at first.
const CLUSTERS: &str = "\
default: { takes: 150ms }
accounts:
  - match: us-2
    takes: 300ms
    refuses: unauthorized
    times: 1
  - match: '[a-k].*'
    takes: 600ms
";

/// Clouddriver's database.
#[derive(Debug)]
pub(crate) struct Clouddriver {
    /// Where it is.
    pub(crate) path: PathBuf,
    /// Rows in its table.
    pub(crate) rows: usize,
    /// What it was before anything started.
    pub(crate) untouched: Vec<u8>,
}

impl Clouddriver {
    /// Writes it into a folder.
    ///
    /// # Errors
    /// When that cannot be written.
    pub(crate) async fn write(folder: &Path) -> Result<Self> {
        let path = folder.join("clouddriver.db");
        let rows = write_clouddriver_accounts(&path, ROWS).await?;
        let untouched = std::fs::read(&path).context("the example database cannot be read")?;
        Ok(Self { path, rows, untouched })
    }

    /// Writes what the simulated clusters do; the flag that tells an agent.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(crate) fn simulated(folder: &Path) -> Result<Vec<String>> {
        std::fs::write(folder.join("clusters.yml"), CLUSTERS)
            .context("the simulation cannot be written")?;
        Ok(["--simulate", "clusters.yml"].map(str::to_owned).to_vec())
    }

    /// The flag that tells a bridge of it.
    pub(crate) fn flag(&self) -> String {
        format!("--clouddriver-database-url=sqlite://{}", self.path.display())
    }

    /// The names in its table.
    ///
    /// # Errors
    /// If the recorded rows are not what they were.
    pub(crate) fn names(&self) -> Result<Vec<String>> {
        ROWS.lines()
            .map(|line| {
                let row: Json = serde_json::from_str(line).context("a recorded row is no JSON")?;
                Ok(row
                    .get("id")
                    .and_then(Json::as_str)
                    .context("a recorded row has no id")?
                    .to_owned())
            })
            .collect()
    }
}
