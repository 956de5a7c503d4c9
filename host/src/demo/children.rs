//! Processes that the demo starts. Each is ended when its handle goes, also by a panic.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value as Json;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child as Process, Command};
use tokio::time::timeout;

use crate::config::key::Key;

/// How long a process has to say that it is ready, and how long to end by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A process of this same program.
#[derive(Debug)]
pub(crate) struct Child {
    name: String,
    process: Process,
    /// What it said when it was ready.
    pub(crate) ready: Json,
}

impl Child {
    /// Starts this program with these arguments in `folder`, its log in `NAME.log` there, and waits until it is ready.
    ///
    /// # Errors
    /// If it ends, or is not ready in time.
    pub(crate) async fn start(name: &str, folder: &Path, arguments: &[String]) -> Result<Self> {
        let program = std::env::current_exe().context("this program does not know where it is")?;
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(format!("{name}.log")))
            .with_context(|| format!("the log of {name} cannot be made"))?;
        let mut command = Command::new(program);
        for (variable, _) in
            std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with(Key::PREFIX))
        {
            command.env_remove(variable);
        }
        // A group of its own, so that Ctrl-C reaches the demo alone, which then ends its processes in order.
        let mut process = command
            .args(arguments)
            .current_dir(folder)
            .env("HOME", folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        let output = process.stdout.take().context("its standard output is piped")?;
        let mut lines = BufReader::new(output).lines();
        let line = timeout(PATIENCE, lines.next_line())
            .await
            .with_context(|| format!("{name} was not ready within {}s", PATIENCE.as_secs()))?
            .with_context(|| format!("{name} cannot be read"))?;
        let Some(line) = line else {
            bail!("{name} ended before it was ready");
        };
        let ready = serde_json::from_str(&line)
            .with_context(|| format!("{name} said {line:?}, which is no JSON"))?;
        Ok(Self { name: name.to_owned(), process, ready })
    }

    /// Ends it at once, as a machine that fails would.
    ///
    /// # Errors
    /// If it cannot be ended.
    pub(crate) async fn kill(mut self) -> Result<()> {
        self.process.kill().await.with_context(|| format!("{} could not be killed", self.name))
    }

    /// Asks it to end, and holds it to it.
    ///
    /// # Errors
    /// If it does not end in time, or not with success; it is gone afterwards in any case.
    pub(crate) async fn end(mut self) -> Result<()> {
        let pid = self.process.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
        if let Some(pid) = pid {
            kill_process(pid, Signal::TERM)
                .with_context(|| format!("{} is gone already", self.name))?;
        }
        match timeout(PATIENCE, self.process.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => {
                bail!("{} was asked to end and ended with {status}, not with success", self.name)
            }
            Ok(Err(error)) => {
                Err(error).with_context(|| format!("{} cannot be waited for", self.name))
            }
            Err(_) => {
                self.process
                    .kill()
                    .await
                    .with_context(|| format!("{} could not be killed", self.name))?;
                bail!("{} did not end within {}s of SIGTERM", self.name, PATIENCE.as_secs())
            }
        }
    }
}
