//! Two lanes for work that waits for others: a quick one with few places, and a slow one to which work moves that is
//! still waiting after a second. So servers that are silent keep nobody from those that answer, and all of it is bounded.

use std::future::Future;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::surroundings::Surroundings;

/// How long work keeps its place in the quick lane, in milliseconds.
const PATIENCE_MS: u64 = 1_000;

/// How many places the slow lane has for each of the quick one: what waits there costs a socket and little else.
const SLOW: usize = 4;

/// A place in the quick lane.
#[derive(Debug)]
pub struct Place {
    _permit: Option<OwnedSemaphorePermit>,
}

/// The lanes.
#[derive(Debug, Clone)]
pub struct Lanes {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
}

impl Lanes {
    /// Lanes with so many quick places, and four times as many slow ones.
    #[must_use]
    pub fn new(quick: usize) -> Self {
        let slow = Arc::new(Semaphore::new(quick.saturating_mul(SLOW).min(Semaphore::MAX_PERMITS)));
        Self { quick: Arc::new(Semaphore::new(quick)), slow }
    }

    /// Waits for a place. Who came first goes first.
    pub async fn enter(&self) -> Place {
        // Never closed; a closed one would let everybody in.
        Place { _permit: Arc::clone(&self.quick).acquire_owned().await.ok() }
    }

    /// Does work at a place: the quick one for a second, then a slow one as soon as there is one.
    pub async fn through<T>(
        &self,
        surroundings: &dyn Surroundings,
        place: Place,
        work: impl Future<Output = T>,
    ) -> T {
        tokio::pin!(work);
        let patience = surroundings.now().saturating_add(PATIENCE_MS);
        tokio::select! {
            biased;
            done = &mut work => return done,
            () = surroundings.sleep_until(patience) => {}
        }
        tokio::select! {
            biased;
            done = &mut work => done,
            slow = Arc::clone(&self.slow).acquire_owned() => {
                drop(place);
                let done = work.await;
                drop(slow);
                done
            }
        }
    }
}
