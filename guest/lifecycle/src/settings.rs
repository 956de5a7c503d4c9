//! The settings of the slot: durations in milliseconds, with the defaults of `spec/config.md`.

/// What the module can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// `activation.wait`: how long an activation waits for a candidate.
    pub activation_wait: u64,
    /// `activation.deadline`: how long agents have to take an account, to take a change, or to check it.
    pub activation_deadline: u64,
    /// `deactivation.deadline`: how long agents have to let go of one.
    pub deactivation_deadline: u64,
    /// `deletion.deadline`: the same, for a delete.
    pub deletion_deadline: u64,
    /// `agents.grace`: how long an agent may be gone before its accounts are orphaned.
    pub agents_grace: u64,
    /// `agents.cleanup`: when a static row goes that nobody declares any more.
    pub agents_cleanup: u64,
    /// `retry.cap`: the longest wait between two tries.
    pub retry_cap: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            activation_wait: 30_000,
            activation_deadline: 60_000,
            deactivation_deadline: 60_000,
            deletion_deadline: 60_000,
            agents_grace: 60_000,
            agents_cleanup: 600_000,
            retry_cap: 600_000,
        }
    }
}

impl Settings {
    /// Reads pairs; a key that is absent keeps its default, one that is not known is passed over.
    ///
    /// # Errors
    /// A sentence that names the key: a value is not a whole number of milliseconds, or is 0.
    pub fn read<'p>(pairs: impl IntoIterator<Item = (&'p str, &'p str)>) -> Result<Self, String> {
        let mut settings = Self::default();
        for (key, value) in pairs {
            let Some(setting) = settings.at(key) else { continue };
            *setting = value.parse().ok().filter(|ms| *ms > 0).ok_or_else(|| {
                format!("{key} is {value:?}; it is a whole number of milliseconds, 1 or more")
            })?;
        }
        Ok(settings)
    }

    fn at(&mut self, key: &str) -> Option<&mut u64> {
        match key {
            "activation.wait" => Some(&mut self.activation_wait),
            "activation.deadline" => Some(&mut self.activation_deadline),
            "deactivation.deadline" => Some(&mut self.deactivation_deadline),
            "deletion.deadline" => Some(&mut self.deletion_deadline),
            "agents.grace" => Some(&mut self.agents_grace),
            "agents.cleanup" => Some(&mut self.agents_cleanup),
            "retry.cap" => Some(&mut self.retry_cap),
            _ => None,
        }
    }
}
