//! When the bridge dies: at the n-th point, and from then on at every one.

use std::sync::atomic::{AtomicUsize, Ordering};

use host_core::port::failpoints::{Failpoints, Point};
use tokio::sync::Notify;

/// Counts points, and says when it is over.
#[derive(Debug)]
pub(super) struct Mortality {
    reached: AtomicUsize,
    at: AtomicUsize,
    died: Notify,
}

impl Mortality {
    /// Dies at this point, counted from 0.
    pub(super) fn at(point: usize) -> Self {
        Self { reached: AtomicUsize::new(0), at: AtomicUsize::new(point), died: Notify::new() }
    }

    /// How many points were reached.
    pub(super) fn reached(&self) -> usize {
        self.reached.load(Ordering::SeqCst)
    }

    /// Returns when it has died.
    pub(super) async fn died(&self) {
        loop {
            let told = self.died.notified();
            if self.reached() > self.at.load(Ordering::SeqCst) {
                return;
            }
            // Somebody who was dying already may have said so once more.
            told.await;
        }
    }

    /// Lives for ever from now on, if it has not died yet.
    pub(super) fn spare(&self) {
        let reached = self.reached();
        let lives = |at: usize| (reached <= at).then_some(usize::MAX);
        // What it refuses is a death that has come: it takes its course.
        let _dead = self.at.fetch_update(Ordering::SeqCst, Ordering::SeqCst, lives);
    }

    /// Lives for ever from now on.
    pub(super) fn revive(&self) {
        self.at.store(usize::MAX, Ordering::SeqCst);
    }
}

impl Failpoints for Mortality {
    fn goes_on(&self, _: Point<'_>) -> bool {
        let reached = self.reached.fetch_add(1, Ordering::SeqCst);
        let alive = reached < self.at.load(Ordering::SeqCst);
        if !alive {
            self.died.notify_one();
        }
        alive
    }
}
