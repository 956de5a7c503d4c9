//! The kube-apiserver of a cluster: how it is started, and when it is ready.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use tests_servers::{Guarded, Scratch};

use super::Cluster;
use crate::etcd::Etcd;
use crate::programs;
use crate::tokens::ISSUER;

/// How long it may take to be ready: three seconds where it has a processor, and test machines are busy.
const READY: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(50);
/// Its folder in the cluster's.
const FOLDER: &str = "api-server";
/// So much memory it may hold before it looks for what it no longer needs; it takes a quarter of a gigabyte.
const MEMORY: &str = "400MiB";

/// Starts it and waits until it is ready.
pub(super) async fn start(cluster: &Cluster) -> Result<Guarded> {
    let folder = cluster.scratch.path().join(FOLDER);
    std::fs::create_dir_all(&folder)?;
    write_files(cluster, &folder)?;
    let command = command(cluster, &folder).await?;
    let server = Guarded::start(&folder, None, "KILL", &command)?;
    ready(cluster, &server).await?;
    Ok(server)
}

/// What it logged.
pub(super) fn log(scratch: &Scratch) -> String {
    let log = std::fs::read(scratch.path().join(FOLDER).join("server.log"));
    String::from_utf8_lossy(&log.unwrap_or_default()).into_owned()
}

fn write_files(cluster: &Cluster, folder: &Path) -> Result<()> {
    let (identity, serving) = (&cluster.identity, &cluster.serving);
    for (file, text) in [
        ("authority.crt", identity.authority.certificate.as_str()),
        ("server.crt", &serving.certificate),
        ("server.key", &serving.key),
        ("tokens.key", &identity.signer.private_text()),
        ("tokens.pub", &identity.signer.public_text()),
    ] {
        std::fs::write(folder.join(file), text).with_context(|| file.to_owned())?;
    }
    Ok(())
}

async fn command(cluster: &Cluster, folder: &Path) -> Result<Command> {
    let mut command = Command::new(&programs::found().await?.api_server);
    let port = cluster.port.number().to_string();
    let etcd = Etcd::shared().await?.url();
    for (option, value) in [
        ("etcd-servers", etcd.as_str()),
        ("etcd-prefix", &cluster.identity.prefix),
        ("bind-address", "127.0.0.1"),
        // Another address may not be there, and who writes down where API servers are refuses loopback.
        ("advertise-address", "127.0.0.1"),
        ("endpoint-reconciler-type", "none"),
        ("secure-port", &port),
        ("authorization-mode", "RBAC"),
        ("service-account-issuer", ISSUER),
        ("service-cluster-ip-range", "10.96.0.0/24"),
        ("profiling", "false"),
    ] {
        command.arg(format!("--{option}={value}"));
    }
    for (option, file) in [
        ("cert-dir", ""),
        ("client-ca-file", "authority.crt"),
        ("tls-cert-file", "server.crt"),
        ("tls-private-key-file", "server.key"),
        ("service-account-key-file", "tokens.pub"),
        ("service-account-signing-key-file", "tokens.key"),
    ] {
        command.arg(format!("--{option}={}", folder.join(file).display()));
    }
    command.env("GOMEMLIMIT", MEMORY);
    Ok(command)
}

/// Waits until it says that it is ready.
async fn ready(cluster: &Cluster, server: &Guarded) -> Result<()> {
    let client = cluster.client().await?;
    let begun = Instant::now();
    loop {
        let request = http::Request::get("/readyz").body(Vec::new())?;
        let Err(error) = client.request_text(request).await else { return Ok(()) };
        if !server.runs() || begun.elapsed() > READY {
            let log = cluster.log();
            let end: Vec<&str> = log.lines().rev().take(15).collect();
            let end: Vec<&str> = end.into_iter().rev().collect();
            bail!("the API server is not ready ({error}); its log ends with:\n{}", end.join("\n"));
        }
        tokio::time::sleep(LOOK).await;
    }
}
