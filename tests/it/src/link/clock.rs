//! A clock that moves when told and says who waits for it, for both ends.

use std::collections::BTreeMap;

use async_trait::async_trait;
use host_agent::Surroundings;
use host_core::clock::Millis;
use host_core::port::time::Clock;
use tokio::sync::watch;

#[derive(Debug)]
pub(crate) struct Hands {
    now: watch::Sender<Millis>,
    /// How many sleep until which time.
    sleepers: watch::Sender<BTreeMap<Millis, usize>>,
}

/// A sleeper that has gone is not counted any more.
struct Asleep<'a>(&'a Hands, Millis);

impl Drop for Asleep<'_> {
    fn drop(&mut self) {
        self.0.sleepers.send_modify(|sleepers| {
            if let Some(count) = sleepers.get_mut(&self.1) {
                *count -= 1;
            }
            sleepers.retain(|_, count| *count > 0);
        });
    }
}

impl Hands {
    pub(crate) fn new() -> Self {
        Self::at(1_000_000)
    }

    /// A clock that shows this time.
    pub(crate) fn at(now: Millis) -> Self {
        Self { now: watch::Sender::new(now), sleepers: watch::Sender::default() }
    }

    pub(crate) fn time(&self) -> Millis {
        *self.now.borrow()
    }

    pub(crate) fn advance(&self, millis: u64) {
        self.now.send_modify(|now| *now += millis);
    }

    /// Returns when somebody sleeps until so long after now.
    pub(crate) async fn somebody_waits(&self, millis: u64) {
        let at = self.time() + millis;
        let mut sleepers = self.sleepers.subscribe();
        sleepers.wait_for(|sleepers| sleepers.contains_key(&at)).await.unwrap();
    }

    /// Returns when so many sleep until later, and nobody else does: until when the first of them sleeps.
    pub(crate) async fn only(&self, count: usize) -> Millis {
        let mut sleepers = self.sleepers.subscribe();
        let later = |sleepers: &BTreeMap<Millis, usize>| {
            sleepers.range(self.time() + 1..).map(|(_, count)| count).sum::<usize>() == count
        };
        let sleepers = sleepers.wait_for(later).await.unwrap();
        *sleepers.range(self.time() + 1..).next().unwrap().0
    }

    async fn sleep(&self, at: Millis) {
        self.sleepers.send_modify(|sleepers| *sleepers.entry(at).or_default() += 1);
        let _asleep = Asleep(self, at);
        self.now.subscribe().wait_for(|now| *now >= at).await.unwrap();
    }
}

#[async_trait]
impl Clock for Hands {
    fn now(&self) -> Millis {
        self.time()
    }

    async fn sleep_until(&self, at: Millis) {
        self.sleep(at).await;
    }
}

#[async_trait]
impl Surroundings for Hands {
    fn now(&self) -> u64 {
        self.time()
    }

    async fn sleep_until(&self, at: u64) {
        self.sleep(at).await;
    }

    fn chance(&self) -> f64 {
        0.5
    }
}
