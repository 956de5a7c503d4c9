//! How long to wait before the next try: 1 s, then × 1.6 up to 120 s, each with a jitter of a fifth
//! (`spec/agent-link.md`, rule 5).

const FIRST_MS: f64 = 1_000.0;
const FACTOR: f64 = 1.6;
const CAP_MS: f64 = 120_000.0;
const JITTER: f64 = 0.2;

/// The waits of one thing that is tried until it works.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Backoff {
    next_ms: f64,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next_ms: FIRST_MS }
    }
}

impl Backoff {
    /// The next wait, in milliseconds. `chance` is even in `0.0..1.0`.
    pub(crate) fn wait(&mut self, chance: f64) -> u64 {
        let wait = self.next_ms;
        self.next_ms = (wait * FACTOR).min(CAP_MS);
        let jittered = wait * (1.0 + JITTER * (2.0 * chance - 1.0));
        std::time::Duration::from_secs_f64(jittered.max(0.0) / 1_000.0)
            .as_millis()
            .try_into()
            .unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::Backoff;

    #[test]
    fn waits_grow_by_their_factor_up_to_the_cap() {
        let mut backoff = Backoff::default();
        let waits: Vec<u64> = (0..13).map(|_| backoff.wait(0.5)).collect();
        assert_eq!(waits[..4], [1_000, 1_600, 2_560, 4_096]);
        assert_eq!(waits[11..], [120_000, 120_000]);
    }

    #[test]
    fn a_fifth_of_a_wait_is_chance() {
        assert_eq!(Backoff::default().wait(0.0), 800);
        assert_eq!(Backoff::default().wait(1.0), 1_200);
    }
}
