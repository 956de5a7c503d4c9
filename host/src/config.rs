//! The configuration: what was given, as plain values, or everything that is wrong with it.
//!
//! [`Settings::load`] gathers the layers and checks each value; [`Settings::config`] resolves references to secrets and
//! gives what the program runs with. One table of keys ([`table`]) stands behind all of it.

pub(crate) mod fault;
mod file;
pub(crate) mod key;
pub(crate) mod layers;
mod original;
mod settings;
pub(crate) mod show;
pub(crate) mod table;
mod together;
mod value;
mod yaml;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use host_core::port::housekeeping::Retention;
use host_core::port::recordings::RingBounds;
use host_core::secret::Secret;
use host_core::settings::Settings as LifecycleSettings;
use host_engine::Limits;
use host_kubernetes::KubernetesOptions;
use host_store::KeySource;

pub(crate) use self::layers::Surroundings;
pub(crate) use self::settings::Settings;

/// What the program runs with.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    /// The HTTP API.
    pub(crate) server: Server,
    /// `database.url`; it may carry a password.
    pub(crate) database_url: Secret,
    /// `clouddriver.database.url`, likewise; absent: there is no source.
    pub(crate) clouddriver_database_url: Option<Secret>,
    /// The bridge's end of the agent link.
    pub(crate) agents: Agents,
    /// Within which a replica that died is replaced.
    pub(crate) lease_ttl: Duration,
    /// What the lifecycle module and the default retry are told.
    pub(crate) lifecycle: LifecycleSettings,
    /// How long what is over is kept.
    pub(crate) retention: Retention,
    /// How many recorded calls are kept.
    pub(crate) recorded: RingBounds,
    /// What one call of the lifecycle module may use.
    pub(crate) limits: Limits,
    /// `secrets.key`.
    pub(crate) secrets_key: KeySource,
    /// Logs.
    pub(crate) telemetry: Telemetry,
    /// What `swingbridge agent` is.
    pub(crate) agent: Agent,
}

/// The HTTP API.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// The largest body, in bytes.
    pub(crate) body_limit: usize,
    /// Whether the account paths are served.
    pub(crate) dynamic_accounts: bool,
    /// The name of this replica, if it is set.
    pub(crate) replica: Option<String>,
    /// Where other replicas reach it, if it is set.
    pub(crate) advertise: Option<String>,
}

/// The bridge's end of the agent link.
#[derive(Debug, Clone)]
pub(crate) struct Agents {
    /// Where it listens.
    pub(crate) listen: SocketAddr,
    /// When a silent agent is gone.
    pub(crate) timeout: Duration,
    /// The largest message, in bytes.
    pub(crate) max_message: usize,
    /// Whether other machines may come without encryption.
    pub(crate) insecure: bool,
    /// Whether secret values may go to them.
    pub(crate) send_secrets_in_clear: bool,
}

/// Logs.
#[derive(Debug, Clone)]
pub(crate) struct Telemetry {
    /// Levels by module.
    pub(crate) log: String,
    /// Whether lines are JSON.
    pub(crate) json: bool,
}

/// What `swingbridge agent` is.
#[derive(Debug, Clone)]
pub(crate) struct Agent {
    /// The bridge that it dials.
    pub(crate) bridge: String,
    /// Its id, if it is set.
    pub(crate) id: Option<String>,
    /// Its zone, if it is set.
    pub(crate) zone: Option<String>,
    /// Its labels.
    pub(crate) labels: BTreeMap<String, String>,
    /// Accounts of its own: a `name` each, with what else is said of it.
    pub(crate) accounts: Vec<serde_json::Map<String, serde_json::Value>>,
    /// Scripts its clusters; absent: they are Kubernetes.
    pub(crate) simulate: Option<PathBuf>,
    /// How many clusters it looks at at once for the bridge.
    pub(crate) looks_at_once: usize,
    /// How long one look may take.
    pub(crate) look: Duration,
    /// How Kubernetes clusters are reached; the pod is not known here.
    pub(crate) kubernetes: KubernetesOptions,
}
