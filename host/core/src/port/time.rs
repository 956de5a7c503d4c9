//! The clock, and waiting by it.

use async_trait::async_trait;

use crate::clock::Millis;

/// Time comes from here and from nowhere else, so that tests can move it.
#[async_trait]
pub trait Clock: std::fmt::Debug + Send + Sync {
    /// Now.
    fn now(&self) -> Millis;

    /// Returns when the clock shows `at` or later; at once if it does already.
    async fn sleep_until(&self, at: Millis);
}
