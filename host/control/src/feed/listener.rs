//! One who listens: first what was missed, read from the journal at the listener's own pace, then what happens.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::id;
use host_core::journal::Transition;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use super::{FAR_MS, Filter, Inner};

/// Steps that are read at once when somebody resumes.
const PAGE: usize = 200;
/// After so long without a step a listener is told that there was none, in milliseconds.
const QUIET_MS: u64 = 15_000;

/// What a listener hears next.
#[derive(Debug)]
pub enum Heard {
    /// A step.
    Step(Arc<Transition>),
    /// Nothing for a while. Carries the id up to which everything was told.
    Quiet(Option<String>),
    /// The listener was too slow, and has missed steps: it may listen again from the last one that it heard.
    TooSlow,
    /// The journal could not be read: it may listen again from the last one that it heard.
    Broken(StoreError),
    /// The bridge stops.
    Stopping,
}

/// One who listens.
#[derive(Debug)]
pub struct Listener {
    inner: Arc<Inner>,
    ring: broadcast::Receiver<Arc<Transition>>,
    filter: Filter,
    /// Behind which id the journal is still to be read.
    missed: Option<String>,
    waiting: VecDeque<Arc<Transition>>,
    /// What was read from the journal and may come by the ring once more.
    read: BTreeSet<String>,
    /// It has come to the end of what it missed, and has to keep up from there on.
    caught_up: bool,
    quiet_at: Millis,
}

impl Listener {
    pub(super) fn new(
        inner: Arc<Inner>,
        ring: broadcast::Receiver<Arc<Transition>>,
        filter: Filter,
        resume: Option<String>,
    ) -> Self {
        let missed = resume.map(|id| overlap(&id));
        let caught_up = missed.is_none();
        // At once: whoever has just come hears that it is listened.
        let quiet_at = inner.clock.now();
        let (waiting, read) = (VecDeque::new(), BTreeSet::new());
        Self { inner, ring, filter, missed, waiting, read, caught_up, quiet_at }
    }

    /// What is heard next. After [`Heard::TooSlow`], [`Heard::Broken`] and [`Heard::Stopping`] nothing more is.
    pub async fn next(&mut self) -> Heard {
        loop {
            if self.inner.stop.is_cancelled() {
                return Heard::Stopping;
            }
            if let Some(step) = self.waiting.pop_front() {
                return self.heard(step);
            }
            if self.missed.is_some() {
                if let Err(error) = self.read_on().await {
                    return Heard::Broken(error);
                }
                continue;
            }
            let inner = Arc::clone(&self.inner);
            let told = tokio::select! {
                biased;
                () = inner.stop.cancelled() => return Heard::Stopping,
                told = self.ring.recv() => told,
                () = inner.clock.sleep_until(self.quiet_at) => {
                    self.quiet_at = inner.clock.now().saturating_add(QUIET_MS);
                    return Heard::Quiet(inner.newest());
                }
            };
            match told {
                Ok(step) if self.read.contains(&step.entry.id) => {}
                Ok(step) => {
                    self.caught_up = true;
                    if self.filter.wants(&step) {
                        return self.heard(step);
                    }
                }
                Err(RecvError::Lagged(_)) if self.caught_up => return Heard::TooSlow,
                Err(RecvError::Lagged(_)) => {
                    // While it read on from the journal, the ring ran over: it reads on once more.
                    self.ring = self.ring.resubscribe();
                    let last = self.read.last().cloned().unwrap_or_default();
                    self.missed = Some(overlap(&last));
                }
                Err(RecvError::Closed) => return Heard::Stopping,
            }
        }
    }

    fn heard(&mut self, step: Arc<Transition>) -> Heard {
        self.quiet_at = self.inner.clock.now().saturating_add(QUIET_MS);
        Heard::Step(step)
    }

    async fn read_on(&mut self) -> Result<(), StoreError> {
        let Some(after) = self.missed.take() else { return Ok(()) };
        let account = self.filter.account.clone();
        let page = self.inner.events.behind(account, after, PAGE).await?;
        let full = page.len() >= PAGE;
        let last = page.last().map(|step| step.entry.id.clone());
        for step in page {
            let new = self.read.insert(step.entry.id.clone());
            if new && self.filter.wants(&step) {
                self.waiting.push_back(Arc::new(step));
            }
        }
        if let Some(last) = last {
            self.read =
                self.read.split_off(&id::floor(id::time_of(&last).saturating_sub(2 * FAR_MS)));
            self.missed = full.then_some(last);
        }
        Ok(())
    }
}

/// Where one begins to read who has heard of everything up to an id: before it, since what was committed late has a
/// lesser one.
fn overlap(id: &str) -> String {
    id::floor(id::time_of(id).saturating_sub(FAR_MS))
}
