//! Who is there: the agents as this replica knows them, in memory, with the newest word of the database behind it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// One agent.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// Its row.
    pub(crate) agent: Agent,
    /// Wakes the sender of its stream.
    pub(crate) wake: Arc<Notify>,
    /// Ends the sender of its stream.
    pub(crate) end: CancellationToken,
    /// What the agent says is taken in one thing after another: a registration is never overtaken by an answer that
    /// came after it.
    pub(crate) line: Arc<tokio::sync::Mutex<()>>,
}

/// Every agent that was ever there.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<HashMap<String, Known>>);

impl Registry {
    fn map(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes an agent's row in; a new session ends the sender of the one before.
    pub(crate) fn put(&self, agent: Agent) -> Known {
        let mut map = self.map();
        match map.get_mut(&agent.id) {
            Some(known) => {
                if known.agent.session != agent.session {
                    known.end.cancel();
                    known.end = CancellationToken::new();
                    known.wake = Arc::new(Notify::new());
                }
                known.agent = agent;
                known.clone()
            }
            None => {
                let known = Known {
                    agent,
                    wake: Arc::new(Notify::new()),
                    end: CancellationToken::new(),
                    line: Arc::default(),
                };
                map.insert(known.agent.id.clone(), known.clone());
                known
            }
        }
    }

    /// One agent.
    pub(crate) fn get(&self, id: &str) -> Option<Known> {
        self.map().get(id).cloned()
    }

    /// Every agent.
    pub(crate) fn all(&self) -> Vec<Agent> {
        self.map().values().map(|known| known.agent.clone()).collect()
    }

    /// The agents of these zones (none named: of all) that are connected or awaited, by id.
    pub(crate) fn there(&self, zones: &[String]) -> Vec<Agent> {
        let map = self.map();
        let mut there: Vec<Agent> = map
            .values()
            .map(|known| &known.agent)
            .filter(|agent| agent.presence != Presence::Gone)
            .filter(|agent| zones.is_empty() || zones.contains(&agent.zone))
            .cloned()
            .collect();
        there.sort_by(|a, b| a.id.cmp(&b.id));
        there
    }

    /// When an agent that is gone was still there; nothing if it is not gone. One that nobody has heard of is gone since
    /// ever.
    pub(crate) fn gone_since(&self, id: &str) -> Option<Millis> {
        match self.map().get(id) {
            Some(known) if known.agent.presence == Presence::Gone => {
                Some(known.agent.presence_since)
            }
            Some(_) => None,
            None => Some(0),
        }
    }

    /// A word came from a session.
    pub(crate) fn heard(&self, id: &str, session: &str, at: Millis) {
        if let Some(known) = self.map().get_mut(id)
            && known.agent.session == session
        {
            known.agent.last_seen = at;
        }
    }

    /// Wakes the senders of these agents.
    pub(crate) fn wake(&self, ids: &[&str]) {
        let map = self.map();
        for id in ids {
            if let Some(known) = map.get(*id) {
                known.wake.notify_one();
            }
        }
    }

    /// Ends every sender.
    pub(crate) fn end(&self) {
        for known in self.map().values() {
            known.end.cancel();
        }
    }
}
