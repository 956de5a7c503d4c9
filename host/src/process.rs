//! This process and what surrounds it: its environment and folders, the signals that end it, the line that says it is
//! ready. Nothing else in the program asks the operating system for these.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result};
use serde_json::Value as Json;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::cli::output;
use crate::config::Surroundings;
use crate::config::key::Key;

/// What configures this process.
pub(crate) fn surroundings(flags: Vec<(&'static Key, String)>) -> Surroundings {
    let mut folders = vec![PathBuf::from("/opt/spinnaker/config")];
    folders.extend(env::home_dir().map(|home| home.join(".spinnaker")));
    // Empty: the working folder, so that a file in it is named as one would name it there.
    folders.push(PathBuf::new());
    let variables = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    Surroundings { folders, variables, flags }
}

/// The name of this host; in a pod, the pod's.
pub(crate) fn host_name() -> Option<String> {
    let name =
        env::var("HOSTNAME").ok().or_else(|| std::fs::read_to_string("/etc/hostname").ok())?;
    let name = name.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The namespace of the pod that this process runs in, if it is one's.
pub(crate) fn pod_namespace() -> Option<String> {
    let namespace =
        std::fs::read_to_string("/var/run/secrets/kubernetes.io/serviceaccount/namespace").ok()?;
    let namespace = namespace.trim();
    (!namespace.is_empty()).then(|| namespace.to_owned())
}

/// Cancelled by SIGTERM or SIGINT.
///
/// # Errors
/// When the operating system does not give the signals.
pub(crate) fn shutdown() -> Result<CancellationToken> {
    let mut terminate =
        signal(SignalKind::terminate()).context("SIGTERM cannot be listened for")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be listened for")?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => tracing::info!("SIGTERM: draining"),
            _ = interrupt.recv() => tracing::info!("SIGINT: draining"),
        }
        cancelled.cancel();
    });
    Ok(token)
}

/// Says on standard output, in one line of JSON, that the process is ready, and where.
///
/// # Errors
/// When standard output cannot be written.
pub(crate) fn announce(addresses: &Json) -> Result<()> {
    output::write(&addresses.to_string())
}
