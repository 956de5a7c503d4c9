//! What the lifecycle can be told: durations in milliseconds, with the defaults of `spec/config.md`.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The settings of the `lifecycle` slot and of the default retry.
#[derive(Debug, Clone, PartialEq)]
pub struct Settings {
    /// How long an activation waits for a candidate.
    pub activation_wait_ms: u64,
    /// How long agents have to take an account.
    pub activation_deadline_ms: u64,
    /// How long agents have to let go of one.
    pub deactivation_deadline_ms: u64,
    /// The same, for a delete.
    pub deletion_deadline_ms: u64,
    /// How long a gone agent may be gone before its accounts are orphaned.
    pub agents_grace_ms: u64,
    /// When a static row goes that nobody declares any more.
    pub agents_cleanup_ms: u64,
    /// The first retry.
    pub retry_first_ms: u64,
    /// What each further one is multiplied by.
    pub retry_factor: f64,
    /// The longest wait between two.
    pub retry_cap_ms: u64,
    /// Tries before it is given up.
    pub retry_max: u32,
    /// What a module of one's own is told besides.
    pub more: BTreeMap<String, String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activation_wait_ms: 30_000,
            activation_deadline_ms: 60_000,
            deactivation_deadline_ms: 60_000,
            deletion_deadline_ms: 60_000,
            agents_grace_ms: 60_000,
            agents_cleanup_ms: 600_000,
            retry_first_ms: 5_000,
            retry_factor: 2.0,
            retry_cap_ms: 600_000,
            retry_max: 8,
            more: BTreeMap::new(),
        }
    }
}

impl Settings {
    /// The pairs that a module reads, by the names of the configuration keys.
    #[must_use]
    pub fn pairs(&self) -> Vec<(String, String)> {
        [
            ("activation.wait", self.activation_wait_ms),
            ("activation.deadline", self.activation_deadline_ms),
            ("deactivation.deadline", self.deactivation_deadline_ms),
            ("deletion.deadline", self.deletion_deadline_ms),
            ("agents.grace", self.agents_grace_ms),
            ("agents.cleanup", self.agents_cleanup_ms),
            ("retry.cap", self.retry_cap_ms),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value.to_string()))
        .chain(self.more.iter().map(|(key, value)| (key.clone(), value.clone())))
        .collect()
    }
}

/// The settings that are in force, for all who go by them. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct InForce(Arc<RwLock<Arc<Settings>>>);

impl InForce {
    /// These, from the beginning.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        Self(Arc::new(RwLock::new(Arc::new(settings))))
    }

    /// What is in force now.
    #[must_use]
    pub fn get(&self) -> Arc<Settings> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// From now on these are: calls that have begun go by what they were told.
    pub fn set(&self, settings: Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }
}
