//! Every step of every account as it is committed, by this replica or another, for whoever listens.
//!
//! One reader follows the journal for all who listen ([`reader`]); it runs while somebody does. Steps of this replica
//! wake it; those of others are found by a read behind the last id each second, or sooner by whoever calls
//! [`Feed::stir`]. Nobody is waited for: a listener has the room of a ring that all share ([`listener`]).
//!
//! No step is lost, though ids are of several clocks and units commit in another order than they were decided in: what
//! was committed here late is read from its own id on, and what others committed late is found by reading the last
//! [`NEAR_MS`] again each second and the last [`FAR_MS`] now and then. The reader remembers what it has told.

mod listener;
mod reader;

use std::sync::{Arc, Mutex, PoisonError};

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::journal::Transition;
use host_core::port::events::Events;
use host_core::port::time::Clock;
use host_core::{id, name};
use thiserror::Error;
use tokio::sync::{Notify, broadcast};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use listener::{Heard, Listener};

/// How often steps of other replicas are looked for, in milliseconds.
const POLL_MS: u64 = 1_000;
/// How much of the journal is read again each second, in milliseconds of ids: more than replicas' clocks differ.
const NEAR_MS: u64 = 15_000;
/// How much is read again now and then, and when somebody resumes: more than the longest that a unit may take from its
/// decision to its commit, and the clocks differ.
const FAR_MS: u64 = 60_000;
/// Steps that a listener may be behind before it is sent away.
const RING: usize = 8_192;

/// Which steps somebody wants to hear of. What is absent does not matter.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    /// Of this account.
    pub account: Option<String>,
    /// Into this state, or out of it.
    pub state: Option<String>,
    /// Of accounts that belong to this zone by now.
    pub zone: Option<String>,
    /// Of accounts whose definition came from this source.
    pub source: Option<String>,
    /// Of accounts whose name contains this, whatever its case.
    pub contains: Option<String>,
}

impl Filter {
    /// Whether a step is wanted. Of an account that is not there any more nobody knows zone and source: its steps pass
    /// both, for it is better to hear of too much than of too little.
    #[must_use]
    pub fn wants(&self, step: &Transition) -> bool {
        let entry = &step.entry;
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| Some(wanted) == found)
        };
        let place = |wanted: &Option<String>,
                     found: fn(&host_core::journal::Place) -> Option<&str>| {
            step.there.as_ref().is_none_or(|place| is(wanted, found(place)))
        };
        is(&self.account, Some(&entry.account))
            && (is(&self.state, entry.to.as_deref()) || is(&self.state, entry.from.as_deref()))
            && place(&self.zone, |place| place.zone.as_deref())
            && place(&self.source, |place| Some(&place.source))
            && self
                .contains
                .as_ref()
                .is_none_or(|part| name::fold(&entry.account).contains(&name::fold(part)))
    }
}

/// Why nobody can listen.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ListenError {
    /// Steps behind the point of resumption may have been purged.
    #[error("the journal does not reach back to {0} any more")]
    Purged(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The steps of all accounts. Clones are the same feed.
#[derive(Debug, Clone)]
pub struct Feed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    events: Arc<dyn Events>,
    clock: Arc<dyn Clock>,
    stop: CancellationToken,
    tasks: TaskTracker,
    ring: broadcast::Sender<Arc<Transition>>,
    stirred: Notify,
    /// The least id that was committed here since the reader looked last.
    from: Mutex<Option<String>>,
    /// The greatest id that was told.
    newest: Mutex<Option<String>>,
    /// Whether the reader runs.
    runs: tokio::sync::Mutex<bool>,
}

impl Feed {
    /// A feed that nobody listens to yet.
    #[must_use]
    pub fn new(events: Arc<dyn Events>, clock: Arc<dyn Clock>) -> Self {
        Self(Arc::new(Inner {
            events,
            clock,
            stop: CancellationToken::new(),
            tasks: TaskTracker::new(),
            ring: broadcast::Sender::new(RING),
            stirred: Notify::new(),
            from: Mutex::default(),
            newest: Mutex::default(),
            runs: tokio::sync::Mutex::default(),
        }))
    }

    /// Something was committed: here, with steps from this id on, or (absent) by another replica.
    pub fn stir(&self, from: Option<&str>) {
        let inner = &self.0;
        if inner.ring.receiver_count() == 0 {
            return;
        }
        if let Some(from) = from {
            let mut least = inner.from.lock().unwrap_or_else(PoisonError::into_inner);
            if least.as_deref().is_none_or(|least| from < least) {
                *least = Some(from.to_owned());
            }
        }
        inner.stirred.notify_one();
    }

    /// Listens: from now on, or (with the id of a step) from that step on. After a resumption, steps of the last
    /// [`FAR_MS`] before that one may come again.
    ///
    /// # Errors
    /// [`ListenError`].
    pub async fn listen(
        &self,
        filter: Filter,
        resume: Option<String>,
    ) -> Result<Listener, ListenError> {
        let inner = &self.0;
        let ring = inner.ring.subscribe();
        reader::ensure(inner).await?;
        if let Some(id) = &resume
            && !inner.events.reaches_back_to(id.clone()).await?
        {
            return Err(ListenError::Purged(id.clone()));
        }
        Ok(Listener::new(Arc::clone(inner), ring, filter, resume))
    }

    /// How many listen.
    #[must_use]
    pub fn listeners(&self) -> usize {
        self.0.ring.receiver_count()
    }

    /// Sends everybody away and ends the reader.
    pub async fn end(&self) {
        self.0.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl Inner {
    fn newest(&self) -> Option<String> {
        self.newest.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where an overlap before the newest step begins. A clock that runs ahead does not shorten it.
    fn overlap(&self, by: Millis) -> String {
        let newest = self.newest().map_or(0, |newest| id::time_of(&newest));
        id::floor(newest.min(self.clock.now()).saturating_sub(by))
    }
}

#[cfg(test)]
mod tests;
