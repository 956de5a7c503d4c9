//! What the end-to-end measures begin with: a bridge, one agent at no delay, and accounts that nobody has activated yet.

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_harness::{Api, Kind, TestAgent, TestBridge, TestBridgeOptions, TestDatabase};

/// The one agent.
pub(crate) const AGENT: &str = "agent-a";
/// Accounts of one request that fills a table.
const TOGETHER: usize = 10_000;

/// A bridge in this process with an agent in its zone, reached over real HTTP and gRPC.
#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) bridge: TestBridge,
    agent: TestAgent,
}

impl Scene {
    /// On a database of its own.
    pub(crate) async fn start(options: TestBridgeOptions) -> Result<Self> {
        let database = Arc::new(TestDatabase::new(options.database).await?);
        Self::on(database, options).await
    }

    /// On a database that is looked at later.
    pub(crate) async fn on(
        database: Arc<TestDatabase>,
        options: TestBridgeOptions,
    ) -> Result<Self> {
        let bridge = TestBridge::start_on(database, options).await?;
        let (script, clock) = ("default: { takes: 0ms }", Arc::clone(&bridge.clock) as Arc<_>);
        let agent = TestAgent::start(&bridge.agents(), AGENT, "eu", script, clock).await?;
        Ok(Self { bridge, agent })
    }

    /// See [`create`].
    pub(crate) async fn create(&self, names: &[String]) -> Result<()> {
        create(&self.bridge.api, names).await
    }

    /// See [`bring`].
    pub(crate) async fn bring(&self, names: &[String], state: &str) -> Result<()> {
        bring(&self.bridge.api, names, state).await
    }

    /// Ends the bridge and then its agent, so that the tables stay as they were.
    pub(crate) async fn stop(mut self) {
        self.bridge.stop().await;
        self.agent.stop().await;
    }
}

/// Makes accounts, which are `INACTIVE` then.
pub(crate) async fn create(at: &Api, names: &[String]) -> Result<()> {
    let create =
        |name: &String| json!({"name": name, "zoneId": "eu", "kubeconfigFile": "/etc/kubeconfig"});
    for part in names.chunks(TOGETHER) {
        let items = part.iter().map(create).collect();
        at.post("/armory/accounts/dynamic", Value::Array(items)).await?.expect(202)?;
    }
    Ok(())
}

/// Asks for a state, and returns when every account is in it.
pub(crate) async fn bring(at: &Api, names: &[String], state: &str) -> Result<()> {
    let items = names.iter().map(|name| json!({"name": name, "state": state})).collect();
    let answer = at.patch("/armory/accounts?wait=600s", Value::Array(items)).await?;
    let items = answer.body["items"].as_array().map_or(&[][..], Vec::as_slice);
    let done = items.iter().filter(|item| item["outcome"] == "done").count();
    let odd = items.iter().find(|item| item["outcome"] != "done");
    ensure!(
        answer.status == 200 && done == names.len(),
        "{done} of {} became {state}: {odd:?}",
        names.len()
    );
    Ok(())
}

/// Names in their order.
pub(crate) fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("prod-eu-{n:06}")).collect()
}

/// A bridge of this kind, and everything else as usual.
pub(crate) fn on_a(database: Kind) -> TestBridgeOptions {
    TestBridgeOptions { database, ..TestBridgeOptions::default() }
}
