//! A database server of a test's own, to be killed, stopped and started again.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::process::Signal;
use tests_servers::{Guarded, Owner};
use tokio::sync::OnceCell;

use crate::{Disk, Kind, TestDatabase, admin, mariadb, postgres};

/// How long a server may take to answer.
const READY: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(20);
/// How often another port is tried, when somebody else took it meanwhile.
const PORTS: usize = 5;

/// A private server. Its data go when it is dropped, and with this process in any case.
#[derive(Debug)]
pub struct DatabaseServer {
    kind: Kind,
    folder: PathBuf,
    owner: Option<Owner>,
    password: String,
    port: u16,
    /// What its process is started with.
    variables: Vec<(&'static str, String)>,
    process: Option<Guarded>,
}

impl DatabaseServer {
    /// Makes a server and starts it.
    ///
    /// # Errors
    /// Why it does not start: what to install, or its log.
    pub async fn start(kind: Kind) -> Result<Self> {
        let made = tokio::task::spawn_blocking(move || Self::make(kind)).await??;
        made.started().await
    }

    /// Makes a server that stands on a disk of its own, and starts it.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_on(kind: Kind, disk: &Disk) -> Result<Self> {
        let mut made = tokio::task::spawn_blocking(move || Self::make(kind)).await??;
        made.variables = disk.variables().into();
        made.started().await
    }

    /// The server that all tests of this process share.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn shared(kind: Kind) -> Result<&'static Self> {
        static MARIADB: OnceCell<DatabaseServer> = OnceCell::const_new();
        static POSTGRES: OnceCell<DatabaseServer> = OnceCell::const_new();
        let cell = match kind {
            Kind::MariaDb => &MARIADB,
            Kind::Postgres => &POSTGRES,
            Kind::Sqlite => bail!("SQLite is no server"),
        };
        cell.get_or_try_init(|| Self::start(kind)).await
    }

    fn make(kind: Kind) -> Result<Self> {
        let user = match kind {
            Kind::MariaDb => mariadb::USER,
            Kind::Postgres => postgres::USER,
            Kind::Sqlite => bail!("SQLite is no server"),
        };
        let owner = Owner::for_server(user)?;
        let folder = folder(owner)?;
        let password = format!("{:032x}", rand::random::<u128>());
        let made = match kind {
            Kind::Postgres => postgres::make(&folder, owner, &password),
            Kind::MariaDb | Kind::Sqlite => mariadb::make(&folder, owner, &password),
        };
        if made.is_err() {
            // Nobody guards it yet.
            std::fs::remove_dir_all(&folder)?;
        }
        made?;
        Ok(Self { kind, folder, owner, password, port: 0, variables: Vec::new(), process: None })
    }

    async fn started(mut self) -> Result<Self> {
        for _ in 0..PORTS {
            self.port = free_port()?;
            self.run()?;
            match self.ready().await {
                Ok(()) => return Ok(self),
                Err(error) if self.log().contains("ddress already in use") => {
                    self.stop()?;
                    drop(error);
                }
                Err(error) => return Err(error),
            }
        }
        bail!("no port stayed free until the server took it")
    }

    /// Kind, for whoever was given the server.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The URL of one of its databases, for the user that may do everything.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        let scheme = match self.kind {
            Kind::Postgres => "postgres",
            Kind::MariaDb | Kind::Sqlite => "mysql",
        };
        format!("{scheme}://swingbridge:{}@{}/{database}", self.password, self.address())
    }

    /// The URL of the database that is always there.
    pub(crate) fn admin_url(&self) -> String {
        self.url(match self.kind {
            Kind::Postgres => "postgres",
            Kind::MariaDb | Kind::Sqlite => "mysql",
        })
    }

    /// A fresh database on it.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn database(&self) -> Result<TestDatabase> {
        TestDatabase::on(self).await
    }

    /// What the server logged.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.join("server.log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Whether it has not ended by itself.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process.as_ref().is_some_and(Guarded::runs)
    }

    /// Kills it with everything below it, as a power cut would. Its data stay; [`Self::restart`] starts it again.
    ///
    /// # Errors
    /// When it cannot be killed.
    pub fn kill(&mut self) -> Result<()> {
        ensure!(self.process.is_some(), "it does not run");
        self.stop()
    }

    fn stop(&mut self) -> Result<()> {
        self.process.take().map_or(Ok(()), Guarded::kill)
    }

    /// Stops every process of it where it is: connections stay open, and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn pause(&self) -> Result<()> {
        self.process.as_ref().context("it does not run")?.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn resume(&self) -> Result<()> {
        self.process.as_ref().context("it does not run")?.signal(Signal::CONT)
    }

    /// Starts it again on the same data and port, and waits until it answers. Kills it first if it runs.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        self.stop()?;
        self.run()?;
        self.ready().await
    }

    fn run(&mut self) -> Result<()> {
        let (mut command, end): (Command, _) = match self.kind {
            Kind::Postgres => (postgres::command(&self.folder, self.port)?, postgres::END),
            Kind::MariaDb | Kind::Sqlite => {
                (mariadb::command(&self.folder, self.port)?, mariadb::END)
            }
        };
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        self.process = Some(Guarded::start(&self.folder, self.owner, end, &command)?);
        Ok(())
    }

    /// Waits until it answers.
    async fn ready(&self) -> Result<()> {
        let begun = Instant::now();
        let url = self.admin_url();
        loop {
            let Err(error) = admin::run(self.kind, &url, "SELECT 1").await else { return Ok(()) };
            if !self.runs() || begun.elapsed() > READY {
                let log = self.log();
                let end: Vec<&str> = log.lines().rev().take(20).collect();
                let end: Vec<&str> = end.into_iter().rev().collect();
                bail!(
                    "the server does not answer ({error:#}); its log ends with:\n{}",
                    end.join("\n")
                );
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        match &mut self.process {
            Some(process) => process.end(),
            // Its guard went with the server that was killed.
            None => drop(std::fs::remove_dir_all(&self.folder)),
        }
    }
}

/// A new folder for a server. Its guard removes it.
fn folder(owner: Option<Owner>) -> Result<PathBuf> {
    let folder = tempfile::Builder::new().prefix("swingbridge-database-").tempdir()?.keep();
    if let Some(owner) = owner {
        owner.own(&folder)?;
    }
    Ok(folder)
}

/// A port that nobody listens on at this moment.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}
