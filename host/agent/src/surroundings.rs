//! Time and chance, as the agent gets them: from here and from nowhere else, so that tests can move them.

use async_trait::async_trait;

/// A clock and a die.
#[async_trait]
pub trait Surroundings: std::fmt::Debug + Send + Sync {
    /// Now, in milliseconds since 1970-01-01T00:00:00Z.
    fn now(&self) -> u64;

    /// Returns when the clock shows `at` or later; at once if it does already.
    async fn sleep_until(&self, at: u64);

    /// An even chance in `0.0..1.0`, for jitter.
    fn chance(&self) -> f64;
}
