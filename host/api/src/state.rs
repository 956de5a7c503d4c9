//! What the handlers are given: the intake, the ports they read from, and the options.

use std::sync::Arc;

use host_control::intake::Intake;
use host_core::port::store::{Memory, Outbox, Records, Rows};
use host_core::port::time::Clock;

/// The largest body taken if nothing else is configured, in bytes (`spec/http-api.md`: 16 MiB).
pub const BODY_LIMIT_DEFAULT: usize = 16 * 1024 * 1024;

/// Everything that the API needs from elsewhere.
#[derive(Debug, Clone)]
pub struct ApiState {
    /// Takes requests.
    pub intake: Arc<dyn Intake>,
    /// What people read.
    pub records: Arc<dyn Records>,
    /// Rows; only read here.
    pub rows: Arc<dyn Rows>,
    /// Agents.
    pub memory: Arc<dyn Memory>,
    /// Operations by id; only read here.
    pub outbox: Arc<dyn Outbox>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How to serve.
    pub options: ApiOptions,
}

/// How the API serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiOptions {
    /// The largest body taken, in bytes.
    pub body_limit: usize,
    /// Whether dynamic accounts are on; if not, every path about accounts answers 501.
    pub dynamic_accounts_enabled: bool,
}

/// The state as handlers share it.
pub(crate) type Shared = Arc<ApiState>;
