//! The etcd that all clusters of this process share.

use std::net::SocketAddr;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tests_servers::{Guarded, Port, Scratch};
use tokio::sync::OnceCell;

use crate::programs;

/// How long it may take to answer.
const READY: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// One etcd, without authentication, on loopback. It ends with this process.
#[derive(Debug)]
pub(crate) struct Etcd {
    clients: Port,
    _peers: Port,
    server: Guarded,
    scratch: Scratch,
}

impl Etcd {
    /// The one of this process.
    pub(crate) async fn shared() -> Result<&'static Self> {
        static SHARED: OnceCell<Etcd> = OnceCell::const_new();
        SHARED.get_or_try_init(Self::start).await
    }

    /// Where clients dial.
    pub(crate) fn url(&self) -> String {
        url(self.clients.address())
    }

    async fn start() -> Result<Self> {
        let program = &programs::found().await?.etcd;
        let scratch = Scratch::new("swingbridge-etcd-")?;
        let (clients, peers) = (Port::take()?, Port::take()?);
        let folder = scratch.folder("etcd")?;
        let (at, from) = (url(clients.address()), url(peers.address()));
        let mut command = Command::new(program);
        command
            .args(["--name", "etcd", "--data-dir"])
            .arg(folder.join("data"))
            // What is kept is thrown away: nothing has to reach the disk.
            .args(["--unsafe-no-fsync", "--log-level", "warn"])
            .args(["--listen-client-urls", &at, "--advertise-client-urls", &at])
            .args(["--listen-peer-urls", &from, "--initial-advertise-peer-urls", &from])
            .args(["--initial-cluster", &format!("etcd={from}")]);
        let server = Guarded::start(&folder, None, "KILL", &command)?;
        let made = Self { clients, _peers: peers, server, scratch };
        made.ready().await?;
        Ok(made)
    }

    /// Waits until it answers.
    async fn ready(&self) -> Result<()> {
        let client = reqwest::Client::builder().no_proxy().timeout(READY).build()?;
        let health = format!("{}/health", self.url());
        let begun = Instant::now();
        loop {
            let answer = client.get(&health).send().await;
            if answer.is_ok_and(|answer| answer.status().is_success()) {
                return Ok(());
            }
            if !self.server.runs() || begun.elapsed() > READY {
                let log = std::fs::read(self.scratch.path().join("etcd/server.log"));
                bail!("etcd does not answer; its log:\n{}", String::from_utf8_lossy(&log?));
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn url(address: SocketAddr) -> String {
    format!("http://{address}")
}
