//! When agents last said something: kept in memory with every word, and written down now and then for people.

use host_core::clock::Millis;
use host_core::error::StoreError;
use tracing::warn;

use crate::bridge::{Bridge, later};

/// How far what is written may be behind, in milliseconds: a write for every heartbeat would be most of what an idle
/// bridge does, and nothing is decided by it.
const BEHIND_MS: u64 = 30_000;

impl Bridge {
    /// Writes it down until the bridge stops.
    pub(crate) async fn hears(&self) {
        let shared = &self.shared;
        let mut since = shared.ports.clock.now();
        loop {
            let next = later(shared.ports.clock.now(), BEHIND_MS);
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return,
                () = shared.ports.clock.sleep_until(next) => {}
            }
            let now = shared.ports.clock.now();
            match self.write_down(since).await {
                Ok(()) => since = now,
                Err(error) => warn!("when agents were heard is not written down yet: {error}"),
            }
        }
    }

    async fn write_down(&self, since: Millis) -> Result<(), StoreError> {
        let shared = &self.shared;
        let heard = shared.registry.heard_since(&shared.tuning.replica, since);
        if heard.is_empty() {
            return Ok(());
        }
        shared.ports.memory.heard_of(heard).await
    }
}
