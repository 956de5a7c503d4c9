//! What a cluster must be, so that tests can stand on it.

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

mod life;
mod person;
mod users;

use std::time::Duration;

use anyhow::{Context as _, Result};
use kube::Client;
use tests_clusters::Kubeconfig;

/// Longer than a server that answers needs.
const MOMENT: Duration = Duration::from_secs(2);

/// The status of the answer to a list of what is at a path; absent if nothing answers, or nobody who is trusted.
async fn status(kubeconfig: &Kubeconfig, path: &str) -> Result<Option<u16>> {
    answered(&kubeconfig.client().await?, path).await
}

async fn answered(client: &Client, path: &str) -> Result<Option<u16>> {
    let request = http::Request::get(path).body(Vec::new())?;
    match client.request_text(request).await {
        Ok(_) => Ok(Some(200)),
        Err(kube::Error::Api(status)) => Ok(Some(status.code)),
        Err(kube::Error::Service(_) | kube::Error::HyperError(_)) => Ok(None),
        Err(error) => Err(error).context("neither an answer nor a connection that failed"),
    }
}
