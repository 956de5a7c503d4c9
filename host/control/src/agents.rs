//! Comings and goings of agents, and what they say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use async_trait::async_trait;
use host_core::BATCH_MAX;
use host_core::agent::{Agent, HeldAccount, OperationResult, Presence, Registration};
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::event::{AgentEvent, Event};
use host_core::port::link::{AgentEvents, RegistrationRefused, Session, Welcome};
use tracing::{info, warn};

use crate::batches::Concerning;
use crate::bridge::Bridge;
use crate::lessons::Taught;
use crate::registry::session;
use crate::units::Work;

impl Bridge {
    async fn register(&self, said: Registration) -> Result<Welcome, RegistrationRefused> {
        let shared = &self.shared;
        let now = shared.ports.clock.now();
        let settled =
            shared.registry.get(&said.agent).map_or(Presence::Gone, |known| known.agent.settled);
        let agent = Agent {
            id: said.agent.clone(),
            instance: said.instance,
            zone: said.zone.clone(),
            session: shared.ports.ids.next(),
            presence: Presence::Connected,
            presence_since: now,
            last_seen: now,
            settled,
            version: said.version,
            replica: shared.tuning.replica.clone(),
            changed: 0,
        };
        let refused = |error: StoreError| RegistrationRefused {
            reason: format!("the bridge cannot take agents in just now: {error}"),
            retry: true,
        };
        let wanted = shared.ports.memory.count_in_zone(said.zone.clone()).await.map_err(refused)?;
        let now = session(&agent);
        let written = shared.put_agent(agent, None).await.map_err(|error| {
            // The row may be written all the same, and then nobody has this session.
            shared.goodbyes.add(&now, shared.ports.clock.now());
            refused(error)
        })?;
        let agent = written.expect("a new session is written in any case");
        let (known, before) = shared.registry.replace(agent.clone());
        let line = known.line.lock().await;
        info!(agent = %agent.id, zone = %agent.zone, instance = %agent.instance, accounts = said.accounts.len(), "an agent registered");
        let settled = self.settle_joined(agent, said.accounts).await;
        drop(line);
        match settled {
            Ok(()) => Ok(Welcome { session: now.session, wanted }),
            Err(error) => {
                warn!(agent = %said.agent, "its registration was not taken in: {error}");
                self.turned_away(before, &now).await;
                Err(refused(error))
            }
        }
    }

    /// A registration is refused whose session is written down already. Nobody will ever close that session, and a stream
    /// that it took the agent from is not heard any more: it ends, so that whoever is at its end comes again.
    async fn turned_away(&self, before: Option<Session>, now: &Session) {
        if let Some(before) = before {
            self.shared.ports.link.overtaken(&before, &now.instance).await;
        }
        self.say_goodbye(now, self.shared.ports.clock.now()).await;
    }

    /// Everything that an agent's coming may concern, in batches.
    async fn settle_joined(
        &self,
        mut agent: Agent,
        accounts: Vec<HeldAccount>,
    ) -> Result<(), StoreError> {
        let named: BTreeSet<String> = accounts.iter().map(|held| held.account.clone()).collect();
        let says: HashMap<String, HeldAccount> =
            accounts.into_iter().map(|held| (held.account.clone(), held)).collect();
        let says = Arc::new(says);
        let mut batches = Concerning::new(&agent.id, &agent.zone, named);
        while let Some(accounts) = batches.next(&self.shared).await? {
            let event = Event::OnAgent {
                agent: agent.id.clone(),
                instance: agent.instance.clone(),
                event: AgentEvent::Joined,
                accounts,
            };
            let taught = Taught::Registered(Arc::clone(&says));
            let work = Work::plain(event).teaching(taught).said_by(&session(&agent));
            self.see_through(work).await?;
        }
        agent.settled = Presence::Connected;
        self.put_settled(agent).await
    }

    /// Sees an event through; the host's own trouble is an error, an item at fault is not.
    async fn see_through(&self, work: Work) -> Result<(), StoreError> {
        let report = self.shared.perform(work).await;
        match report.failed.iter().find_map(|(_, ended)| ended.is_the_hosts()) {
            Some(what) => Err(StoreError::Unavailable(what.to_owned())),
            None => Ok(()),
        }
    }

    /// Writes what is settled, if the agent has not come or gone again meanwhile.
    async fn put_settled(&self, agent: Agent) -> Result<(), StoreError> {
        let now = self.shared.registry.get(&agent.id).map(|known| known.agent);
        if now.is_some_and(|now| now.session == agent.session && now.presence == agent.presence) {
            let session = agent.session.clone();
            if let Some(agent) = self.shared.put_agent(agent, Some(&session)).await? {
                self.shared.registry.put(agent);
            }
        }
        Ok(())
    }

    /// An agent is gone, if this still is its newest session. Answers whether it was.
    pub(crate) async fn gone(&self, of: &Session, since: Millis) -> Result<bool, StoreError> {
        let shared = &self.shared;
        let (id, session) = (of.agent.as_str(), of.session.as_str());
        let Some(known) = shared.registry.get(id) else { return Ok(false) };
        let _line = known.line.lock().await;
        let Some(known) = shared.registry.get(id) else { return Ok(false) };
        if known.agent.session != session || known.agent.presence == Presence::Gone {
            return Ok(false);
        }
        known.end.cancel();
        // Whatever was settled of its coming: of its going nothing is.
        let agent = Agent {
            presence: Presence::Gone,
            presence_since: since,
            settled: Presence::Connected,
            ..known.agent.clone()
        };
        // Nothing is written if it is on another replica by now.
        let Some(agent) = shared.put_agent(agent, Some(session)).await? else { return Ok(false) };
        shared.registry.put(agent.clone());
        self.settle_left(agent).await;
        Ok(true)
    }

    pub(crate) async fn settle_left(&self, mut agent: Agent) {
        if let Err(error) = self.tell_left(&agent).await {
            // It stays unsettled: the next start takes it up, and the sweep finds its accounts before that.
            return warn!(agent = %agent.id, "its going is not settled yet: {error}");
        }
        agent.settled = Presence::Gone;
        if let Err(error) = self.put_settled(agent).await {
            warn!("what is settled was not written down: {error}");
        }
    }

    async fn tell_left(&self, agent: &Agent) -> Result<(), StoreError> {
        let mut batches = Concerning::new(&agent.id, &agent.zone, BTreeSet::new());
        while let Some(accounts) = batches.next(&self.shared).await? {
            let event = Event::OnAgent {
                agent: agent.id.clone(),
                instance: agent.instance.clone(),
                event: AgentEvent::Left,
                accounts,
            };
            self.see_through(Work::plain(event).said_by(&session(agent))).await?;
        }
        Ok(())
    }

    /// Takes answers in, also those that the bridge gives itself for what it cannot send.
    pub(crate) async fn take_results(
        &self,
        session: Session,
        results: Vec<OperationResult>,
    ) -> Vec<String> {
        let mut acknowledged = Vec::new();
        for part in each_account_once(results) {
            let accounts: Vec<String> = part.iter().map(|result| result.account.clone()).collect();
            let ids: Vec<(String, String)> =
                part.iter().map(|r| (r.account.clone(), r.operation.clone())).collect();
            let event = Event::OnAgent {
                agent: session.agent.clone(),
                instance: session.instance.clone(),
                event: AgentEvent::Reported(Vec::new()),
                accounts,
            };
            let taught = Taught::Results(Arc::new(part));
            let work = Work::plain(event).teaching(taught).said_by(&session);
            let failed = self.shared.perform(work).await.failed;
            let lost = |name: &str| {
                failed.iter().any(|(failed, ended)| failed == name && ended.is_not_taken_in())
            };
            let taken = ids.into_iter().filter(|(account, _)| !lost(account));
            acknowledged.extend(taken.map(|(_, operation)| operation));
        }
        acknowledged
    }

    /// Takes in what an agent saw by itself. Whether all of it is written down: a namespace or an account that is not
    /// has to be said again.
    async fn take_observations(&self, session: Session, seen: Vec<HeldAccount>) -> bool {
        let mut all = true;
        let namespaces: Vec<(String, String, Vec<String>)> = seen
            .iter()
            .filter_map(|says| Some((says.account.clone(), says.namespaces.clone()?)))
            .map(|(account, namespaces)| (account, session.agent.clone(), namespaces))
            .collect();
        if !namespaces.is_empty()
            && let Err(error) = self.shared.ports.memory.put_namespaces(namespaces).await
        {
            all = false;
            warn!(agent = %session.agent, "namespaces were not written down: {error}");
        }
        let newest: BTreeMap<String, HeldAccount> =
            seen.into_iter().map(|says| (says.account.clone(), says)).collect();
        let newest: Vec<HeldAccount> = newest.into_values().collect();
        for part in newest.chunks(BATCH_MAX) {
            let event = Event::OnAgent {
                agent: session.agent.clone(),
                instance: session.instance.clone(),
                event: AgentEvent::Reported(Vec::new()),
                accounts: part.iter().map(|says| says.account.clone()).collect(),
            };
            let taught = Taught::Observations(Arc::new(part.to_vec()));
            let work = Work::plain(event).teaching(taught).said_by(&session);
            let failed = self.shared.perform(work).await.failed;
            let lost = failed.iter().filter(|(_, ended)| ended.is_not_taken_in()).count();
            if lost > 0 {
                all = false;
                warn!(agent = %session.agent, accounts = lost, "observations were not taken in");
            }
        }
        all
    }

    /// Whether a session is the agent's newest.
    fn is_newest(&self, session: &Session) -> bool {
        let known = self.shared.registry.get(&session.agent);
        known.is_some_and(|known| known.agent.session == session.session)
    }
}

/// Batches in which each account stands once, in the order of the answers.
fn each_account_once(results: Vec<OperationResult>) -> Vec<Vec<OperationResult>> {
    let mut parts: Vec<Vec<OperationResult>> = Vec::new();
    let mut names: BTreeSet<String> = BTreeSet::new();
    for result in results {
        let full = parts.last().is_none_or(|part| part.len() >= BATCH_MAX);
        if full || names.contains(&result.account) {
            parts.push(Vec::new());
            names.clear();
        }
        names.insert(result.account.clone());
        if let Some(part) = parts.last_mut() {
            part.push(result);
        }
    }
    parts
}

#[async_trait]
impl AgentEvents for Bridge {
    async fn registered(&self, said: Registration) -> Result<Welcome, RegistrationRefused> {
        if self.shared.stop.is_cancelled() {
            let reason = "the bridge is stopping".to_owned();
            return Err(RegistrationRefused { reason, retry: true });
        }
        let bridge = self.clone();
        self.own(async move { bridge.register(said).await }).await.unwrap_or_else(|| {
            let reason = "the registration could not be taken in".to_owned();
            Err(RegistrationRefused { reason, retry: true })
        })
    }

    async fn opened(&self, session: Session) {
        let Some(known) = self.shared.registry.get(&session.agent) else { return };
        if known.agent.session != session.session {
            // It was overtaken while its registration was taken in, when there was no stream yet that could be ended.
            self.shared.ports.link.overtaken(&session, &known.agent.instance).await;
        } else if known.agent.presence != Presence::Connected {
            self.shared.register_again(&session).await;
        } else {
            self.spawn_sender(session, known);
        }
    }

    fn heard(&self, session: &Session) {
        let now = self.shared.ports.clock.now();
        self.shared.registry.heard(&session.agent, &session.session, now);
    }

    async fn results(&self, session: Session, results: Vec<OperationResult>) -> Vec<String> {
        let bridge = self.clone();
        let taken = self.own(async move {
            let Some(known) = bridge.shared.registry.get(&session.agent) else { return Vec::new() };
            let _line = known.line.lock().await;
            if !bridge.is_newest(&session) {
                return Vec::new();
            }
            bridge.take_results(session, results).await
        });
        taken.await.unwrap_or_default()
    }

    async fn observations(&self, session: Session, accounts: Vec<HeldAccount>) -> bool {
        let bridge = self.clone();
        let taken = self.own(async move {
            let Some(known) = bridge.shared.registry.get(&session.agent) else { return false };
            let _line = known.line.lock().await;
            bridge.is_newest(&session) && bridge.take_observations(session, accounts).await
        });
        taken.await.unwrap_or(false)
    }

    async fn closed(&self, session: Session) {
        // While the bridge stops, streams end because of it: that is not the agents' going.
        if self.shared.stop.is_cancelled() {
            return;
        }
        let bridge = self.clone();
        self.own(async move {
            bridge.say_goodbye(&session, bridge.shared.ports.clock.now()).await;
        })
        .await;
    }
}
