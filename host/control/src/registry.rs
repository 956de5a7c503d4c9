//! Who is there: the agents as this replica knows them, in memory, with the newest word of the database behind it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::port::link::Session;
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

/// What other replicas' rows mean for streams of this one.
#[derive(Debug)]
pub(crate) enum TakenIn {
    /// This session of ours is over: the agent has another one.
    Overtaken(Session, Agent),
    /// This session of ours was given up by another replica.
    GivenUp(Session),
}

/// Every agent that was ever there.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    agents: Mutex<BTreeMap<String, Known>>,
    /// The count of changes up to which other replicas' rows are taken in.
    seen: AtomicU64,
    /// Ends every sender, also those that are still to begin.
    end: CancellationToken,
}

impl Registry {
    fn map(&self) -> MutexGuard<'_, BTreeMap<String, Known>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The count of changes up to which everything is known.
    pub(crate) fn seen(&self) -> u64 {
        self.seen.load(Ordering::SeqCst)
    }

    /// Everything up to this count is known already.
    pub(crate) fn start_at(&self, seen: u64) {
        self.seen.store(seen, Ordering::SeqCst);
    }

    /// Takes rows in, in the order of their changes. Answers what they mean for streams of this replica.
    pub(crate) fn take_in(&self, rows: Vec<Agent>, replica: &str) -> Vec<TakenIn> {
        let mut taken = Vec::new();
        let seen = rows.iter().map(|row| row.changed).max().unwrap_or_default();
        for row in rows {
            let before = self.get(&row.id).map(|known| known.agent);
            if before.as_ref().is_some_and(|before| before.changed >= row.changed) {
                continue;
            }
            if let Some(before) = before.filter(|before| before.replica == replica) {
                let session = session(&before);
                if before.session != row.session {
                    taken.push(TakenIn::Overtaken(session, row.clone()));
                } else if before.presence == Presence::Connected
                    && row.presence != Presence::Connected
                {
                    taken.push(TakenIn::GivenUp(session));
                }
            }
            self.put(row);
        }
        self.seen.fetch_max(seen, Ordering::SeqCst);
        taken
    }

    /// Takes an agent's row in; a new session ends the sender of the one before. A row that was written before the one
    /// that is known changes nothing: whoever wrote it was overtaken on his way back. Answers what is known now.
    pub(crate) fn put(&self, agent: Agent) -> Known {
        self.replace(agent).0
    }

    /// The same, and answers the session that it took the agent from, if it did.
    pub(crate) fn replace(&self, agent: Agent) -> (Known, Option<Session>) {
        let mut map = self.map();
        let mut before = None;
        let known = match map.get_mut(&agent.id) {
            Some(known) if known.agent.changed > agent.changed => known.clone(),
            Some(known) => {
                if known.agent.session != agent.session {
                    before = Some(session(&known.agent));
                    known.end.cancel();
                    known.end = self.end.child_token();
                    known.wake = Arc::new(Notify::new());
                }
                known.agent = agent;
                known.clone()
            }
            None => {
                let known = Known {
                    agent,
                    wake: Arc::new(Notify::new()),
                    end: self.end.child_token(),
                    line: Arc::default(),
                };
                map.insert(known.agent.id.clone(), known.clone());
                known
            }
        };
        (known, before)
    }

    /// One agent.
    pub(crate) fn get(&self, id: &str) -> Option<Known> {
        self.map().get(id).cloned()
    }

    /// Every agent, by id.
    pub(crate) fn all(&self) -> Vec<Agent> {
        let mut all: Vec<Agent> = self.map().values().map(|known| known.agent.clone()).collect();
        all.sort_by(|one, other| one.id.cmp(&other.id));
        all
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

    /// The agents with a stream at this replica that have said something since a time: id, count of changes, when.
    pub(crate) fn heard_since(&self, replica: &str, since: Millis) -> Vec<(String, u64, Millis)> {
        let map = self.map();
        let ours = map.values().map(|known| &known.agent).filter(|agent| agent.replica == replica);
        ours.filter(|agent| agent.presence == Presence::Connected && agent.last_seen > since)
            .map(|agent| (agent.id.clone(), agent.changed, agent.last_seen))
            .collect()
    }

    /// Wakes the senders of these agents.
    pub(crate) fn wake(&self, ids: &BTreeSet<String>) {
        let map = self.map();
        for id in ids {
            if let Some(known) = map.get(id) {
                known.wake.notify_one();
            }
        }
    }

    /// Ends every sender, for good.
    pub(crate) fn end(&self) {
        self.end.cancel();
    }
}

/// The session of an agent's row.
pub(crate) fn session(agent: &Agent) -> Session {
    Session {
        agent: agent.id.clone(),
        instance: agent.instance.clone(),
        session: agent.session.clone(),
    }
}

#[cfg(test)]
mod tests {
    use host_core::agent::{Agent, Presence};

    use super::Registry;

    fn agent(session: &str, presence: Presence, changed: u64) -> Agent {
        Agent {
            id: "a".into(),
            instance: "i".into(),
            zone: "eu".into(),
            session: session.into(),
            presence,
            presence_since: 0,
            last_seen: 0,
            settled: Presence::Gone,
            version: String::new(),
            replica: "bridge-0".into(),
            changed,
        }
    }

    #[test]
    fn a_good_bye_that_was_overtaken_on_its_way_back_changes_nothing() {
        let registry = Registry::default();
        registry.put(agent("s2", Presence::Connected, 2));
        let known = registry.put(agent("s1", Presence::Gone, 1));
        assert_eq!(
            (known.agent.session.as_str(), known.agent.presence),
            ("s2", Presence::Connected)
        );
        assert_eq!(registry.gone_since("a"), None);
    }

    #[test]
    fn a_sender_that_begins_while_the_bridge_stops_ends_at_once() {
        let registry = Registry::default();
        registry.end();
        assert!(registry.put(agent("s1", Presence::Connected, 1)).end.is_cancelled());
        assert!(registry.put(agent("s2", Presence::Connected, 2)).end.is_cancelled());
    }
}
