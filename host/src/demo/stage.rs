//! The stage: a folder, a bridge, and two agents in two zones.

use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value as Json;
use tempfile::TempDir;

use super::children::Child;
use super::narrate;
use crate::cli::client::Client;
use crate::cli::output::write;

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

/// What a play needs its processes to be told.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    /// The bridge.
    pub(crate) bridge: Vec<String>,
    /// Each agent.
    pub(crate) agent: Vec<String>,
}

/// Everything that is running.
#[derive(Debug)]
pub(crate) struct Stage {
    folder: TempDir,
    bridge: Child,
    agents: Vec<(AgentRole, Child)>,
    agent_flags: Vec<String>,
    /// Asks the bridge.
    pub(crate) client: Client,
}

impl Stage {
    /// A folder for all of it.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(crate) fn new_folder() -> Result<TempDir> {
        let builder = &mut tempfile::Builder::new();
        builder.prefix("swingbridge-demo-").tempdir().context("no folder for the demo")
    }

    /// Starts the processes in the folder.
    ///
    /// # Errors
    /// What could not be started, with the end of its log.
    pub(crate) async fn set(folder: TempDir, flags: Flags) -> Result<Self> {
        let arguments = bridge_arguments(folder.path(), flags.bridge);
        let bridge = Child::start("bridge", folder.path(), &arguments)
            .await
            .map_err(|error| with_logs(folder.path(), error))?;
        write(&narrate::bridge(&bridge.ready))?;
        let client = Client::at(&address(&bridge.ready, "http")?, "demo")?;
        let agent_flags = flags.agent;
        let mut stage = Self { folder, bridge, agents: Vec::new(), agent_flags, client };
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
        let arguments = ["agent", "--bridge", &bridge, "--id", role.id, "--zone", role.zone];
        let arguments = arguments.map(str::to_owned).into_iter();
        let arguments: Vec<String> = arguments.chain(self.agent_flags.iter().cloned()).collect();
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
fn bridge_arguments(folder: &Path, flags: Vec<String>) -> Vec<String> {
    let database = format!("--database-url=sqlite://{}", folder.join("bridge.db").display());
    let arguments = [
        "serve",
        "--server-listen=127.0.0.1:0",
        "--agents-listen=127.0.0.1:0",
        "--agents-grace=3s",
        "--retry-first=2s",
        &database,
    ];
    arguments.map(str::to_owned).into_iter().chain(flags).collect()
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
