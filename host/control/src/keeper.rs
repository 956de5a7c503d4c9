//! The keeper: the one replica that does what only one should do, under a lease.
//!
//! What is due, the slow pass, replicas and agents that did not come back, and what has been kept long enough. The lease
//! is compared and swapped; its beat moves for as long as the holder lives, and whoever sees it stand still takes over.
//! The fencing number goes with every unit that is decided under the lease, so that a holder who was only asleep changes
//! nothing when he wakes.
//!
//! All times are parts of `lease.ttl`, measured on the clock of whoever waits: the holder moves the beat every fifth and
//! stops by himself when he could not for a half; another takes over when it stood still for seven tenths.

use std::sync::Arc;

use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::replicas::Lease;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::bridge::{Bridge, later};

/// The lease that this is about.
const KEEPER: &str = "keeper";

/// What is done under a lease: its name and fencing number. Nothing, where there can be no other replica.
pub(crate) type Held = Option<(String, u64)>;

/// A lease as somebody else has it, and since when it stands still.
#[derive(Debug)]
struct Watched {
    lease: Lease,
    since: Millis,
}

impl Bridge {
    /// Keeps, or waits for its turn, until the bridge stops.
    pub(crate) async fn keeper(&self) {
        let stop = self.shared.stop.clone();
        if !self.shared.several {
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = self.keep(None) => {}
            }
            return;
        }
        let mut watched = None;
        while !stop.is_cancelled() {
            match self.turn(&mut watched).await {
                Ok(Some(lease)) => {
                    watched = None;
                    self.hold(lease).await;
                }
                Ok(None) => {}
                Err(error) => warn!("who keeps is not known: {error}"),
            }
            let next = later(self.shared.ports.clock.now(), self.shared.tuning.lease_ttl_ms / 10);
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = self.shared.ports.clock.sleep_until(next) => {}
            }
        }
    }

    /// Takes the lease, if it is free or its holder is gone.
    async fn turn(&self, watched: &mut Option<Watched>) -> Result<Option<Lease>, StoreError> {
        let shared = &self.shared;
        let seen = shared.ports.replicas.lease(KEEPER.to_owned()).await?;
        let now = shared.ports.clock.now();
        let me = &shared.tuning.replica;
        let free = match &seen {
            None => true,
            Some(lease) if lease.holder.is_empty() || lease.holder == *me => true,
            Some(lease) => match watched {
                Some(watched) if watched.lease == *lease => {
                    now >= later(watched.since, shared.tuning.lease_ttl_ms / 10 * 7)
                }
                _ => {
                    *watched = Some(Watched { lease: lease.clone(), since: now });
                    false
                }
            },
        };
        if !free {
            return Ok(None);
        }
        let fence = seen.as_ref().map_or(0, |lease| lease.fence) + 1;
        let lease = Lease { name: KEEPER.to_owned(), holder: me.clone(), fence, beat: 0 };
        let taken = shared.ports.replicas.swap_lease(seen, lease.clone()).await?;
        if taken {
            info!(fence, "this replica keeps now");
        }
        Ok(taken.then_some(lease))
    }

    /// Does what the keeper does until the lease is lost or the bridge stops, and gives it back then.
    async fn hold(&self, lease: Lease) {
        let lost = CancellationToken::new();
        let kept = self.keep(Some((lease.name.clone(), lease.fence)));
        let beats = self.beats(lease, &lost);
        tokio::pin!(kept, beats);
        let lease = tokio::select! {
            biased;
            lease = &mut beats => lease,
            () = &mut kept => return,
        };
        let Some(lease) = lease else {
            warn!(
                "this replica does not keep any more: another one has the lease, or the database does not answer"
            );
            return;
        };
        let back = Lease { holder: String::new(), ..lease.clone() };
        if let Err(error) = self.shared.ports.replicas.swap_lease(Some(lease), back).await {
            warn!("the lease was not given back; it is taken over in a while: {error}");
        }
    }

    /// Moves the beat. Answers the lease as it is if the bridge stops, and nothing if it is lost.
    async fn beats(&self, mut lease: Lease, lost: &CancellationToken) -> Option<Lease> {
        let shared = &self.shared;
        let ttl = shared.tuning.lease_ttl_ms;
        let mut held = shared.ports.clock.now();
        loop {
            let asked = shared.ports.clock.now();
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => return Some(lease),
                () = shared.ports.clock.sleep_until(later(asked, ttl / 5)) => {}
            }
            let asked = shared.ports.clock.now();
            let next = Lease { beat: lease.beat + 1, ..lease.clone() };
            let swap = shared.ports.replicas.swap_lease(Some(lease.clone()), next.clone());
            match swap.await {
                Ok(true) => {
                    held = asked;
                    lease = next;
                }
                Ok(false) => break,
                Err(error) => {
                    warn!("the lease was not renewed: {error}");
                    // Whether the beat moved is not known: what stands there tells.
                    if let Ok(Some(there)) = shared.ports.replicas.lease(lease.name.clone()).await
                        && there == next
                    {
                        held = asked;
                        lease = next;
                    }
                }
            }
            if shared.ports.clock.now() >= later(held, ttl / 2) {
                break;
            }
        }
        lost.cancel();
        None
    }

    /// Everything that only one replica does.
    async fn keep(&self, held: Held) {
        let (due, sweeps, watch) = (self.due(&held), self.sweeps(&held), self.watch());
        let _never: ((), (), (), ()) = tokio::join!(due, sweeps, watch, self.housekeeping());
    }
}

/// Spawns what a replica does by itself for as long as it lives, the keeper among it.
pub(crate) fn spawn(bridge: &Bridge) {
    let (keeper, heard, goodbyes) = (bridge.clone(), bridge.clone(), bridge.clone());
    bridge.shared.tasks.spawn(async move { heard.hears().await });
    bridge.shared.tasks.spawn(async move { goodbyes.say_again().await });
    bridge.shared.tasks.spawn(async move { keeper.keeper().await });
    if bridge.shared.several {
        let shared = Arc::clone(&bridge.shared);
        bridge.shared.tasks.spawn(async move {
            let stop = shared.stop.clone();
            tokio::select! {
                biased;
                () = stop.cancelled() => {}
                () = shared.looks() => {}
            }
        });
        let replica = bridge.clone();
        bridge.shared.tasks.spawn(async move { replica.lives().await });
    }
}
