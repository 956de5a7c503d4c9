//! The controllers of a cluster, as far as something shows of them without a node.

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Api;
use tests_servers::Guarded;

use super::{Cluster, credential};
use crate::programs;

/// How long they may take to have done something.
const READY: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);

/// The user that the rules of every cluster know them by.
const USER: &str = "system:kube-controller-manager";

/// Those that run.
const RUNNING: [&str; 5] = [
    "clusterrole-aggregation-controller",
    "namespace-controller",
    "root-ca-certificate-publisher-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
];

/// Starts them and waits until the role `view` has rules, which one of them gives it.
pub(super) async fn start(cluster: &Cluster) -> Result<Guarded> {
    let folder = cluster.scratch.path().join("controllers");
    std::fs::create_dir_all(&folder)?;
    let user = cluster.identity.authority.client(USER, None)?;
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig_of(credential(&user)).to_string())?;
    let files = cluster.scratch.path().join("api-server");
    let mut command = Command::new(&programs::found().await?.controllers);
    for option in ["kubeconfig", "authentication-kubeconfig", "authorization-kubeconfig"] {
        command.arg(format!("--{option}={}", kubeconfig.display()));
    }
    command
        .arg(format!("--controllers={}", RUNNING.join(",")))
        .arg(format!("--root-ca-file={}", files.join("authority.crt").display()))
        .arg(format!("--service-account-private-key-file={}", files.join("tokens.key").display()))
        // Without an account each, the rules forbid their work.
        .arg("--use-service-account-credentials=true")
        .args(["--leader-elect=false", "--secure-port=0", "--profiling=false"]);
    let server = Guarded::start(&folder, None, "KILL", &command)?;
    ready(cluster, &server).await?;
    Ok(server)
}

async fn ready(cluster: &Cluster, server: &Guarded) -> Result<()> {
    let roles: Api<ClusterRole> = Api::all(cluster.client().await?);
    let begun = Instant::now();
    loop {
        let view = roles.get_opt("view").await?;
        if view.and_then(|view| view.rules).is_some_and(|rules| !rules.is_empty()) {
            return Ok(());
        }
        if !server.runs() || begun.elapsed() > READY {
            let log = std::fs::read(cluster.scratch.path().join("controllers/server.log"))?;
            bail!("the controllers do nothing; their log:\n{}", String::from_utf8_lossy(&log));
        }
        tokio::time::sleep(LOOK).await;
    }
}
