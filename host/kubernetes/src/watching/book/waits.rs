//! How long it is until the next look.

/// What the wait grows by while an account is not healthy, and what it grows to, in milliseconds.
const GROWTH: f64 = 1.6;
const LONGEST_MS: u64 = 120_000;

/// How much of every wait is chance.
const JITTER: f64 = 0.2;

/// The wait after so many failures.
pub(super) fn backoff(health_ms: u64, failures: u32) -> u64 {
    let grown = scaled(health_ms, GROWTH.powi(i32::try_from(failures.min(30)).unwrap_or(30) - 1));
    grown.min(LONGEST_MS.max(health_ms))
}

/// A wait, moved by up to a fifth.
pub(super) fn jittered(wait_ms: u64, chance: f64) -> u64 {
    scaled(wait_ms, 1.0 + JITTER * (2.0 * chance - 1.0))
}

/// A part of a wait.
pub(super) fn part(wait_ms: u64, chance: f64) -> u64 {
    scaled(wait_ms, chance)
}

fn scaled(wait_ms: u64, factor: f64) -> u64 {
    let scaled = std::time::Duration::from_millis(wait_ms).mul_f64(factor.max(0.0));
    u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX)
}
