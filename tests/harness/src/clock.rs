//! A clock that moves when told.

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::time::Clock;
use tokio::sync::watch;

/// Time stands still until somebody moves it.
#[derive(Debug)]
pub struct ManualClock(watch::Sender<Millis>);

impl Default for ManualClock {
    /// 2026-11-22T12:00:00Z.
    fn default() -> Self {
        Self(watch::Sender::new(1_795_348_800_000))
    }
}

impl ManualClock {
    /// Moves time on. Whoever sleeps until a time that has come wakes.
    pub fn advance(&self, millis: u64) {
        self.0.send_modify(|now| *now += millis);
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Millis {
        *self.0.borrow()
    }

    async fn sleep_until(&self, at: Millis) {
        let mut now = self.0.subscribe();
        // The sender lives as long as the clock, so this ends by the time coming only.
        let _ended = now.wait_for(|now| *now >= at).await;
    }
}
