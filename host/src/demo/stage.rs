//! The stage: a folder with a copy of a real Clouddriver's account table, a bridge, and two agents in two zones.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use host_store::example::write_clouddriver_accounts;
use serde_json::Value as Json;
use tempfile::TempDir;

use super::children::Child;
use super::narrate;
use crate::cli::client::Client;
use crate::cli::output::write;

/// What a Clouddriver 5.90.0 wrote, a row a line.
const ROWS: &str = include_str!("../../../tests/fixtures/clouddriver/rows-accounts.jsonl");

/// The account that is refused at first.
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

/// An agent: its id and its zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct AgentRole {
    /// Its id.
    pub(crate) id: &'static str,
    /// Its zone.
    pub(crate) zone: &'static str,
}

/// In Europe; it will be killed.
pub(crate) const EU: AgentRole = AgentRole { id: "agent-eu", zone: "eu" };
/// In America.
pub(crate) const US: AgentRole = AgentRole { id: "agent-us", zone: "us" };

/// Everything that is running.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    bridge: Child,
    agents: Vec<(AgentRole, Child)>,
    /// Asks the bridge.
    pub(crate) client: Client,
    /// Rows in Clouddriver's table.
    pub(crate) rows: usize,
    /// Clouddriver's database as it was before anything started.
    pub(crate) untouched: Vec<u8>,
}

impl Stage {
    /// Makes the folder and starts the processes.
    ///
    /// # Errors
    /// What could not be made or started, with the end of its log.
    pub(crate) async fn set() -> Result<Self> {
        write(narrate::OPENING)?;
        let folder = tempfile::Builder::new()
            .prefix("swingbridge-demo-")
            .tempdir()
            .context("no folder for the demo")?;
        let database = folder.path().join("clouddriver.db");
        let rows = write_clouddriver_accounts(&database, ROWS).await?;
        let untouched = std::fs::read(&database).context("the example database cannot be read")?;
        std::fs::write(folder.path().join("clusters.yml"), CLUSTERS)
            .context("the simulation cannot be written")?;

        let bridge = Child::start("bridge", folder.path(), &bridge_arguments(folder.path()))
            .await
            .map_err(|error| with_logs(folder.path(), error))?;
        write(&narrate::bridge(&bridge.ready))?;
        let client = Client::at(&address(&bridge.ready, "http")?, "demo")?;
        let mut stage = Self { folder, bridge, agents: Vec::new(), client, rows, untouched };
        for role in [EU, US] {
            stage.start(role).await.map_err(|error| stage.with_logs(error))?;
            write(&narrate::agent(role))?;
        }
        Ok(stage)
    }

    /// Starts an agent, once more if it was killed.
    ///
    /// # Errors
    /// If it does not become ready.
    pub(crate) async fn start(&mut self, role: AgentRole) -> Result<()> {
        let bridge = address(&self.bridge.ready, "agents")?;
        let arguments = [
            "agent",
            "--bridge",
            &bridge,
            "--id",
            role.id,
            "--zone",
            role.zone,
            "--simulate",
            "clusters.yml",
        ]
        .map(str::to_owned);
        let child = Child::start(role.id, self.folder.path(), &arguments).await?;
        self.agents.push((role, child));
        Ok(())
    }

    /// Kills an agent as a failing machine would.
    ///
    /// # Errors
    /// If it does not run.
    pub(crate) async fn kill(&mut self, role: AgentRole) -> Result<()> {
        let place = self
            .agents
            .iter()
            .position(|(other, _)| *other == role)
            .with_context(|| format!("{} does not run", role.id))?;
        self.agents.remove(place).1.kill().await
    }

    /// The folder that everything lies in.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The names in Clouddriver's table.
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

    /// Clouddriver's database.
    pub(crate) fn clouddriver(&self) -> PathBuf {
        self.folder().join("clouddriver.db")
    }

    /// The addresses of the bridge.
    pub(crate) fn addresses(&self) -> &Json {
        &self.bridge.ready
    }

    /// An error with the end of every log, since that is where one would look next.
    pub(crate) fn with_logs(&self, error: anyhow::Error) -> anyhow::Error {
        with_logs(self.folder(), error)
    }

    /// Ends every process, agents first, and removes the folder.
    ///
    /// # Errors
    /// The first that did not end as it should; all of them are gone afterwards.
    pub(crate) async fn clear(self) -> Result<()> {
        let mut first = Ok(());
        for child in self.agents.into_iter().map(|(_, child)| child).chain([self.bridge]) {
            first = first.and(child.end().await);
        }
        let removed = self.folder.close().context("the demo's folder could not be removed");
        first.and(removed)
    }
}

/// A short grace and a short first retry, since somebody is watching.
fn bridge_arguments(folder: &Path) -> Vec<String> {
    let database = |name: &str| format!("sqlite://{}", folder.join(name).display());
    [
        "serve",
        "--server-listen=127.0.0.1:0",
        "--agents-listen=127.0.0.1:0",
        "--agents-grace=3s",
        "--retry-first=2s",
        &format!("--database-url={}", database("bridge.db")),
        &format!("--clouddriver-database-url={}", database("clouddriver.db")),
    ]
    .map(str::to_owned)
    .to_vec()
}

fn address(ready: &Json, what: &str) -> Result<String> {
    let place = ready
        .get(what)
        .and_then(Json::as_str)
        .context("the bridge does not say where it listens")?;
    Ok(if place.contains("://") { place.to_owned() } else { format!("http://{place}") })
}

fn with_logs(folder: &Path, error: anyhow::Error) -> anyhow::Error {
    const LINES: usize = 15;
    let mut text = String::new();
    for name in ["bridge", EU.id, US.id] {
        if let Ok(log) = std::fs::read_to_string(folder.join(format!("{name}.log"))) {
            let lines: Vec<&str> = log.lines().collect();
            let end = lines.len().saturating_sub(LINES);
            text.push_str(&format!(
                "\n--- the end of the log of {name} ---\n{}",
                lines[end..].join("\n")
            ));
        }
    }
    error.context(format!("the demo is not as it should be{text}\n---"))
}
