//! What the lifecycle can be told: durations in milliseconds, with the defaults of `spec/config.md`.

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
        .collect()
    }
}
