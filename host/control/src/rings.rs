//! Rings: what was committed here is told to the other replicas, so that they need not wait for their next look.
//!
//! One sender per replica: while one ring is on its way, what comes is put into the next. A replica that does not answer
//! delays nobody else, and loses nothing that its look would not find.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use host_core::port::replicas::{Replica, Ring};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::bridge::Shared;

/// What waits to be told to one replica.
#[derive(Debug, Default)]
struct Peer {
    waiting: Mutex<Ring>,
    more: Notify,
    end: CancellationToken,
}

/// All other replicas.
#[derive(Debug, Default)]
pub(crate) struct Rings(Mutex<BTreeMap<String, Arc<Peer>>>);

impl Rings {
    /// Something was committed here.
    pub(crate) fn add(&self, ring: &Ring) {
        let peers = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ring.is_empty() {
            return;
        }
        for peer in peers.values() {
            peer.waiting.lock().unwrap_or_else(PoisonError::into_inner).add(ring.clone());
            peer.more.notify_one();
        }
    }
}

impl Shared {
    /// These are the other replicas that live: senders begin and end with them.
    pub(crate) fn ring_at(self: &Arc<Self>, replicas: &[Replica]) {
        let mut peers = self.rings.0.lock().unwrap_or_else(PoisonError::into_inner);
        peers.retain(|base_url, peer| {
            let stays = replicas.iter().any(|replica| replica.base_url == *base_url);
            if !stays {
                peer.end.cancel();
            }
            stays
        });
        for replica in replicas {
            if !peers.contains_key(&replica.base_url) {
                let peer = Arc::new(Peer::default());
                peers.insert(replica.base_url.clone(), Arc::clone(&peer));
                let (shared, base_url) = (Arc::clone(self), replica.base_url.clone());
                self.tasks.spawn(async move { shared.ring_for_ever(&base_url, &peer).await });
            }
        }
    }

    async fn ring_for_ever(&self, base_url: &str, peer: &Peer) {
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return,
                () = peer.end.cancelled() => return,
                () = peer.more.notified() => {}
            }
            let ring =
                std::mem::take(&mut *peer.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            if ring.is_empty() {
                continue;
            }
            let taken = tokio::select! {
                biased;
                () = peer.end.cancelled() => return,
                taken = self.ports.peers.ring(base_url, ring) => taken,
            };
            if !taken {
                debug!(%base_url, "a replica did not take a ring; its next look finds what it said");
            }
        }
    }
}
