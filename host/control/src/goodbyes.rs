//! Sessions that ended at this replica and of which the database has not heard: said again until it has.
//!
//! Only this replica knows of them. Its keeper may be another one, which sees an agent that is connected to a replica that
//! lives, and does nothing.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::link::Session;
use tokio::sync::Notify;
use tracing::warn;

use crate::bridge::{Bridge, later};

/// How long it waits before it says them again, in milliseconds.
const AGAIN_MS: u64 = 1_000;

/// The sessions, and since when they are over, by their names.
#[derive(Debug, Default)]
pub(crate) struct Goodbyes {
    unheard: Mutex<BTreeMap<String, (Session, Millis)>>,
    more: Notify,
}

impl Goodbyes {
    /// One more is to be said again, if it is not yet.
    pub(crate) fn add(&self, session: &Session, since: Millis) {
        let mut unheard = self.unheard.lock().unwrap_or_else(PoisonError::into_inner);
        unheard.entry(session.session.clone()).or_insert_with(|| (session.clone(), since));
        self.more.notify_one();
    }

    fn all(&self) -> Vec<(Session, Millis)> {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    fn forget(&self, session: &Session) {
        self.unheard.lock().unwrap_or_else(PoisonError::into_inner).remove(&session.session);
    }
}

impl Bridge {
    /// A session is over. If that cannot be written down now, it is later.
    pub(crate) async fn say_goodbye(&self, session: &Session, since: Millis) {
        if let Err(error) = self.gone(session, since).await {
            warn!(agent = %session.agent, "its going was not written down: {error}");
            self.shared.goodbyes.add(session, since);
        }
    }

    /// Says again what was not heard, until the bridge stops: its next start awaits its agents anyway.
    pub(crate) async fn say_again(&self) {
        let shared = &self.shared;
        let stop = shared.stop.clone();
        let say = async {
            loop {
                if shared.goodbyes.all().is_empty() {
                    shared.goodbyes.more.notified().await;
                }
                shared.ports.clock.sleep_until(later(shared.ports.clock.now(), AGAIN_MS)).await;
                if let Err(error) = self.say_all().await {
                    warn!("who is gone is not written down yet: {error}");
                }
            }
        };
        tokio::select! {
            biased;
            () = stop.cancelled() => {}
            () = say => {}
        }
    }

    async fn say_all(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        for (session, since) in shared.goodbyes.all() {
            shared.refresh().await?;
            let heard = self.gone(&session, since).await?;
            // A session of which nothing stands there may still be on its way: the server may be at a COMMIT whose answer
            // was not waited for.
            let patience = later(since, shared.tuning.lease_ttl_ms);
            if heard || shared.ports.clock.now() >= patience {
                shared.goodbyes.forget(&session);
            }
        }
        Ok(())
    }
}
