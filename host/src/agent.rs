//! `swingbridge agent`: the reference agent, composed with this machine's clock and chance and with its clusters.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use host::{SystemClock, SystemIds};
use host_agent::{
    Agent, AgentOptions, Clusters, ConfiguredAccount, Definition, Script, Simulated, Status,
    Surroundings,
};
use host_core::port::ids::Ids as _;
use host_core::port::time::Clock as _;
use host_kubernetes::{Kubernetes, KubernetesOptions, Pod};
use serde_json::json;
use tokio::sync::watch;

use crate::config::{self, Config};
use crate::process;

/// How much later than the clusters' own deadline a look is given up.
const NET: Duration = Duration::from_secs(2);

/// Where Kubernetes puts a pod's token and the certificate of its API server.
const POD_FOLDER: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// Runs an agent until the process is told to end. It is ready when it has registered for the first time.
///
/// # Errors
/// Why it cannot run, or why the bridge will not have it.
pub(crate) async fn run(config: Config) -> Result<()> {
    let shutdown = process::shutdown()?;
    let machine = Arc::new(Machine::default());
    let options = options(config.agent.clone(), &machine.ids.next())?;
    let clusters = match config.agent.simulate.as_deref() {
        Some(file) => simulated(file, &machine)?,
        None => kubernetes(config.agent.kubernetes, &machine),
    };
    let ready = json!({
        "ready": true, "bridge": options.bridge, "id": options.id, "zone": options.zone, "instance": options.instance,
    });
    let agent = Agent::new(options, clusters, machine)?;
    let announced = announce(agent.status(), &ready);
    let (ran, announced) = tokio::join!(agent.run(shutdown), announced);
    announced?;
    Ok(ran?)
}

/// Waits for the first registration. If the agent ends before, there is nothing to announce.
async fn announce(mut status: watch::Receiver<Status>, ready: &serde_json::Value) -> Result<()> {
    if status.wait_for(|status| status.registrations > 0).await.is_ok() {
        process::announce(ready)?;
    }
    Ok(())
}

fn options(agent: config::Agent, instance: &str) -> Result<AgentOptions> {
    let host = process::host_name();
    let id = agent
        .id
        .or_else(|| host.clone())
        .context("agent.id is not set, and this host has no name. Set it with --id")?;
    let zone = agent
        .zone
        .or_else(|| zone_of_pod(host.as_deref()?, process::pod_namespace()?.as_str()))
        .context("agent.zone is not set, and this is no pod of a deployment. Set it with --zone")?;
    let accounts = agent.accounts.into_iter().map(configured).collect::<Result<_>>()?;
    let defaults = AgentOptions::new(&agent.bridge, &id, instance, &zone);
    Ok(AgentOptions {
        labels: agent.labels,
        accounts,
        looks_at_once: agent.looks_at_once,
        // A net under the clusters' own deadline, which says what was waited for.
        look_deadline_ms: u64::try_from((agent.look + NET).as_millis())?,
        ..defaults
    })
}

/// A pod of a deployment is called `DEPLOYMENT-REPLICASET-POD`; its zone is `DEPLOYMENT_NAMESPACE`
/// (`spec/lifecycle.md`).
fn zone_of_pod(pod: &str, namespace: &str) -> Option<String> {
    let (rest, _pod) = pod.rsplit_once('-')?;
    let (deployment, _replica_set) = rest.rsplit_once('-')?;
    (!deployment.is_empty()).then(|| format!("{deployment}_{namespace}"))
}

/// What is said of an account beside its name is how its cluster is reached.
fn configured(
    mut account: serde_json::Map<String, serde_json::Value>,
) -> Result<ConfiguredAccount> {
    let Some(serde_json::Value::String(name)) = account.remove("name") else {
        bail!("an account of agent.accounts has no name");
    };
    let definition = serde_json::to_vec(&account)
        .context("an account of agent.accounts cannot be written as JSON")?;
    Ok(ConfiguredAccount { name, definition: Definition::new(definition) })
}

/// Clusters as they are. The agent's own pod is known by what Kubernetes puts into every one.
fn kubernetes(options: KubernetesOptions, machine: &Arc<Machine>) -> Arc<dyn Clusters> {
    let surroundings = Arc::clone(machine) as Arc<dyn Surroundings>;
    Arc::new(Kubernetes::start(KubernetesOptions { pod: pod(), ..options }, surroundings))
}

fn pod() -> Option<Pod> {
    let host = std::env::var("KUBERNETES_SERVICE_HOST").ok()?;
    let port = std::env::var("KUBERNETES_SERVICE_PORT").ok()?.parse().ok()?;
    let namespace = process::pod_namespace().unwrap_or_else(|| "default".to_owned());
    Some(Pod { host, port, namespace, folder: POD_FOLDER.into() })
}

fn simulated(file: &Path, machine: &Arc<Machine>) -> Result<Arc<dyn Clusters>> {
    let text = std::fs::read_to_string(file)
        .with_context(|| format!("{} cannot be read", file.display()))?;
    let script = Script::read(&text, &file.display().to_string())?;
    Ok(Arc::new(Simulated::new(script, Arc::clone(machine) as Arc<dyn Surroundings>)))
}

/// This machine, as the agent knows it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pods_zone_is_its_deployment_and_its_namespace() {
        assert_eq!(
            zone_of_pod("spin-agent-7d4b9c-x2x1z", "prod"),
            Some("spin-agent_prod".to_owned())
        );
        assert_eq!(zone_of_pod("laptop", "prod"), None);
    }

    #[test]
    fn a_declared_account_keeps_its_attributes_and_its_name_is_not_one() {
        let account = serde_json::Map::from_iter([
            ("name".to_owned(), json!("eu-1")),
            ("kubeconfigFile".to_owned(), json!("/k")),
        ]);
        let account = configured(account).expect("it has a name");
        assert_eq!(account.name, "eu-1");
        assert_eq!(account.definition.expose(), br#"{"kubeconfigFile":"/k"}"#);
    }
}
