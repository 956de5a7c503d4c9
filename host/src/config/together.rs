//! Combinations of right values that cannot work, and what to set instead.

use super::Config;
use super::fault::Fault;

/// Everything that does not work together.
pub(crate) fn faults(config: &Config) -> Vec<Fault> {
    let mut faults = Vec::new();
    let mut fault =
        |what: String, mend: &str| faults.push(Fault::Together { what, mend: mend.to_owned() });
    let agents = &config.agents;
    if !agents.listen.ip().is_loopback() && !agents.insecure {
        fault(
            format!(
                "agents.listen is {}, which other machines reach, and the link is not encrypted",
                agents.listen
            ),
            "Listen on 127.0.0.1 behind something that encrypts, or set agents.insecure: true",
        );
    }
    if agents.send_secrets_in_clear && !agents.insecure {
        fault(
            "agents.send_secrets_in_clear is set without agents.insecure, so there is nothing that it could allow"
                .to_owned(),
            "Take it out, or set agents.insecure: true as well",
        );
    }
    if config.server.listen == agents.listen && agents.listen.port() != 0 {
        fault(
            format!("server.listen and agents.listen are both {}", agents.listen),
            "Give one of them another port",
        );
    }
    let lifecycle = &config.lifecycle;
    if lifecycle.retry_first_ms > lifecycle.retry_cap_ms {
        fault(
            "retry.first is longer than retry.cap".to_owned(),
            "Set retry.cap to at least retry.first",
        );
    }
    if config.limits.read_bytes < config.limits.hostcall_bytes {
        fault(
            "modules.lifecycle.hostcall is larger than modules.lifecycle.read_bytes, so it could never be used up"
                .to_owned(),
            "Set modules.lifecycle.read_bytes to at least modules.lifecycle.hostcall",
        );
    }
    faults
}
