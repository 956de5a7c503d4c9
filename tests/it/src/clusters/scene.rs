//! A bridge and an agent as processes, and accounts of clusters.

use std::time::Duration;

use anyhow::{Result, bail, ensure};
use serde_json::{Value, json};
use tests_clusters::Kubeconfig;
use tests_harness::{AgentProcess, Answer, BridgeProcess, ProcessOptions, TestDatabase};
use tests_harness::{Api, Kind};

/// So often something is asked again, with a pause of [`PAUSE`].
const PATIENCE: usize = 600;
const PAUSE: Duration = Duration::from_millis(100);

/// The agent of the scene.
pub(crate) const AGENT: &str = "agent-a";

/// It looks at what it holds twice a second, where once in half a minute is enough elsewhere.
const FLAGS: [&str; 4] = ["--agent-health-every", "500ms", "--agent-namespaces-every", "1s"];

/// What runs.
pub(crate) struct Scene {
    bridge: BridgeProcess,
    _agent: AgentProcess,
    database: TestDatabase,
}

impl Scene {
    pub(crate) async fn start() -> Result<Self> {
        Self::start_with(&[]).await
    }

    /// Flags are added to the agent's command line, and take the place of its own.
    pub(crate) async fn start_with(flags: &[&str]) -> Result<Self> {
        let database = TestDatabase::new(Kind::Sqlite).await?;
        let bridge = BridgeProcess::start_with(ProcessOptions::on(&database)).await?;
        let own = FLAGS.chunks(2).filter(|own| !flags.contains(&own[0]));
        let flags: Vec<&str> = own.flatten().chain(flags).copied().collect();
        let folder = database.folder();
        let agent =
            AgentProcess::start_with_clusters(folder, &bridge.agents, AGENT, "eu", &flags).await?;
        Ok(Self { bridge, _agent: agent, database })
    }

    pub(crate) fn api(&self) -> &Api {
        &self.bridge.api
    }

    /// Creates an account of a kubeconfig; it is INACTIVE.
    pub(crate) async fn create(&self, name: &str, kubeconfig: &Kubeconfig) -> Result<()> {
        self.create_with(name, &kubeconfig.to_string(), json!({})).await
    }

    /// The same of a text and with attributes.
    pub(crate) async fn create_with(&self, name: &str, text: &str, more: Value) -> Result<()> {
        let mut account = json!({"name": name, "zoneId": "eu", "kubeconfigContents": text});
        if let (Some(account), Some(more)) = (account.as_object_mut(), more.as_object()) {
            account.extend(more.clone());
        }
        let path = "/armory/accounts/dynamic?wait=60s";
        let answer = self.api().post(path, json!([account])).await?.expect(200)?;
        ensure!(answer.outcome(name) == Some("done"), "{answer:?}");
        Ok(())
    }

    /// Creates it and wants it ACTIVE; what came of it.
    pub(crate) async fn activate(&self, name: &str, kubeconfig: &Kubeconfig) -> Result<Answer> {
        self.create(name, kubeconfig).await?;
        self.want_active(name).await
    }

    /// Wants an account ACTIVE that is there.
    pub(crate) async fn want_active(&self, name: &str) -> Result<Answer> {
        let wanted = json!([{"name": name, "state": "ACTIVE"}]);
        self.api().patch("/armory/accounts?wait=60s", wanted).await?.expect(200)
    }

    /// The same, of a cluster that is well.
    pub(crate) async fn hold(&self, name: &str, kubeconfig: &Kubeconfig) -> Result<()> {
        let answer = self.activate(name, kubeconfig).await?;
        ensure!(answer.outcome(name) == Some("done"), "{answer:?}");
        self.until(name, "it is healthy", |account| account["healthy"] == true).await?;
        Ok(())
    }

    /// The account as it is shown.
    pub(crate) async fn account(&self, name: &str) -> Result<Value> {
        let path = format!("/agents/kubernetes/accounts/{name}");
        Ok(self.api().get(&path).await?.expect(200)?.body)
    }

    /// What the agent says of it.
    pub(crate) fn of_agent(account: &Value) -> &Value {
        &account["agents"][0]
    }

    /// What the agent told of it by itself, in its order, by its log: `Healthy`, or the code of what is wrong.
    pub(super) fn told_by_the_agent(&self, name: &str) -> Result<Vec<String>> {
        let log = std::fs::read_to_string(self.database.folder().join("agent.log"))?;
        let of_it = log.lines().filter(|line| line.contains(&format!("account.id=\"{name}\"")));
        let told = of_it.filter_map(|line| line.split_once("account.health=")?.1.split(' ').next());
        Ok(told.map(str::to_owned).collect())
    }

    /// The namespaces that are seen in its cluster.
    pub(crate) async fn namespaces(&self, name: &str) -> Result<Vec<String>> {
        let path = format!("/agents/kubernetes/accounts/{name}/namespaces");
        let answer = self.api().get(&path).await?.expect(200)?;
        Ok(serde_json::from_value(answer.body)?)
    }

    /// Asks again until the account is so.
    pub(crate) async fn until(
        &self,
        name: &str,
        what: &str,
        there: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let mut account = Value::Null;
        for _ in 0..PATIENCE {
            account = self.account(name).await?;
            if there(&account) {
                return Ok(account);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{name}: never that {what}; it is {account:#}")
    }

    /// Asks again until the namespaces are so.
    pub(crate) async fn until_namespaces(
        &self,
        name: &str,
        there: impl Fn(&[String]) -> bool,
    ) -> Result<Vec<String>> {
        let mut seen = Vec::new();
        for _ in 0..PATIENCE {
            seen = self.namespaces(name).await?;
            if there(&seen) {
                return Ok(seen);
            }
            tokio::time::sleep(PAUSE).await;
        }
        bail!("{name}: the namespaces are never so; they are {seen:?}")
    }
}

/// The code and the sentence with which an item of a request failed.
pub(crate) fn failure(answer: &Answer, name: &str) -> Result<(String, String)> {
    let items = answer.body["items"].as_array().map_or(&[][..], Vec::as_slice);
    let item = items.iter().find(|item| item["name"] == name);
    let error = item.map(|item| &item["error"]).filter(|error| error.is_object());
    let Some(error) = error else { bail!("{name} has not failed: {answer:?}") };
    let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    Ok((text("code"), text("text")))
}

/// Why a held account is not healthy: code and sentence.
pub(crate) fn trouble(account: &Value) -> (String, String) {
    let error = &Scene::of_agent(account)["healthError"];
    let text = |member: &str| error[member].as_str().unwrap_or_default().to_owned();
    (text("code"), text("text"))
}

/// The recorded fingerprint of an account's cluster, as the clusters of the tests tell theirs.
pub(crate) fn fingerprint(account: &Value) -> String {
    let recorded = account["certFingerprint"].as_str().unwrap_or_default();
    recorded.replace(':', "").to_ascii_lowercase()
}
