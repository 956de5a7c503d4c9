//! This replica among the others: it says that it lives, and knows who else does. The keeper finds out who does not.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::replicas::{Replica, Ring};
use tracing::{info, warn};

use crate::bridge::{ASKED_FOR, Bridge, Shared, later};
use crate::registry::session;

/// The beats of replicas, and since when each stands still on our clock.
#[derive(Debug, Default)]
pub(crate) struct Beats(Mutex<HashMap<String, (u64, Millis)>>);

impl Beats {
    /// Since when a replica's beat stands still; `beat` is what its row says now, 0 if it has none.
    fn still_since(&self, id: &str, beat: u64, now: Millis) -> Millis {
        let mut beats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let seen = beats.entry(id.to_owned()).or_insert((beat, now));
        if seen.0 != beat {
            *seen = (beat, now);
        }
        seen.1
    }

    fn forget(&self, id: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }
}

impl Bridge {
    /// Says that this replica lives until the bridge stops, then that it is gone.
    pub(crate) async fn lives(&self) {
        let shared = &self.shared;
        let mut beat = 0;
        loop {
            beat += 1;
            if let Err(error) = shared.live(beat).await {
                warn!("the other replicas do not hear that this one lives: {error}");
            }
            let next = later(shared.ports.clock.now(), shared.tuning.lease_ttl_ms / 5);
            tokio::select! {
                biased;
                () = shared.stop.cancelled() => break,
                () = shared.ports.clock.sleep_until(next) => {}
            }
        }
        let gone = shared.ports.replicas.remove_replica(shared.tuning.replica.clone(), beat);
        if let Err(error) = gone.await {
            warn!("the other replicas do not hear that this one stops: {error}");
        }
    }

    /// Ends an agent's stream, wherever it is. Answers whether somebody who has it has heard so.
    pub(crate) async fn end_stream(&self, agent: &str) -> bool {
        let shared = &self.shared;
        if shared.ports.link.disconnect(agent, ASKED_FOR).await {
            return true;
        }
        let Some(known) = shared.registry.get(agent) else { return false };
        let (id, there) = (known.agent.replica, known.agent.presence == Presence::Connected);
        if !there || !shared.several {
            return false;
        }
        let Ok(replicas) = shared.ports.replicas.replicas().await else { return false };
        let Some(replica) = replicas.into_iter().find(|replica| replica.id == id) else {
            return false;
        };
        let ring = Ring { disconnect: [agent.to_owned()].into(), ..Ring::default() };
        shared.ports.peers.ring(&replica.base_url, ring).await
    }

    /// Agents that do not come back, and replicas that died: for ever, by the keeper.
    pub(crate) async fn watch(&self) {
        loop {
            if let Err(error) = self.watch_once().await {
                warn!("who is gone is not known: {error}");
            }
            let shared = &self.shared;
            let now = shared.ports.clock.now();
            let step = later(now, shared.tuning.lease_ttl_ms / 5);
            let next = self.next_given_up().filter(|at| *at > now).map_or(step, |at| at.min(step));
            shared.ports.clock.sleep_until(next).await;
        }
    }

    /// When the next awaited agent is given up.
    fn next_given_up(&self) -> Option<Millis> {
        let awaited = self.shared.registry.all().into_iter();
        let awaited = awaited.filter(|agent| agent.presence == Presence::Awaited);
        awaited.map(|agent| self.given_up_at(&agent)).min()
    }

    fn given_up_at(&self, agent: &Agent) -> Millis {
        later(agent.presence_since, self.shared.tuning.settings.get().agents_grace_ms)
    }

    async fn watch_once(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        shared.refresh().await?;
        if shared.several {
            self.bury_the_dead().await?;
        }
        let now = shared.ports.clock.now();
        for agent in shared.registry.all() {
            match agent.presence {
                Presence::Awaited if now >= self.given_up_at(&agent) => {
                    info!(agent = %agent.id, "not back after its replica's end: gone");
                    self.gone(&session(&agent), agent.presence_since).await?;
                }
                Presence::Gone if agent.settled != Presence::Gone => {
                    // Its replica may be about to: then this finds nothing to do.
                    let settle = self.clone();
                    self.own(async move { settle.settle_left(agent).await }).await;
                }
                Presence::Awaited | Presence::Connected | Presence::Gone => {}
            }
        }
        Ok(())
    }

    /// Replicas whose beat stands still are dead: their agents are awaited, their half-begun requests end.
    async fn bury_the_dead(&self) -> Result<(), StoreError> {
        let shared = &self.shared;
        let rows = shared.ports.replicas.replicas().await?;
        let mut ids: Vec<(String, u64)> =
            rows.iter().map(|replica| (replica.id.clone(), replica.beat)).collect();
        for agent in shared.registry.all() {
            let connected = agent.presence == Presence::Connected;
            if connected && !ids.iter().any(|(id, _)| *id == agent.replica) {
                ids.push((agent.replica, 0));
            }
        }
        let now = shared.ports.clock.now();
        let patience = shared.tuning.lease_ttl_ms / 10 * 7;
        for (id, beat) in ids {
            let since = shared.beats.still_since(&id, beat, now);
            if id == shared.tuning.replica || now < later(since, patience) {
                continue;
            }
            warn!(replica = %id, "a replica is gone; its agents are awaited");
            let closed = shared.ports.records.close_half_begun(id.clone(), Millis::MAX).await?;
            if closed > 0 {
                warn!(replica = %id, requests = closed, "it had not begun all items of these; they have the rest only");
            }
            self.await_agents_of(&id, now).await?;
            shared.ports.replicas.remove_replica(id.clone(), beat).await?;
            shared.beats.forget(&id);
        }
        Ok(())
    }

    async fn await_agents_of(&self, replica: &str, now: Millis) -> Result<(), StoreError> {
        let shared = &self.shared;
        // As the rows are now: what was heard of them lately is not told to other replicas.
        for agent in shared.ports.memory.agents().await? {
            if agent.presence != Presence::Connected || agent.replica != replica {
                continue;
            }
            let session = agent.session.clone();
            let awaited = Agent { presence: Presence::Awaited, presence_since: now, ..agent };
            if let Some(awaited) = shared.put_agent(awaited, Some(&session)).await? {
                shared.registry.put(awaited);
            }
        }
        Ok(())
    }
}

impl Shared {
    /// Writes this replica's row, and learns who else lives.
    async fn live(self: &Arc<Self>, beat: u64) -> Result<(), StoreError> {
        self.ports.replicas.put_replica(self.replica(beat)).await?;
        let mut others = self.ports.replicas.replicas().await?;
        others.retain(|other| other.id != self.tuning.replica);
        self.ring_at(&others);
        Ok(())
    }

    /// This replica.
    fn replica(&self, beat: u64) -> Replica {
        Replica {
            id: self.tuning.replica.clone(),
            base_url: self.tuning.base_url.clone(),
            version: self.tuning.version.clone(),
            beat,
            started_at: self.started_at,
            last_updated: self.ports.clock.now(),
            ready: !self.stop.is_cancelled(),
        }
    }

    /// Every replica that has a row, or this one alone where there can be no other.
    pub(crate) async fn all_replicas(&self) -> Result<Vec<Replica>, StoreError> {
        match self.several {
            true => self.ports.replicas.replicas().await,
            false => Ok(vec![self.replica(0)]),
        }
    }
}
