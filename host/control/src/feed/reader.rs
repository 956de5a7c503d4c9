//! The reader of the journal: one for all who listen, while somebody does.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError};

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::{BATCH_MAX, id};
use tracing::warn;

use super::{FAR_MS, Inner, NEAR_MS, POLL_MS};

/// How often the far overlap is read, in milliseconds.
const FAR_EVERY_MS: u64 = 15_000;

/// What the reader knows between two looks.
struct Reader {
    inner: Arc<Inner>,
    /// The ids that were told, or were there before anybody listened, as far back as an overlap may reach.
    told: BTreeSet<String>,
    near_at: Millis,
    far_at: Millis,
    /// The last look ended badly.
    failed: bool,
}

/// Starts the reader if it does not run. When this returns, every step that is committed from now on will be told.
pub(super) async fn ensure(inner: &Arc<Inner>) -> Result<(), StoreError> {
    let mut runs = inner.runs.lock().await;
    if *runs || inner.stop.is_cancelled() {
        return Ok(());
    }
    let reader = Reader::begin(inner).await?;
    *runs = true;
    inner.tasks.spawn(reader.follow());
    Ok(())
}

impl Reader {
    /// Learns what is there already.
    async fn begin(inner: &Arc<Inner>) -> Result<Self, StoreError> {
        let newest = inner.events.newest().await?;
        *inner.newest.lock().unwrap_or_else(PoisonError::into_inner) = newest;
        let mut told = BTreeSet::new();
        let mut after = inner.overlap(FAR_MS);
        loop {
            let page = inner.events.ids_behind(after.clone(), BATCH_MAX).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(last);
            told.extend(page);
        }
        let now = inner.clock.now();
        let inner = Arc::clone(inner);
        Ok(Self { inner, told, near_at: now + POLL_MS, far_at: now + FAR_EVERY_MS, failed: false })
    }

    async fn follow(mut self) {
        let inner = Arc::clone(&self.inner);
        loop {
            let at = self.near_at.min(self.far_at);
            tokio::select! {
                biased;
                () = inner.stop.cancelled() => return,
                () = inner.stirred.notified() => {}
                () = inner.clock.sleep_until(at) => {}
            }
            if inner.ring.receiver_count() == 0 {
                let mut runs = inner.runs.lock().await;
                // Somebody may have come while the lock was waited for; whoever comes later starts another.
                if inner.ring.receiver_count() == 0 {
                    *runs = false;
                    return;
                }
            }
            match self.look().await {
                Ok(()) => self.failed = false,
                Err(error) => {
                    if !self.failed {
                        warn!("the journal cannot be followed just now: {error}");
                    }
                    self.failed = true;
                }
            }
        }
    }

    /// Tells everything that was not told yet, as far back as is due to be read.
    async fn look(&mut self) -> Result<(), StoreError> {
        let inner = Arc::clone(&self.inner);
        let now = inner.clock.now();
        let committed = inner.from.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (near, far) = (self.failed || now >= self.near_at, self.failed || now >= self.far_at);
        let mut after = inner.newest().unwrap_or_default();
        if let Some(from) = committed {
            after = after.min(id::before(&from));
        }
        if near {
            self.near_at = now + POLL_MS;
            after = after.min(inner.overlap(NEAR_MS));
        }
        if far {
            self.far_at = now + FAR_EVERY_MS;
            after = after.min(inner.overlap(FAR_MS));
        }
        self.tell_behind(after).await?;
        // Twice as far, so that what an overlap reads is always remembered.
        self.told = self.told.split_off(&inner.overlap(2 * FAR_MS));
        Ok(())
    }

    async fn tell_behind(&mut self, mut after: String) -> Result<(), StoreError> {
        loop {
            let page = self.inner.events.ids_behind(after.clone(), BATCH_MAX).await?;
            let Some(last) = page.last().cloned() else { return Ok(()) };
            let full = page.len() >= BATCH_MAX;
            let new: Vec<String> = page.into_iter().filter(|id| !self.told.contains(id)).collect();
            let steps = self.inner.events.transitions(new.clone()).await?;
            for step in steps {
                // Nobody who listens is nobody to tell.
                let _listeners = self.inner.ring.send(Arc::new(step));
            }
            self.told.extend(new);
            self.inner.saw(&last);
            if !full {
                return Ok(());
            }
            after = last;
        }
    }
}

impl Inner {
    fn saw(&self, id: &str) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if newest.as_deref().is_none_or(|newest| newest < id) {
            *newest = Some(id.to_owned());
        }
    }
}
