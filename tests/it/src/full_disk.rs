//! A database on a full disk: who asks is told so, what is there is read, and nothing is lost when there is room again.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use host::SystemClock;
use reqwest::Method;
use serde_json::{Value, json};
use tests_harness::{
    Answer, Api, BridgeProcess, DatabaseServer, Disk, Kind, ProcessOptions, TestAgent, TestDatabase,
};

/// Accounts of a batch.
const BATCH: usize = 200;
/// So many batches do not fit into what a database has in reserve.
const BATCHES_MAX: usize = 40;
/// So often something is asked again, with a pause of [`PAUSE`].
const PATIENCE: usize = 600;
const PAUSE: Duration = Duration::from_millis(50);

#[cfg(target_os = "linux")]
on_every_database!(nothing_is_lost_on_a_full_disk_and_the_bridge_goes_on_when_there_is_room);

/// The names of a batch.
fn names(batch: usize) -> Vec<String> {
    (0..BATCH).map(|number| format!("batch-{batch}-account-{number}")).collect()
}

/// A batch of accounts with some kilobytes each.
fn accounts(batch: usize) -> Value {
    let namespaces: Vec<String> =
        (0..120).map(|n| format!("a-namespace-with-a-name-{n}")).collect();
    let account = |name: String| json!({"name": name, "zoneId": "eu", "kubeconfigFile": "/kc", "namespaces": namespaces});
    Value::Array(names(batch).into_iter().map(account).collect())
}

fn active(batch: usize) -> Value {
    names(batch).into_iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect()
}

async fn create(api: &Api, batch: usize) -> Result<Answer> {
    let key = format!("create-{batch}");
    let headers = [("idempotency-key", key.as_str()), ("prefer", "respond-async")];
    let path = "/armory/accounts/dynamic";
    api.with_headers(Method::POST, path, &headers, &accounts(batch)).await
}

async fn activate(api: &Api, batch: usize) -> Result<Answer> {
    api.preferring(Method::PATCH, "/armory/accounts", Some(&active(batch))).await
}

/// Whether every item of a request was taken: an item of the time without room says `busy`, with the reason.
fn taken(answer: &Answer) -> bool {
    let items = answer.body["items"].as_array().map_or(&[][..], Vec::as_slice);
    let taken = |item: &Value| matches!(item["outcome"].as_str(), Some("done" | "pending"));
    answer.status == 202 && !items.is_empty() && items.iter().all(taken)
}

fn says_why(answer: &Answer) -> bool {
    answer.body.to_string().contains("disk is full")
}

/// Everything that runs.
struct Stage {
    disk: Disk,
    bridge: BridgeProcess,
    agent: TestAgent,
    database: TestDatabase,
    server: Option<DatabaseServer>,
}

impl Stage {
    async fn build(kind: Kind) -> Result<Self> {
        let disk = Disk::new()?;
        let server = match kind {
            Kind::Sqlite => None,
            Kind::MariaDb | Kind::Postgres => Some(DatabaseServer::start_on(kind, &disk).await?),
        };
        let database = match &server {
            None => TestDatabase::new(kind).await?,
            Some(server) => server.database().await?,
        };
        // SQLite is written by the bridge itself.
        let variables = if server.is_none() { disk.variables().into() } else { Vec::new() };
        let options = ProcessOptions { variables, ..ProcessOptions::on(&database) };
        let bridge = BridgeProcess::start_with(options).await?;
        let clock = Arc::new(SystemClock);
        let agent = TestAgent::start(&bridge.agents, "agent-a", "eu", "{}", clock).await?;
        Ok(Self { disk, bridge, agent, database, server })
    }

    /// What bridge and server said last.
    fn last_words(&self) -> String {
        let bridge = std::fs::read_to_string(self.database.folder().join("serve.log"));
        let server = self.server.as_ref().map(DatabaseServer::log);
        let end = |log: String| {
            let lines: Vec<&str> = log.lines().rev().take(20).collect();
            lines.into_iter().rev().collect::<Vec<&str>>().join("\n")
        };
        let (bridge, server) = (end(bridge.unwrap_or_default()), end(server.unwrap_or_default()));
        format!("the log of the bridge ends with\n{bridge}\nand of the server with\n{server}")
    }

    /// Creates batches until one is refused or taken in part. Answers how many were tried.
    async fn until_it_is_full(&self) -> Result<usize> {
        for batch in 1..BATCHES_MAX {
            let answer = create(&self.bridge.api, batch).await?;
            if !taken(&answer) {
                match &self.server {
                    // It may have ended itself already, by something that the bridge wrote beside the batch.
                    Some(server) if server.kind() == Kind::MariaDb && !says_why(&answer) => {
                        ended(server).await?;
                        return Ok(batch + 1);
                    }
                    _ => {}
                }
                ensure!(says_why(&answer), "the answer does not say why: {answer:?}");
                ensure!(answer.status == 503 || answer.status == 202, "{answer:?}");
                return Ok(batch + 1);
            }
        }
        bail!("{BATCHES_MAX} batches fit on a full disk")
    }

    /// Waits until all accounts of these batches, and no others, are there and ACTIVE.
    async fn all_active(&self, batches: usize) -> Result<()> {
        let mut last = Vec::new();
        for _ in 0..PATIENCE {
            last = self.bridge.api.states().await?;
            if last.len() == batches * BATCH && last.iter().all(|(_, state)| state == "ACTIVE") {
                return Ok(());
            }
            tokio::time::sleep(PAUSE).await;
        }
        last.retain(|(_, state)| state != "ACTIVE");
        last.truncate(5);
        bail!("{batches} batches should be ACTIVE, and these are not: {last:?}")
    }
}

/// Asks for what is missing of a batch until it is there: what was made while the disk filled up stays as it is.
async fn make_the_rest(api: &Api, batch: usize) -> Result<()> {
    let mut last = None;
    for _ in 0..PATIENCE {
        let there: BTreeSet<String> =
            api.states().await?.into_iter().map(|(name, _)| name).collect();
        if names(batch).iter().all(|name| there.contains(name)) {
            return Ok(());
        }
        let answer = api.post("/armory/accounts/dynamic", accounts(batch)).await?;
        // A 409 says that some of them are there already.
        ensure!([202, 409, 503].contains(&answer.status), "{answer:?}");
        last = Some(answer);
        tokio::time::sleep(PAUSE).await;
    }
    bail!("never there; the last word: {last:?}")
}

/// Waits until a server has written down why it ends, and has ended.
async fn ended(server: &DatabaseServer) -> Result<()> {
    for _ in 0..PATIENCE {
        if !server.runs() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    bail!("it does not answer, and has not ended")
}

async fn activate_all(api: &Api, batch: usize) -> Result<()> {
    let mut last = None;
    for _ in 0..PATIENCE {
        let answer = activate(api, batch).await?;
        if taken(&answer) {
            return Ok(());
        }
        last = Some(answer);
        tokio::time::sleep(PAUSE).await;
    }
    bail!("never taken; the last word: {last:?}")
}

async fn nothing_is_lost_on_a_full_disk_and_the_bridge_goes_on_when_there_is_room(
    kind: Kind,
) -> Result<()> {
    let mut stage = Stage::build(kind).await?;
    let told = told(&mut stage).await;
    told.with_context(|| stage.last_words())?;
    stage.agent.stop().await;
    stage.bridge.kill().await
}

async fn told(stage: &mut Stage) -> Result<()> {
    let api = &stage.bridge.api.clone();
    ensure!(taken(&create(api, 0).await?), "there was room");
    stage.disk.fill()?;
    let batches = stage.until_it_is_full().await.context("while it is full")?;
    match (api.states().await, &stage.server) {
        // MariaDB ends itself when there is no room for a rollback (10.11: "Out of disk space in rollback").
        (Err(_), Some(server)) if server.kind() == Kind::MariaDb => ended(server).await?,
        // What is there is still read, and the agent is not thrown out.
        (read, _) => {
            let before = read.context("reading")?;
            ensure!(before.len() >= BATCH, "{} accounts are left", before.len());
            let agents = api.get("/armory/agents").await?.expect(200)?;
            ensure!(agents.body[0]["presence"] == "connected", "{}", agents.body);
        }
    }
    // Whatever comes of this one, taken or refused.
    let _any = activate(api, 0).await?;

    stage.disk.make_room()?;
    if let Some(server) = stage.server.as_mut().filter(|server| !server.runs()) {
        // Whoever makes room starts it again.
        server.restart().await?;
    }
    for batch in 0..batches {
        make_the_rest(api, batch).await.with_context(|| format!("batch {batch}"))?;
        activate_all(api, batch).await.with_context(|| format!("batch {batch}"))?;
    }
    stage.all_active(batches).await
}
