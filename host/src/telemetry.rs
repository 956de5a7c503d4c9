//! Logs: to standard error, as text or JSON, at the levels that the configuration says.

use std::io;

use anyhow::{Context, Result};
use tracing_subscriber::EnvFilter;

use crate::config::Telemetry;

/// Whether the levels can be read.
///
/// # Errors
/// What `telemetry.log` should look like.
pub(crate) fn check(telemetry: &Telemetry) -> Result<EnvFilter> {
    EnvFilter::try_new(&telemetry.log).with_context(|| {
        format!("telemetry.log cannot be {:?}; a level is wanted, or levels by module like info,host_agents=debug", telemetry.log)
    })
}

/// Begins to log.
///
/// # Errors
/// As for [`check`].
pub(crate) fn start(telemetry: &Telemetry) -> Result<()> {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(check(telemetry)?)
        .with_writer(io::stderr)
        // A line that cannot be written is lost, as on a full disk. To say so on the same standard error would panic.
        .log_internal_errors(false);
    let started = if telemetry.json {
        builder.json().flatten_event(true).try_init()
    } else {
        builder.with_ansi(io::IsTerminal::is_terminal(&io::stderr())).try_init()
    };
    started.map_err(|error| anyhow::anyhow!("the log could not be started: {error}"))
}
