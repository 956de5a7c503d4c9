//! `swingbridge serve`: a bridge with the configuration that is in force, until SIGTERM.

use std::sync::Arc;

use anyhow::{Result, bail};
use host::{BridgeOptions, Running, SystemClock, SystemIds};
use host_agents::Options as AgentLinkOptions;
use serde_json::json;

use crate::config::Config;
use crate::process;

/// Serves until the process is told to end.
///
/// # Errors
/// Why it cannot start.
pub(crate) async fn run(config: Config) -> Result<()> {
    let shutdown = process::shutdown()?;
    let running =
        Running::start(options(config), Arc::new(SystemClock), Arc::new(SystemIds::default()))
            .await?;
    let (http, agents) = (running.http, running.agents);
    process::announce(&json!({
        "ready": true,
        "http": format!("http://{http}"),
        "agents": format!("http://{agents}"),
    }))?;
    let failed = tokio::select! {
        () = shutdown.cancelled() => false,
        () = running.failed() => true,
    };
    running.stop().await;
    if failed {
        bail!("the bridge stopped serving by itself; the log says why");
    }
    Ok(())
}

fn options(config: Config) -> BridgeOptions {
    BridgeOptions {
        http: config.server.listen,
        agents: config.agents.listen,
        database_url: config.database_url.expose().to_owned(),
        secrets_key: config.secrets_key,
        clouddriver_database_url: config
            .clouddriver_database_url
            .map(|url| url.expose().to_owned()),
        link: AgentLinkOptions {
            timeout_ms: u64::try_from(config.agents.timeout.as_millis()).unwrap_or(u64::MAX),
            max_message: config.agents.max_message,
            insecure: config.agents.insecure,
            send_secrets_in_clear: config.agents.send_secrets_in_clear,
        },
        body_limit: config.server.body_limit,
        dynamic_accounts: config.server.dynamic_accounts,
        settings: config.lifecycle,
        retention: config.retention,
        recorded: config.recorded,
        limits: config.limits,
        replica: config.server.replica,
        advertise: config.server.advertise,
        host_name: process::host_name().unwrap_or_else(|| "swingbridge".to_owned()),
        failpoints: None,
        lease_ttl_ms: u64::try_from(config.lease_ttl.as_millis()).unwrap_or(u64::MAX),
    }
}
