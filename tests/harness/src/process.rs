//! A bridge and agents as processes of their own, to be killed.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use tests_databases::TestDatabase;

use crate::api::Api;
use crate::child::Child;

/// The binary that was built with the tests.
///
/// # Errors
/// What to type if it is not there.
pub fn swingbridge() -> Result<PathBuf> {
    let here = std::env::current_exe().context("this process does not know where it lies")?;
    let folder = here.ancestors().find(|folder| folder.join("swingbridge").is_file());
    match folder {
        Some(folder) => Ok(folder.join("swingbridge")),
        None => bail!("the binary swingbridge is not built; type: cargo build --package host"),
    }
}

/// `swingbridge serve`. Killed when it is dropped.
#[derive(Debug)]
pub struct BridgeProcess {
    /// The caller of its API.
    pub api: Api,
    /// Where agents dial.
    pub agents: String,
    child: Child,
}

/// What a bridge's process is started with.
#[derive(Debug, Clone)]
pub struct ProcessOptions<'o> {
    /// Its working folder; its log is `serve.log` in it.
    pub folder: &'o Path,
    /// Its database.
    pub database_url: String,
    /// The key of its secrets; bridges on one database share one.
    pub secrets_key: PathBuf,
    /// Where agents are to dial; port 0 takes a free one.
    pub agents: &'o str,
    /// Added to the command line.
    pub flags: &'o [&'o str],
    /// Variables of its environment.
    pub variables: Vec<(&'static str, String)>,
}

impl<'o> ProcessOptions<'o> {
    /// On a database, in the folder beside it.
    #[must_use]
    pub fn on(database: &'o TestDatabase) -> Self {
        Self {
            folder: database.folder(),
            database_url: database.url().to_owned(),
            secrets_key: database.key_file(),
            agents: "127.0.0.1:0",
            flags: &[],
            variables: Vec::new(),
        }
    }
}

impl BridgeProcess {
    /// Starts it on SQLite in a folder and waits until it says that it is ready. `flags` are added to the command line.
    ///
    /// # Errors
    /// When it ends before that; its log is in `serve.log` in the folder.
    pub async fn start(folder: &Path, agents: &str, flags: &[&str]) -> Result<Self> {
        Self::start_with(ProcessOptions {
            folder,
            database_url: format!("sqlite:{}", folder.join("bridge.db").display()),
            secrets_key: folder.join("secrets.key"),
            agents,
            flags,
            variables: Vec::new(),
        })
        .await
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with(options: ProcessOptions<'_>) -> Result<Self> {
        let mut arguments: Vec<String> =
            ["serve", "--server-listen", "127.0.0.1:0", "--agents-listen", options.agents]
                .map(str::to_owned)
                .to_vec();
        arguments.extend(options.flags.iter().map(|flag| (*flag).to_owned()));
        // Not on the command line, where every user of the machine sees it: it may hold a password.
        let mut variables = options.variables.clone();
        variables.extend([
            ("SWINGBRIDGE_DATABASE_URL", options.database_url.clone()),
            ("SWINGBRIDGE_SECRETS_KEY", options.secrets_key.display().to_string()),
        ]);
        let child = Child::start(options.folder, "serve.log", &arguments, &variables).await?;
        let (http, agents) = (child.said("http")?, child.said("agents")?);
        Ok(Self { api: Api::new(http), agents, child })
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await
    }

    /// Stops it where it is: its connections stay open, and it says nothing.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> Result<()> {
        self.child.pause()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        self.child.resume()
    }
}

/// `swingbridge agent`. Killed when it is dropped.
#[derive(Debug)]
pub struct AgentProcess {
    child: Child,
}

impl AgentProcess {
    /// Starts it with simulated clusters and waits until it says that it is ready. `bridges` are separated by commas.
    ///
    /// # Errors
    /// When it ends before that; its log is in `agent.log` in the folder.
    pub async fn start(folder: &Path, bridges: &str, id: &str, zone: &str) -> Result<Self> {
        let simulation = folder.join("simulation.yml");
        std::fs::write(&simulation, "default: { takes: 5ms }")?;
        let simulation = simulation.display().to_string();
        Self::start_with_clusters(folder, bridges, id, zone, &["--simulate", &simulation]).await
    }

    /// Starts it with real clusters, unless the flags say otherwise, and waits until it says that it is ready.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with_clusters(
        folder: &Path,
        bridges: &str,
        id: &str,
        zone: &str,
        flags: &[&str],
    ) -> Result<Self> {
        let arguments = ["agent", "--bridge", bridges, "--id", id, "--zone", zone];
        let arguments: Vec<String> =
            arguments.iter().chain(flags).map(|argument| (*argument).to_owned()).collect();
        Ok(Self { child: Child::start(folder, "agent.log", &arguments, &[]).await? })
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        self.child.kill().await
    }

    /// Stops it where it is.
    ///
    /// # Errors
    /// When it has ended.
    pub fn pause(&self) -> Result<()> {
        self.child.pause()
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it has ended.
    pub fn resume(&self) -> Result<()> {
        self.child.resume()
    }
}
