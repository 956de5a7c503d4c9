//! Watches what the agents say of an account's cluster by asking the bridge again and again, and tells what has changed.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value as Json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::narrate;
use crate::cli::client::Client;
use crate::cli::output::{cell, write};

/// How often the bridge is asked.
const PACE: Duration = Duration::from_millis(100);
/// How long something may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the agent that holds an account says of its cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    /// The account's state.
    pub(crate) state: String,
    /// Whether the cluster answers as it should.
    pub(crate) healthy: Option<bool>,
    /// Why not.
    pub(crate) why: String,
    /// Whether it is another cluster than the one that is recorded.
    pub(crate) conflict: bool,
    /// Its address.
    pub(crate) host: String,
    /// Of its certificate.
    pub(crate) fingerprint: String,
    /// What it calls itself.
    pub(crate) version: String,
    /// How many namespaces are seen.
    pub(crate) namespaces: String,
}

/// What is said of an account now; absent if nobody holds it.
///
/// # Errors
/// What the bridge answers instead.
pub(crate) async fn look(client: &Client, account: &str) -> Result<Option<Sight>> {
    let path = ["agents", "kubernetes", "accounts", account];
    let body = client.send(client.call(Method::GET, &path, &[])).await?;
    let agents = body.get("agents").and_then(Json::as_array).context("an account has agents")?;
    let holds = |agent: &&Json| agent.get("caching").and_then(Json::as_bool) == Some(true);
    Ok(agents.iter().find(holds).map(|agent| sight(&body, agent)))
}

fn sight(account: &Json, agent: &Json) -> Sight {
    let (nothing, flag) = (Json::Null, |name: &str| agent.get(name).and_then(Json::as_bool));
    let cluster = agent.get("cluster").unwrap_or(&nothing);
    let error = agent.get("healthError").unwrap_or(&nothing);
    Sight {
        state: cell(account, "status"),
        healthy: flag("healthy"),
        why: cell(error, "text"),
        conflict: flag("conflict").unwrap_or_default(),
        host: cell(cluster, "kubeHost"),
        fingerprint: cell(cluster, "certFingerprint"),
        version: cell(cluster, "kubeVersion"),
        namespaces: cell(agent, "namespaces"),
    }
}

/// Watches an account and tells every change until `there` says so.
///
/// # Errors
/// If that does not come in time; the sentence says what was waited for and what was seen last.
pub(crate) async fn until(
    client: &Client,
    account: &str,
    what: &str,
    there: impl Fn(&Sight) -> bool,
) -> Result<Sight> {
    let last = Instant::now() + PATIENCE;
    let mut ticks = interval(PACE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut told = None;
    loop {
        ticks.tick().await;
        let seen = look(client, account).await?;
        if let Some(sight) = seen.as_ref().filter(|_| seen != told) {
            write(&narrate::sight(account, sight))?;
        }
        if let Some(sight) = seen.as_ref().filter(|sight| there(sight)) {
            return Ok(sight.clone());
        }
        if Instant::now() > last {
            bail!("{what} was awaited for {}s; seen last: {seen:#?}", PATIENCE.as_secs());
        }
        told = seen;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_an_agent_says_is_read_with_its_reason() {
        let account = json!({"status": "ACTIVE"});
        let agent = json!({
            "caching": true, "healthy": false, "conflict": false, "namespaces": 4,
            "healthError": {"code": "unreachable", "text": "connection refused"},
            "cluster": {"kubeHost": "https://h:1", "certFingerprint": "ab", "kubeVersion": "v1"},
        });
        let seen = sight(&account, &agent);
        assert_eq!((seen.state.as_str(), seen.healthy), ("ACTIVE", Some(false)));
        assert_eq!((seen.why.as_str(), seen.namespaces.as_str()), ("connection refused", "4"));
        assert_eq!(sight(&account, &json!({})).healthy, None);
    }
}
