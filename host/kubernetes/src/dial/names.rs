//! Names become addresses as on the rest of this machine: by its own resolver, with its hosts file, its search domains and
//! whatever else it is told to ask, so that an agent finds what `kubectl` finds beside it.
//!
//! That resolver cannot be interrupted: a name that hangs keeps a thread until the system gives it up. So a name is
//! looked up once for all who ask at the same time, goes on being looked up when nobody waits any more, and is remembered
//! for seconds. A lookup that takes longer than a second leaves the places of the others, and a name whose last lookup did
//! so does not take one of them again.

use std::collections::HashMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use host_agent::Surroundings;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};

use crate::faults::kind;

/// How many names are looked up at once, and how many more that hang. Together they are far fewer than the threads that
/// there may be for such things.
const LOOKUPS: usize = 64;
const HANGING: usize = 128;

/// How long a lookup takes at most that does not hang, in milliseconds.
const PATIENCE_MS: u64 = 1_000;

/// How long addresses are remembered, and how long it is that there are none, in milliseconds. The second is over before a
/// failed look is repeated.
const FOUND_MS: u64 = 5_000;
const FAILED_MS: u64 = 2_000;

/// How many names are remembered without being looked through for those that need not be.
const REMEMBERED: usize = 4_096;

/// What came of a name: its addresses, or why there are none.
pub(super) type Answer = Result<Arc<[IpAddr]>, String>;

/// Whoever knows the addresses of names.
pub(super) trait Resolver: Debug + Send + Sync {
    /// The addresses of a name. Nothing is done before the future is polled.
    fn addresses(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>>;
}

/// The resolver of this machine.
#[derive(Debug)]
pub(super) struct System;

impl Resolver for System {
    fn addresses(&self, name: String) -> BoxFuture<'static, std::io::Result<Vec<IpAddr>>> {
        async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// A lookup that is over.
#[derive(Debug, Clone)]
struct Found {
    answer: Answer,
    /// Until when it counts.
    until: u64,
    hung: bool,
}

/// A lookup, under way or over.
type Lookup = watch::Receiver<Option<Found>>;

/// The names that are looked up, and those that were.
#[derive(Debug)]
pub(super) struct Names {
    surroundings: Arc<dyn Surroundings>,
    resolver: Arc<dyn Resolver>,
    lookups: Arc<Semaphore>,
    hanging: Arc<Semaphore>,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    lookups: HashMap<String, Lookup>,
    /// When there are so many, those that nobody needs are forgotten.
    most: usize,
}

impl Names {
    pub(super) fn new(surroundings: Arc<dyn Surroundings>, resolver: Arc<dyn Resolver>) -> Self {
        Self {
            surroundings,
            resolver,
            lookups: Arc::new(Semaphore::new(LOOKUPS)),
            hanging: Arc::new(Semaphore::new(HANGING)),
            known: Mutex::new(Known { lookups: HashMap::new(), most: REMEMBERED }),
        }
    }

    /// The addresses of a name.
    ///
    /// # Errors
    /// Why there are none.
    pub(super) async fn find(self: &Arc<Self>, name: &str) -> Answer {
        let mut lookup = self.lookup(name);
        let found = lookup.wait_for(Option::is_some).await;
        // A lookup that ends without having found anything has panicked.
        let found = found.ok().and_then(|found| found.as_ref().map(|found| found.answer.clone()));
        found.unwrap_or_else(|| Err("the resolver failed".to_owned()))
    }

    /// The lookup of this name that is under way, or was just over, or is begun now.
    fn lookup(self: &Arc<Self>, name: &str) -> Lookup {
        let now = self.surroundings.now();
        // Nothing panics while it is held, and it is whole after every call.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let last = known.lookups.get(name);
        if let Some(last) = last.filter(|last| counts(last, now)) {
            return last.clone();
        }
        let hung = last.is_some_and(hung);
        known.forget(now);
        let (tell, lookup) = watch::channel(None);
        known.lookups.insert(name.to_owned(), lookup.clone());
        // In a task of its own: the thread is kept also when nobody waits, and its place with it.
        tokio::spawn(Arc::clone(self).look_up(name.to_owned(), hung, tell));
        lookup
    }

    async fn look_up(
        self: Arc<Self>,
        name: String,
        hung_before: bool,
        tell: watch::Sender<Option<Found>>,
    ) {
        let place = take(if hung_before { &self.hanging } else { &self.lookups }).await;
        let began = self.surroundings.now();
        let addresses = self.resolver.addresses(name);
        let found = if hung_before {
            addresses.await
        } else {
            self.making_room(place, began + PATIENCE_MS, addresses).await
        };
        let now = self.surroundings.now();
        let kept = if found.is_ok() { FOUND_MS } else { FAILED_MS };
        let answer = found.map(Arc::from).map_err(|error| kind(&error));
        let hung = now.saturating_sub(began) >= PATIENCE_MS;
        tell.send_replace(Some(Found { answer, until: now + kept, hung }));
    }

    /// Goes on with a lookup that hangs at a place among such, as soon as there is one.
    async fn making_room<T>(
        &self,
        place: Option<OwnedSemaphorePermit>,
        patience: u64,
        mut lookup: BoxFuture<'static, T>,
    ) -> T {
        tokio::select! {
            biased;
            found = &mut lookup => return found,
            () = self.surroundings.sleep_until(patience) => {}
        }
        tokio::select! {
            biased;
            found = &mut lookup => found,
            hanging = take(&self.hanging) => {
                drop(place);
                let found = lookup.await;
                drop(hanging);
                found
            }
        }
    }
}

impl Known {
    /// Forgets names that say nothing any more, if there are many: those that hung last of all.
    fn forget(&mut self, now: u64) {
        if self.lookups.len() < self.most {
            return;
        }
        self.lookups.retain(|_, lookup| counts(lookup, now) || hung(lookup));
        if self.lookups.len() >= self.most {
            self.lookups.retain(|_, lookup| counts(lookup, now));
        }
        self.most = self.lookups.len().saturating_mul(2).max(REMEMBERED);
    }
}

/// Whether a lookup is under way, or over so shortly that nobody asks again.
fn counts(lookup: &Lookup, now: u64) -> bool {
    match &*lookup.borrow() {
        Some(found) => now < found.until,
        // Whoever would have told may have panicked.
        None => lookup.has_changed().is_ok(),
    }
}

fn hung(lookup: &Lookup) -> bool {
    lookup.borrow().as_ref().is_some_and(|found| found.hung)
}

/// A place. The semaphore is never closed; a closed one would let everybody in.
async fn take(places: &Arc<Semaphore>) -> Option<OwnedSemaphorePermit> {
    Arc::clone(places).acquire_owned().await.ok()
}

#[cfg(test)]
mod tests;
