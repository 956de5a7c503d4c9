//! The clock and the chance of a real machine: the one place where the bridge asks the operating system for either.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::ids::Ids;
use host_core::port::time::Clock;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// The longest sleep before the clock is looked at again: a machine that was suspended, or whose clock was set, is late
/// by no more than this.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Millis {
        #[expect(clippy::disallowed_methods, reason = "this is the clock")]
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(Millis::MAX)
    }

    async fn sleep_until(&self, at: Millis) {
        loop {
            let left = at.saturating_sub(self.now());
            if left == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(left).min(LOOK_AGAIN)).await;
        }
    }
}

/// ULIDs that grow, and chance.
#[derive(Debug)]
pub struct SystemIds(Mutex<(ulid::Generator, StdRng)>);

impl Default for SystemIds {
    fn default() -> Self {
        Self(Mutex::new((ulid::Generator::new(), rand::make_rng())))
    }
}

impl Ids for SystemIds {
    fn next(&self) -> String {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (generator, chance) = &mut *inner;
        let next = generator.generate_with_source(chance);
        next.unwrap_or_else(ulid::Overflow::commit_overflow_increment).to_string()
    }

    fn chance(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.random()
    }
}

#[cfg(test)]
mod tests {
    use host_core::port::ids::Ids;

    use super::SystemIds;

    #[test]
    fn ids_grow_also_within_a_millisecond() {
        let ids = SystemIds::default();
        let some: Vec<String> = (0..10_000).map(|_| ids.next()).collect();
        assert!(some.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
