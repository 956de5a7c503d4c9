//! For tests of this crate: a clock that moves when told.

use std::sync::Arc;

use async_trait::async_trait;
use host_agent::Surroundings;
use tokio::sync::watch;

/// The clock, in milliseconds.
#[derive(Debug)]
pub(crate) struct Clock(watch::Sender<u64>);

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Self::at(0)
    }

    pub(crate) fn at(now: u64) -> Arc<Self> {
        Arc::new(Self(watch::Sender::new(now)))
    }

    pub(crate) fn advance(&self, by: u64) {
        self.0.send_modify(|now| *now += by);
    }
}

#[async_trait]
impl Surroundings for Clock {
    fn now(&self) -> u64 {
        *self.0.borrow()
    }

    async fn sleep_until(&self, at: u64) {
        self.0.subscribe().wait_for(|now| *now >= at).await.unwrap();
    }

    fn chance(&self) -> f64 {
        0.5
    }
}
