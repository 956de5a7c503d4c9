//! `swingbridge` as a process that a test kills, stops where it is, and lets go on.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child as TokioChild, Command};

use crate::process::swingbridge;

/// A process of the binary. Killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Child {
    child: TokioChild,
    /// What it said when it was ready.
    pub(crate) ready: Value,
}

impl Child {
    /// Starts it with arguments and variables, and waits until it says that it is ready. Its log goes to a file.
    pub(crate) async fn start(
        folder: &Path,
        log: &str,
        arguments: &[String],
        variables: &[(&str, String)],
    ) -> Result<Self> {
        let path = folder.join(log);
        let file = std::fs::File::options().create(true).append(true).open(&path)?;
        let mut child = Command::new(swingbridge()?)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .kill_on_drop(true)
            .spawn()?;
        let stdout = child.stdout.take().context("its standard output was asked for")?;
        let Some(line) = BufReader::new(stdout).lines().next_line().await? else {
            let log = std::fs::read_to_string(path).unwrap_or_default();
            bail!("swingbridge ended before it was ready:\n{log}");
        };
        Ok(Self { child, ready: serde_json::from_str(&line)? })
    }

    /// What it said of itself.
    pub(crate) fn said(&self, key: &str) -> Result<String> {
        self.ready[key].as_str().map(str::to_owned).with_context(|| format!("it did not say {key}"))
    }

    /// As `kill -9`, and waits until it is gone.
    pub(crate) async fn kill(&mut self) -> Result<()> {
        Ok(self.child.kill().await?)
    }

    /// Stops it where it is: its connections stay open, and it says nothing.
    pub(crate) fn pause(&self) -> Result<()> {
        self.signal(Signal::STOP)
    }

    /// Lets it go on.
    pub(crate) fn resume(&self) -> Result<()> {
        self.signal(Signal::CONT)
    }

    fn signal(&self, signal: Signal) -> Result<()> {
        let id = self.child.id().context("it has ended")?;
        let pid = Pid::from_raw(i32::try_from(id)?).context("no process has the id 0")?;
        Ok(kill_process(pid, signal)?)
    }
}
