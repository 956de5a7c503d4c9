//! What ten thousand held accounts cost an agent: memory, and what goes over the network to their API servers, at the
//! rates that nobody has changed.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow, ensure};
use async_trait::async_trait;
use host::{SystemClock, SystemIds};
use host_agent::ledger::Ledger;
use host_agent::{Account, Clusters as _, Definition, Seen, Surroundings};
use host_core::port::ids::Ids as _;
use host_core::port::time::Clock as _;
use host_kubernetes::{Kubernetes, KubernetesOptions, Rhythm};
use proto::agent::v1::Operation;
use proto::agent::v1::operation::Kind;
use serde_json::json;
use tests_harness::ApiServer;

use crate::measure::Measure;
use crate::stopwatch::{Stopwatch, processor_time};

/// Accounts of the agent.
const ACCOUNTS: usize = 10_000;

/// API servers that they are spread over.
const SERVERS: usize = 4;

/// Namespaces of each.
const NAMESPACES: usize = 50;

/// Memory, requests, bytes and processor time. The servers are in this process: their processor time is measured with the
/// agent's, and so is the memory of their ends of the connections.
pub(crate) async fn held() -> Result<Vec<Measure>> {
    let mut servers = Vec::new();
    for _ in 0..SERVERS {
        let server = ApiServer::start().await;
        server.set_namespaces((0..NAMESPACES).map(|n| format!("namespace-{n:03}")));
        servers.push(server);
    }
    let definitions: Vec<String> = servers
        .iter()
        .map(|server| {
            json!({ "kubeconfigContents": server.kubeconfig("", "token: good") }).to_string()
        })
        .collect();
    let clusters = Kubernetes::start(KubernetesOptions::default(), Arc::new(Machine::default()));
    let account = |n: usize| Account {
        name: format!("account-{n:05}"),
        definition: Definition::new(definitions[n % SERVERS].as_bytes()),
    };
    let mut seen = Vec::new();
    for n in 0..SERVERS {
        seen.push(clusters.look(&account(n)).await.map_err(|refusal| anyhow!(refusal.text))?);
    }
    let before = resident()?;
    let mut ledger = Ledger::default();
    for n in 0..ACCOUNTS {
        let (account, seen) = (account(n), &seen[n % SERVERS]);
        remember(&mut ledger, &account, seen);
        clusters.hold(&account, seen);
    }
    let health = Duration::from_millis(Rhythm::default().health_ms);
    // Everybody is looked at once, and the watches stand.
    tokio::time::sleep(health * 2).await;
    let count = || {
        let asked: usize = servers.iter().map(|server| server.asked().len()).sum();
        (asked, servers.iter().map(ApiServer::bytes).sum::<u64>())
    };
    servers.iter().for_each(ApiServer::forget);
    let (asked_before, bytes_before) = count();
    let (watch, used) = (Stopwatch::start(), processor_time());
    tokio::time::sleep(Duration::from_secs(60)).await;
    let (minutes, used) = (watch.elapsed().as_secs_f64() / 60.0, processor_time() - used);
    let (asked, bytes) = count();
    // What the servers remember of requests is theirs.
    servers.iter().for_each(ApiServer::forget);
    let memory = resident()?.saturating_sub(before);
    ensure!(ledger.held() == ACCOUNTS as u64, "the agent holds all of them");
    #[expect(clippy::cast_precision_loss, reason = "figures for people")]
    let (memory, asked, bytes) =
        (memory as f64, (asked - asked_before) as f64, (bytes - bytes_before) as f64);
    let told = |name, unit, value| Measure::single(name, unit, None, value, 1);
    const MIB: f64 = 1_048_576.0;
    Ok(vec![
        told("agent.rss", "MiB for 10,000 held", memory / MIB),
        told("agent.requests", "per minute", asked / minutes),
        told("agent.traffic", "MiB per minute", bytes / MIB / minutes),
        told(
            "agent.processor",
            "cores, the servers' included",
            used.as_secs_f64() / (minutes * 60.0),
        ),
    ])
}

/// What the agent remembers of an account that it was given, beside what is watched.
fn remember(ledger: &mut Ledger, account: &Account, seen: &Seen) {
    let operation = Operation {
        id: account.name.clone(),
        kind: Kind::AddAccounts.into(),
        account: account.name.clone(),
        generation: 1,
        definition_revision: 1,
        ..Operation::default()
    };
    let id = operation.id.clone();
    ledger.admit(operation);
    ledger.finish(&account.name, &id, &Ok(seen.clone()), 1);
    ledger.next_results(1);
    ledger.acknowledged(&[id]);
    let said = ledger.next_observations(1);
    let number = ledger.say(&said);
    ledger.heard(&[number]);
}

/// The memory of this process that is in use, in bytes.
fn resident() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|line| line.trim().split(' ').next()).context("no VmRSS")?;
    Ok(kib.parse::<u64>()? * 1_024)
}

/// This machine, as an agent knows it.
#[derive(Debug, Default)]
struct Machine {
    clock: SystemClock,
    ids: SystemIds,
}

#[async_trait]
impl Surroundings for Machine {
    fn now(&self) -> u64 {
        self.clock.now()
    }

    async fn sleep_until(&self, at: u64) {
        self.clock.sleep_until(at).await;
    }

    fn chance(&self) -> f64 {
        self.ids.chance()
    }
}
