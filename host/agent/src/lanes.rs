//! Two lanes for work that waits for servers: a quick one with few places, where work may stay for a second, and a slow one
//! for what is still waiting then. So servers that are silent keep nobody from those that answer, however many there are,
//! and all of it is bounded: nothing that waits for a place is under way.
//!
//! One server's work may take a quarter of each lane. Work for a server that was silent the last time does not begin in the
//! quick lane: each silent server costs one place there for one second, and no more until it has answered again. Where the
//! slow lane is full, work that was too long in the quick one is given up, and begun anew when its turn comes.

mod servers;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::surroundings::Surroundings;
use servers::{Server, Servers};

/// How long work keeps its place in the quick lane, in milliseconds.
const PATIENCE_MS: u64 = 1_000;

/// How many places the slow lane has for each of the quick one: what waits there costs a socket and little else.
const SLOW: usize = 4;

/// The part of a lane that the work for one server may take.
const SHARE: usize = 4;

/// The lanes.
#[derive(Debug, Clone)]
pub struct Lanes {
    quick: Arc<Semaphore>,
    slow: Arc<Semaphore>,
    servers: Arc<Servers>,
}

/// A place in a lane, within the share of a server. A semaphore that is closed would let everybody in; none ever is.
#[derive(Debug)]
struct Place {
    _share: Option<OwnedSemaphorePermit>,
    _lane: Option<OwnedSemaphorePermit>,
}

/// Where work begins.
#[derive(Debug)]
enum Entered {
    Quick(Place),
    Slow(Place),
}

impl Lanes {
    /// Lanes with so many quick places, and four times as many slow ones.
    #[must_use]
    pub fn new(quick: usize) -> Self {
        let quick = quick.min(Semaphore::MAX_PERMITS);
        let slow = quick.saturating_mul(SLOW).min(Semaphore::MAX_PERMITS);
        let share = |places: usize| (places / SHARE).max(1);
        Self {
            quick: Arc::new(Semaphore::new(quick)),
            slow: Arc::new(Semaphore::new(slow)),
            servers: Arc::new(Servers::new(share(quick), share(slow))),
        }
    }

    /// Has work done that waits for a server, when there is a place for it; who came first goes first. The work may be
    /// given up and begun a second time, so it must change nothing before it is done.
    pub async fn pass<T, F: Future<Output = T>>(
        &self,
        surroundings: &dyn Surroundings,
        server: &str,
        begin: impl Fn() -> F,
    ) -> T {
        let server = self.servers.named(server);
        let place = match self.enter(&server).await {
            Entered::Slow(place) => place,
            Entered::Quick(place) => {
                match self.quickly(surroundings, &server, place, begin()).await {
                    Some(done) => return done,
                    None => take(&self.slow, &server.slow).await,
                }
            }
        };
        let began = surroundings.now();
        let done = begin().await;
        if surroundings.now().saturating_sub(began) < PATIENCE_MS {
            server.is_silent(false);
        }
        drop(place);
        done
    }

    /// Waits for a place in the lane that is right for the server. Whoever waits changes over when it falls silent, or
    /// answers again.
    async fn enter(&self, server: &Server) -> Entered {
        let mut silent = server.silent.subscribe();
        loop {
            let slow = *silent.borrow_and_update();
            let (lane, share) =
                if slow { (&self.slow, &server.slow) } else { (&self.quick, &server.quick) };
            tokio::select! {
                biased;
                _ = silent.changed() => {}
                place = take(lane, share) => {
                    return if slow { Entered::Slow(place) } else { Entered::Quick(place) };
                }
            }
        }
    }

    /// Does work at a quick place, and goes on with it at a slow one if it takes longer than a second. Nothing, if there is
    /// no slow one: it is given up.
    async fn quickly<T>(
        &self,
        surroundings: &dyn Surroundings,
        server: &Server,
        place: Place,
        work: impl Future<Output = T>,
    ) -> Option<T> {
        let mut work = pin!(work);
        let patience = surroundings.now().saturating_add(PATIENCE_MS);
        tokio::select! {
            biased;
            done = &mut work => {
                server.is_silent(false);
                return Some(done);
            }
            () = surroundings.sleep_until(patience) => {}
        }
        server.is_silent(true);
        let slow = take_now(&self.slow, &server.slow)?;
        drop(place);
        let done = work.await;
        drop(slow);
        Some(done)
    }
}

/// Waits for a place: first within the server's share, so that nobody else waits behind what one server may not have yet.
async fn take(lane: &Arc<Semaphore>, share: &Arc<Semaphore>) -> Place {
    let share = Arc::clone(share).acquire_owned().await.ok();
    Place { _share: share, _lane: Arc::clone(lane).acquire_owned().await.ok() }
}

/// A place, if there is one now.
fn take_now(lane: &Arc<Semaphore>, share: &Arc<Semaphore>) -> Option<Place> {
    let share = Arc::clone(share).try_acquire_owned().ok()?;
    let lane = Arc::clone(lane).try_acquire_owned().ok()?;
    Some(Place { _share: Some(share), _lane: Some(lane) })
}

#[cfg(test)]
mod tests;
