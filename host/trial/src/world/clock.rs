//! A clock that moves only when told.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::port::time::Clock;

/// When every trial begins: 2026-01-01T00:00:00Z.
pub const BEGIN: Millis = 1_767_225_600_000;

#[derive(Debug)]
struct Hands {
    now: Millis,
    sleepers: u64,
    wakers: BTreeMap<(Millis, u64), Waker>,
}

/// The clock. Clones show the same.
#[derive(Debug, Clone)]
pub struct ScriptedClock(Arc<Mutex<Hands>>);

impl Default for ScriptedClock {
    fn default() -> Self {
        let hands = Hands { now: BEGIN, sleepers: 0, wakers: BTreeMap::new() };
        Self(Arc::new(Mutex::new(hands)))
    }
}

impl ScriptedClock {
    fn hands(&self) -> MutexGuard<'_, Hands> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When the next sleeper wakes.
    #[must_use]
    pub fn next(&self) -> Option<Millis> {
        self.hands().wakers.first_key_value().map(|((at, _), _)| *at)
    }

    /// Moves on to a time, and wakes whoever slept until then.
    pub fn move_to(&self, at: Millis) {
        let mut hands = self.hands();
        hands.now = hands.now.max(at);
        let now = hands.now;
        while let Some(entry) = hands.wakers.first_entry()
            && entry.key().0 <= now
        {
            entry.remove().wake();
        }
    }
}

/// A sleep until a time on the clock.
#[derive(Debug)]
struct Sleep<'c> {
    clock: &'c ScriptedClock,
    at: Millis,
    key: Option<(Millis, u64)>,
}

impl Future for Sleep<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut hands = self.clock.hands();
        if hands.now >= self.at {
            return Poll::Ready(());
        }
        let key = self.key.unwrap_or_else(|| {
            hands.sleepers += 1;
            (self.at, hands.sleepers)
        });
        hands.wakers.insert(key, context.waker().clone());
        drop(hands);
        self.key = Some(key);
        Poll::Pending
    }
}

impl Drop for Sleep<'_> {
    fn drop(&mut self) {
        if let Some(key) = self.key {
            self.clock.hands().wakers.remove(&key);
        }
    }
}

#[async_trait]
impl Clock for ScriptedClock {
    fn now(&self) -> Millis {
        self.hands().now
    }

    async fn sleep_until(&self, at: Millis) {
        Sleep { clock: self, at, key: None }.await;
    }
}
