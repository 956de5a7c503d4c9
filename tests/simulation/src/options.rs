//! What a run is about: its size, and what a seed makes of the rest.

use host_core::settings::Settings;

use crate::chance::Chance;
use crate::gate::Weather;
use crate::mutant::Mutant;

/// A run.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Everything by chance comes from it.
    pub seed: u64,
    /// Steps before the faults stop.
    pub steps: usize,
    /// Replicas of the bridge, 1 to 3; absent: as the seed says.
    pub replicas: Option<usize>,
    /// A fault that is put in on purpose.
    pub mutant: Option<Mutant>,
    /// Whether the lines of the trace are kept.
    pub keeps_lines: bool,
}

impl Options {
    /// A run of the usual size.
    #[must_use]
    pub fn of_seed(seed: u64) -> Self {
        Self { seed, steps: 100, replicas: None, mutant: None, keeps_lines: false }
    }
}

/// What goes wrong in a run, and how often; a seed has all of it, some of it, or little.
#[derive(Debug, Clone, Copy)]
pub struct Troubles {
    /// Replicas of the bridge.
    pub replicas: usize,
    /// Agents.
    pub agents: usize,
    /// Accounts by name.
    pub names: usize,
    /// The database.
    pub weather: Weather,
    /// Streams end, and agents' processes.
    pub cuts: bool,
    /// Replicas end, stop, and are left alone for a while.
    pub crashes: bool,
    /// The database goes away for a while.
    pub outages: bool,
    /// Clocks are apart, and are set.
    pub clocks: bool,
    /// Clusters refuse.
    pub refusals: bool,
    /// Clusters refuse for good: also when the faults stop.
    pub refuses_for_good: bool,
    /// Rings are lost.
    pub lost_rings: bool,
    /// An agent has an account in its own configuration.
    pub configured: bool,
    /// The slow pass runs.
    pub sweeps: bool,
}

impl Troubles {
    /// Those of a seed.
    #[must_use]
    pub fn of(options: &Options, chance: &Chance) -> Self {
        let replicas = options.replicas.unwrap_or_else(|| *chance.one_of(&[1, 1, 2, 2, 3]));
        let often = |per_mille: u32, of: u32| if chance.happens(of) { per_mille } else { 0 };
        let weather = Weather {
            waits: *chance.one_of(&[0, 50, 200, 500]),
            fails: often(10, 250),
            lost: often(20, 300),
            busy: often(50, 300),
            gone: false,
        };
        Self {
            replicas: replicas.clamp(1, 3),
            agents: 1 + chance.below(3),
            names: 1 + chance.below(4),
            weather,
            cuts: chance.happens(700),
            crashes: chance.happens(500),
            outages: chance.happens(150),
            clocks: chance.happens(400),
            refusals: chance.happens(500),
            refuses_for_good: chance.happens(150),
            lost_rings: chance.happens(400),
            configured: chance.happens(150),
            sweeps: chance.happens(100),
        }
    }
}

/// `agents.timeout`, in milliseconds; agents are heard every third of it.
pub const TIMEOUT_MS: u64 = 6_000;

/// `lease.ttl`.
pub const LEASE_TTL_MS: u64 = 5_000;

/// Durations of seconds, so that a minute of simulated time sees them all.
#[must_use]
pub fn settings() -> Settings {
    Settings {
        activation_wait_ms: 4_000,
        activation_deadline_ms: 6_000,
        deactivation_deadline_ms: 6_000,
        deletion_deadline_ms: 6_000,
        agents_grace_ms: 5_000,
        agents_cleanup_ms: 15_000,
        retry_first_ms: 1_000,
        retry_factor: 2.0,
        retry_cap_ms: 4_000,
        retry_max: 4,
        ..Settings::default()
    }
}
