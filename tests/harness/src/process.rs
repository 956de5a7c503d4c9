//! A bridge as a process of its own, to be killed.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use tests_databases::TestDatabase;

use crate::api::Api;

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
        })
        .await
    }

    /// Starts it and waits until it says that it is ready.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with(options: ProcessOptions<'_>) -> Result<Self> {
        let folder = options.folder;
        let log =
            std::fs::File::options().create(true).append(true).open(folder.join("serve.log"))?;
        let mut child = Command::new(swingbridge()?)
            .args(["serve", "--server-listen", "127.0.0.1:0", "--agents-listen", options.agents])
            .args(options.flags)
            // Not on the command line, where every user of the machine sees it: it may hold a password.
            .env("SWINGBRIDGE_DATABASE_URL", &options.database_url)
            .env("SWINGBRIDGE_SECRETS_KEY", &options.secrets_key)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("its standard output was asked for")?;
        let line = BufReader::new(stdout).lines().next_line().await?;
        let Some(line) = line else {
            let log = std::fs::read_to_string(folder.join("serve.log")).unwrap_or_default();
            bail!("swingbridge serve ended before it was ready:\n{log}");
        };
        let ready: Value = serde_json::from_str(&line)?;
        let address = |key: &str| ready[key].as_str().map(str::to_owned).context("no address");
        Ok(Self { api: Api::new(address("http")?), agents: address("agents")?, child })
    }

    /// Kills it as `kill -9` does, and waits until it is gone.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub async fn kill(mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }
}
