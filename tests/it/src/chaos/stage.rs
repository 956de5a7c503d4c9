//! The processes: a database server of its own, three replicas, six agents, and what can be done to each.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use tests_harness::{
    AgentProcess, Api, BridgeProcess, DatabaseServer, Kind, ProcessOptions, TestDatabase,
};

/// How many replicas there are.
pub(super) const REPLICAS: usize = 3;
/// How many agents, two in each of three zones.
const AGENTS: usize = 6;

/// Short times, so that everything that can happen by time happens within the run.
const FLAGS: &[&str] = &[
    "--agents-grace=4s",
    "--agents-timeout=5s",
    "--activation-wait=3s",
    "--activation-deadline=4s",
    "--deactivation-deadline=4s",
    "--deletion-deadline=4s",
    "--retry-first=1s",
    "--retry-cap=2s",
    "--retry-max=100",
    "--lease-ttl=4s",
];

/// Where the replicas are; a dead one answers nobody.
pub(super) type Apis = Arc<Mutex<Vec<Api>>>;

/// The zone of an agent or account, by its number.
pub(super) fn zone(number: usize) -> String {
    format!("zone-{}", number % 3)
}

/// Everything that runs.
pub(super) struct Stage {
    pub(super) server: DatabaseServer,
    pub(super) database: TestDatabase,
    replicas: Vec<Option<BridgeProcess>>,
    listens: Vec<String>,
    pub(super) agents: Vec<Option<AgentProcess>>,
    apis: Apis,
    folders: TempDir,
}

impl Stage {
    pub(super) async fn build(kind: Kind) -> Result<Self> {
        let server = DatabaseServer::start(kind).await?;
        let database = server.database().await?;
        let folders = tempfile::tempdir()?;
        let mut stage = Self {
            server,
            database,
            replicas: Vec::new(),
            listens: vec!["127.0.0.1:0".to_owned(); REPLICAS],
            agents: Vec::new(),
            apis: Arc::default(),
            folders,
        };
        for number in 0..REPLICAS {
            let replica = stage.replica(number).await?;
            stage.listens[number] = replica.agents.trim_start_matches("http://").to_owned();
            let mut apis = stage.apis.lock().unwrap_or_else(PoisonError::into_inner);
            apis.push(replica.api.clone());
            drop(apis);
            stage.replicas.push(Some(replica));
        }
        for number in 0..AGENTS {
            let agent = stage.agent(number).await?;
            stage.agents.push(Some(agent));
        }
        Ok(stage)
    }

    pub(super) fn apis(&self) -> Apis {
        Arc::clone(&self.apis)
    }

    /// A replica that lives.
    pub(super) fn api(&self) -> Api {
        self.apis.lock().unwrap_or_else(PoisonError::into_inner)[0].clone()
    }

    fn folder(&self, name: &str) -> Result<PathBuf> {
        let folder = self.folders.path().join(name);
        std::fs::create_dir_all(&folder)?;
        Ok(folder)
    }

    async fn replica(&self, number: usize) -> Result<BridgeProcess> {
        let folder = self.folder(&format!("replica-{number}"))?;
        let options = ProcessOptions {
            folder: &folder,
            agents: &self.listens[number],
            flags: FLAGS,
            ..ProcessOptions::on(&self.database)
        };
        BridgeProcess::start_with(options).await
    }

    async fn agent(&self, number: usize) -> Result<AgentProcess> {
        let folder = self.folder(&format!("agent-{number}"))?;
        // Each begins with another replica.
        let mut bridges: Vec<String> =
            self.listens.iter().map(|listen| format!("http://{listen}")).collect();
        bridges.rotate_left(number % REPLICAS);
        let id = format!("agent-{number}");
        AgentProcess::start(&folder, &bridges.join(","), &id, &zone(number)).await
    }

    pub(super) async fn kill_replica(&mut self, number: usize, away: Duration) -> Result<()> {
        if let Some(replica) = self.replicas[number].take() {
            replica.kill().await?;
        }
        tokio::time::sleep(away).await;
        self.revive_replica(number).await
    }

    async fn revive_replica(&mut self, number: usize) -> Result<()> {
        let replica = self.replica(number).await.context("a replica does not come back")?;
        let mut apis = self.apis.lock().unwrap_or_else(PoisonError::into_inner);
        apis[number] = replica.api.clone();
        drop(apis);
        self.replicas[number] = Some(replica);
        Ok(())
    }

    pub(super) async fn pause_replica(&mut self, number: usize, away: Duration) -> Result<()> {
        let Some(replica) = &self.replicas[number] else { return Ok(()) };
        replica.pause()?;
        // Sometimes for longer than the lease lasts.
        tokio::time::sleep(away * 3).await;
        replica.resume()
    }

    pub(super) async fn kill_agent(&mut self, number: usize, away: Duration) -> Result<()> {
        if let Some(agent) = self.agents[number].take() {
            agent.kill().await?;
        }
        tokio::time::sleep(away).await;
        self.agents[number] = Some(self.agent(number).await?);
        Ok(())
    }

    pub(super) async fn pause_agent(&mut self, number: usize, away: Duration) -> Result<()> {
        let Some(agent) = &self.agents[number] else { return Ok(()) };
        agent.pause()?;
        tokio::time::sleep(away * 3).await;
        agent.resume()
    }

    pub(super) async fn pause_database(&mut self, away: Duration) -> Result<()> {
        self.server.pause()?;
        tokio::time::sleep(away).await;
        self.server.resume()
    }

    pub(super) async fn kill_database(&mut self, away: Duration) -> Result<()> {
        self.server.kill()?;
        tokio::time::sleep(away).await;
        self.server.restart().await
    }

    /// Everything runs.
    pub(super) async fn all_well(&mut self) -> Result<()> {
        for number in 0..REPLICAS {
            if self.replicas[number].is_none() {
                self.revive_replica(number).await?;
            }
        }
        Ok(())
    }

    /// Ends every process.
    pub(super) async fn end(self) -> Result<()> {
        for agent in self.agents.into_iter().flatten() {
            agent.kill().await?;
        }
        for replica in self.replicas.into_iter().flatten() {
            replica.kill().await?;
        }
        Ok(())
    }
}
