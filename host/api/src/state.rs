//! What the handlers are given: the intake, the ports they read from, and the options.

use std::sync::Arc;

use host_control::explain::Explains;
use host_control::intake::Intake;
use host_control::{Counts, Feed};
use host_core::port::events::Events;
use host_core::port::figures::Watch;
use host_core::port::recordings::Recordings;
use host_core::port::store::{Memory, Outbox, Records, Rows};
use host_core::port::time::Clock;

use crate::metrics::Metrics;
use crate::streams::Streams;

/// The largest body taken if nothing else is configured, in bytes (`spec/http-api.md`: 16 MiB).
pub const BODY_LIMIT_DEFAULT: usize = 16 * 1024 * 1024;

/// Everything that the API needs from elsewhere.
#[derive(Debug)]
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
    /// The journal, forward.
    pub events: Arc<dyn Events>,
    /// Recorded calls; only read here.
    pub recordings: Arc<dyn Recordings>,
    /// Figures of the tables.
    pub watch: Arc<dyn Watch>,
    /// Why accounts are where they are.
    pub explains: Arc<dyn Explains>,
    /// The steps of all accounts as they are committed.
    pub feed: Feed,
    /// What this replica has done.
    pub counts: Arc<Counts>,
    /// What the API counts of itself.
    pub meters: Meters,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// How to serve.
    pub options: ApiOptions,
}

/// What the API counts of itself.
#[derive(Debug, Default)]
pub struct Meters {
    pub(crate) metrics: Metrics,
    pub(crate) streams: Streams,
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
