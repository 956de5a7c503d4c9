//! Time: one for all, moved by the schedule, and a clock for each replica that shows it wrongly.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::time::Clock;

/// When every run begins: 2026-11-22T12:00:00Z.
pub const BEGIN: Millis = 1_795_348_800_000;

/// The true time.
#[derive(Debug)]
pub struct Time(AtomicU64);

impl Default for Time {
    fn default() -> Self {
        Self(AtomicU64::new(BEGIN))
    }
}

impl Time {
    /// Now.
    pub fn now(&self) -> Millis {
        self.0.load(Ordering::Relaxed)
    }

    /// Moves on.
    pub fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::Relaxed);
    }
}

#[derive(Debug, Default)]
struct Sleepers {
    next: u64,
    wakers: BTreeMap<(Millis, u64), Waker>,
}

/// A replica's clock.
#[derive(Debug)]
pub struct SimClock {
    time: Arc<Time>,
    /// How far it is ahead, in milliseconds.
    ahead: AtomicI64,
    sleepers: Mutex<Sleepers>,
}

impl SimClock {
    /// A clock that is ahead by so much.
    #[must_use]
    pub fn new(time: Arc<Time>, ahead: i64) -> Self {
        Self { time, ahead: AtomicI64::new(ahead), sleepers: Mutex::default() }
    }

    fn sleepers(&self) -> MutexGuard<'_, Sleepers> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn shows(&self) -> Millis {
        self.time.now().saturating_add_signed(self.ahead.load(Ordering::Relaxed))
    }

    /// Sets it ahead, or back.
    pub fn set_ahead(&self, ahead: i64) {
        self.ahead.store(ahead, Ordering::Relaxed);
    }

    /// How long until the next sleeper wakes.
    pub fn next_in(&self) -> Option<u64> {
        let sleepers = self.sleepers();
        let ((at, _), _) = sleepers.wakers.first_key_value()?;
        Some(at.saturating_sub(self.shows()))
    }

    /// Wakes whoever sleeps until a time that has come.
    pub fn ring(&self) {
        let now = self.shows();
        let mut sleepers = self.sleepers();
        while let Some(entry) = sleepers.wakers.first_entry()
            && entry.key().0 <= now
        {
            entry.remove().wake();
        }
    }
}

/// A sleep until a time on a clock.
#[derive(Debug)]
struct Sleep<'c> {
    clock: &'c SimClock,
    at: Millis,
    key: Option<(Millis, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.clock.shows() >= self.at {
            return Poll::Ready(());
        }
        let mut sleepers = self.clock.sleepers();
        let key = self.key.unwrap_or_else(|| {
            sleepers.next += 1;
            (self.at, sleepers.next)
        });
        sleepers.wakers.insert(key, context.waker().clone());
        drop(sleepers);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.sleepers().wakers.remove(&key);
        }
    }
}

#[async_trait]
impl Clock for SimClock {
    fn now(&self) -> Millis {
        self.shows()
    }

    async fn sleep_until(&self, at: Millis) {
        Sleep { clock: self, at, key: None }.await;
    }
}
