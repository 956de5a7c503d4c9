//! A bridge in a scripted world: the real one, with everything around it in memory and time that moves only when told.
//!
//! One [`World`] is one database, one bridge on it (which can be killed and started again), the agents, and what the
//! sources have. The bridge runs in a runtime of one thread, which is driven until nothing is left to be done: then all
//! that happens by itself has happened. Requests go through the real router of the HTTP API.

mod agent;
mod clock;
mod door;
mod ids;
mod link;
mod recorder;
mod replica;
mod sources;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use host_control::Member;
use host_control::intake::{Asked, AskedItem, Intake as _};
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::event::{Action as EventAction, Event};
use host_core::port::lifecycle::Lifecycle;
use host_core::port::link::AgentEvents;
use host_core::port::time::Clock as _;
use host_core::port::vault::Vault as _;
use host_core::record::Record;
use host_core::settings::{InForce, Settings};

pub use agent::{ScriptedAgent, ScriptedAnswer, Seen, Sent};
pub use clock::{BEGIN, ScriptedClock};
pub use door::HttpAnswer;
pub use ids::SeededIds;
pub use link::{MemoryLink, Said};
pub use recorder::Calls;
pub use sources::{AnySecret, Offered, ScriptedSources};

use self::replica::Replica;
use crate::store::MemoryStore;
use crate::tables::AccountRow;

/// An operation that an agent was sent, as an expectation counts it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The agent.
    pub agent: String,
    /// What it was sent.
    pub sent: Sent,
}

/// What a world begins with.
#[derive(Debug, Clone)]
pub struct Beginning {
    /// The module that decides.
    pub lifecycle: Arc<dyn Lifecycle>,
    /// The settings in force.
    pub settings: Settings,
    /// How long an agent may be silent, in milliseconds (`agents.timeout`).
    pub timeout_ms: u64,
    /// What the sources have.
    pub offered: Offered,
    /// The chain of policies.
    pub policies: Vec<Member>,
    /// Rows that stand in the table already.
    pub rows: Vec<AccountRow>,
    /// The seed of ids and chance.
    pub seed: u64,
}

/// Why a step could not be taken: the scenario asks for what cannot be.
pub type Impossible = String;

/// A world.
#[derive(Debug)]
pub struct World {
    /// The database.
    pub store: MemoryStore,
    /// The calls of modules so far.
    pub calls: Calls,
    /// The clock.
    pub clock: ScriptedClock,
    /// What the sources have.
    pub sources: ScriptedSources,
    settings: InForce,
    timeout_ms: u64,
    replica: Replica,
    agents: BTreeMap<String, ScriptedAgent>,
    /// When the stream of a silent agent ends.
    silences: BTreeMap<String, Millis>,
    instances: u64,
    delivered: Vec<Delivered>,
}

impl World {
    /// A world in which the bridge has started and nobody else is there.
    ///
    /// # Errors
    /// Why the bridge does not start.
    pub fn new(beginning: Beginning) -> Result<Self, Impossible> {
        let clock = ScriptedClock::default();
        let store = MemoryStore::new(false);
        let (calls, sources) = (Calls::default(), ScriptedSources::default());
        sources.set(beginning.offered);
        let settings = InForce::new(beginning.settings);
        let ids = Arc::new(SeededIds::new(clock.clone(), beginning.seed));
        replica::seat(&store, &*beginning.lifecycle);
        store.with(|tables| beginning.rows.into_iter().for_each(|row| tables.put_account(row)));
        let replica = Replica::new(replica::Around {
            store: store.clone(),
            clock: clock.clone(),
            ids,
            calls: calls.clone(),
            sources: sources.clone(),
            settings: settings.clone(),
            lifecycle: beginning.lifecycle,
            policies: beginning.policies,
        })?;
        let mut world = Self {
            store,
            calls,
            clock,
            sources,
            settings,
            timeout_ms: beginning.timeout_ms,
            replica,
            agents: BTreeMap::new(),
            silences: BTreeMap::new(),
            instances: 0,
            delivered: Vec::new(),
        };
        world.settle();
        Ok(world)
    }

    /// Now.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// The agents, by id.
    #[must_use]
    pub fn agents(&self) -> &BTreeMap<String, ScriptedAgent> {
        &self.agents
    }

    /// Everything that was sent to agents since this was asked last.
    pub fn take_delivered(&mut self) -> Vec<Delivered> {
        std::mem::take(&mut self.delivered)
    }

    /// Other settings are in force from now on.
    pub fn set_settings(&mut self, settings: Settings, timeout_ms: u64) {
        self.settings.set(settings);
        self.timeout_ms = timeout_ms;
    }

    /// Other policies are asked from now on.
    pub fn set_policies(&mut self, policies: Vec<Member>) {
        self.replica.set_policies(policies);
    }

    /// Lets everything happen that happens by itself now.
    pub fn settle(&mut self) {
        loop {
            self.replica.drive();
            if !self.listen() {
                break;
            }
        }
    }

    /// Every agent with a stream takes what it was sent. Answers whether there was anything.
    fn listen(&mut self) -> bool {
        let Some(bridge) = self.replica.bridge() else { return false };
        let link = self.replica.link();
        let mut heard = false;
        for (id, agent) in &mut self.agents {
            let said = self.replica.see_through(agent.listen(&bridge, &link)).unwrap_or_default();
            heard |= !said.is_empty();
            let delivered = said.into_iter().map(|sent| Delivered { agent: id.clone(), sent });
            self.delivered.extend(delivered);
        }
        heard
    }

    /// A request comes in over HTTP.
    ///
    /// # Errors
    /// The bridge did not answer though nothing is left to be done: the request waits for time to pass.
    pub fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&serde_json::Value>,
    ) -> Result<HttpAnswer, Impossible> {
        let answer = self.replica.request(method, path, headers, body)?;
        self.settle();
        Ok(answer)
    }

    /// Whether a row's definition came from a source that says something else by now, or nothing.
    #[must_use]
    pub fn has_drifted(&self, name: &str) -> bool {
        let row = self.store.with(|tables| tables.accounts.get(name).cloned());
        let Some(row) = row.filter(|row| !row.source_fingerprint.is_empty()) else { return false };
        let now = self.sources.get(name).and_then(|account| account.definition.ok());
        now.is_none_or(|mut definition| {
            let sealed = definition
                .seal(|value| Ok::<_, std::convert::Infallible>(self.store.reference(name, value)));
            match sealed {
                Ok(()) => definition.id() != row.source_fingerprint,
                Err(never) => match never {},
            }
        })
    }

    /// Calls the module with an event and applies nothing of what it wants. `definitions` are those that the event brings,
    /// by account: its items get their handles. Answers the call as it is recorded.
    ///
    /// # Errors
    /// It did not end well, in a sentence.
    pub fn rehearse(
        &mut self,
        mut event: Event,
        definitions: &BTreeMap<String, Definition>,
    ) -> Result<Record, Impossible> {
        let bridge = self.replica.needs_bridge()?;
        let mut kept = HashMap::new();
        if let Event::Handle(request) = &mut event {
            for item in &mut request.items {
                if let Some(definition) = definitions.get(&item.name) {
                    let (handle, behind) = bridge.seal(&item.name, definition.clone());
                    kept.insert(handle.id.clone(), behind);
                    item.definition = Some(handle);
                }
            }
        }
        let before = self.calls.len();
        let called = self.replica.see_through(bridge.rehearse(event, kept));
        match (called, self.calls.behind(before).pop()) {
            (Some(_), Some(record)) => Ok(record),
            (Some(Err(error)), None) => Err(error.sentence),
            (Some(Ok(_)), None) => {
                Err("the module was not asked: the event is nothing to it".into())
            }
            (None, _) => Err("the call did not end".into()),
        }
    }

    /// Somebody writes rows into the table by hand: of one that is there the state, and nothing else.
    pub fn write_rows(&mut self, rows: Vec<AccountRow>) {
        self.store.with(|tables| {
            for row in rows {
                let row = match tables.accounts.get(&row.account.name).cloned() {
                    Some(mut there) => {
                        there.account.state = row.account.state;
                        there.account.due_at = row.account.due_at;
                        there
                    }
                    None => row,
                };
                tables.put_account(row);
            }
        });
    }

    /// Accounts of the sources are taken in and activated at once, as a scan that finds them does.
    ///
    /// # Errors
    /// The bridge does not take them in.
    pub fn adopt(&mut self, names: &[String], zone: Option<&str>) -> Result<(), Impossible> {
        let bridge = self.replica.needs_bridge()?;
        let item = |name: &String| AskedItem {
            name: name.clone(),
            zone: zone.map(str::to_owned),
            definition: None,
            attributes: Vec::new(),
        };
        let groups = vec![(EventAction::Adopt, names.iter().map(item).collect())];
        let asked = Asked { who: "scan".into(), groups, refused: Vec::new(), once: None };
        match self.replica.see_through(bridge.ask(asked)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the bridge has not taken them in".into()),
        }
        self.settle();
        Ok(())
    }

    /// An agent's process starts, or the same one comes back: `instance` names the one that is meant.
    ///
    /// # Errors
    /// Why the bridge does not take it.
    pub fn join(&mut self, id: &str, joining: Joining) -> Result<(), Impossible> {
        self.leave_if_there(id);
        let known = self.agents.get(id).map(|agent| agent.instance().to_owned());
        let instance = match joining.instance {
            Some(instance) => instance,
            None => {
                self.instances += 1;
                format!("{id}-{}", self.instances)
            }
        };
        let zone = joining.zone.unwrap_or_default();
        let agent = match self.agents.entry(id.to_owned()) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(ScriptedAgent::new(id, &zone, &instance))
            }
        };
        if known.is_some_and(|known| known != instance) {
            agent.start_anew(&instance);
        }
        if !zone.is_empty() {
            agent.move_to(&zone);
        }
        for (account, configured) in joining.holds {
            agent.hold(&account, 0, configured);
        }
        for (account, seen) in joining.sees {
            agent.see(&account, seen);
        }
        self.register(id)
    }

    fn register(&mut self, id: &str) -> Result<(), Impossible> {
        let (bridge, link) = (self.replica.needs_bridge()?, self.replica.link());
        let Some(agent) = self.agents.get_mut(id) else { return Ok(()) };
        let joined = self.replica.see_through(agent.join(&bridge, &link));
        match joined {
            Some(Ok(())) => {}
            Some(Err(refused)) => {
                return Err(format!("the bridge does not take {id}: {}", refused.reason));
            }
            None => return Err(format!("the bridge has not taken {id} in")),
        }
        self.settle();
        Ok(())
    }

    fn leave_if_there(&mut self, id: &str) {
        if self.agents.get(id).is_some_and(|agent| agent.session().is_some()) {
            self.end_stream(id);
        }
    }

    fn end_stream(&mut self, id: &str) {
        self.silences.remove(id);
        let (Some(bridge), link) = (self.replica.bridge(), self.replica.link()) else { return };
        if let Some(agent) = self.agents.get_mut(id) {
            self.replica.see_through(agent.leave(&bridge, &link));
        }
        self.settle();
    }

    fn connected(&mut self, id: &str) -> Result<&mut ScriptedAgent, Impossible> {
        let names: Vec<String> = self.agents.keys().cloned().collect();
        match self.agents.get_mut(id) {
            None if names.is_empty() => {
                Err(format!("there is no agent {id}; no agent has joined yet"))
            }
            None => Err(format!("there is no agent {id}; there are {}", names.join(", "))),
            Some(agent) if agent.session().is_none() => {
                Err(format!("{id} is not connected; `joins: true` brings it back"))
            }
            Some(agent) => Ok(agent),
        }
    }

    /// The same, of one that is about to say something: that ends its silence.
    fn speaking(&mut self, id: &str) -> Result<&mut ScriptedAgent, Impossible> {
        self.connected(id)?.speak();
        self.silences.remove(id);
        self.connected(id)
    }

    /// An agent's stream ends.
    ///
    /// # Errors
    /// It has none.
    pub fn leave(&mut self, id: &str) -> Result<(), Impossible> {
        self.connected(id)?;
        self.end_stream(id);
        Ok(())
    }

    /// An agent says nothing any more, though its stream stays.
    ///
    /// # Errors
    /// It has none.
    pub fn silence(&mut self, id: &str) -> Result<(), Impossible> {
        let ends = self.clock.now().saturating_add(self.timeout_ms);
        self.connected(id)?.fall_silent();
        self.silences.insert(id.to_owned(), ends);
        Ok(())
    }

    /// An agent answers an operation: the oldest that it has not answered of an account, or the `operation`th that it was
    /// sent of all (the first is 1).
    ///
    /// # Errors
    /// There is no such operation.
    pub fn answer(
        &mut self,
        id: &str,
        account: &str,
        operation: Option<usize>,
        answer: ScriptedAnswer,
    ) -> Result<(), Impossible> {
        let bridge = self.replica.needs_bridge()?;
        let agent = self.speaking(id)?;
        let operation = match operation {
            None => agent.unanswered(account).next().map(|operation| operation.id.clone()),
            Some(number) => {
                let sent = number.checked_sub(1).and_then(|at| agent.sent().get(at));
                sent.filter(|sent| sent.account == account).map(|sent| sent.id.clone())
            }
        };
        let Some(operation) = operation else { return Err(nothing_to_answer(id, account, agent)) };
        let agent = self.agents.get_mut(id).ok_or_else(|| format!("there is no agent {id}"))?;
        self.replica.see_through(agent.answer(&bridge, &operation, answer));
        self.settle();
        Ok(())
    }

    /// An agent says its last answer for an account again.
    ///
    /// # Errors
    /// It has given none.
    pub fn repeat(&mut self, id: &str, account: &str) -> Result<(), Impossible> {
        let bridge = self.replica.needs_bridge()?;
        self.speaking(id)?;
        let Some(agent) = self.agents.get(id) else { return Ok(()) };
        if self.replica.see_through(agent.repeat(&bridge, account)) != Some(true) {
            return Err(format!("{id} has answered nothing about {account} yet"));
        }
        self.settle();
        Ok(())
    }

    /// An agent tells what it sees.
    ///
    /// # Errors
    /// It is not connected.
    pub fn report(&mut self, id: &str, seen: Vec<(String, Seen)>) -> Result<(), Impossible> {
        let bridge = self.replica.needs_bridge()?;
        let agent = self.speaking(id)?;
        let names: Vec<String> = seen.iter().map(|(name, _)| name.clone()).collect();
        for (name, seen) in seen {
            agent.see(&name, seen);
        }
        let Some(agent) = self.agents.get(id) else { return Ok(()) };
        self.replica.see_through(agent.report(&bridge, &names));
        self.settle();
        Ok(())
    }

    /// Time passes: everything that is due in between happens in its order.
    pub fn advance(&mut self, millis: u64) {
        let end = self.clock.now().saturating_add(millis);
        loop {
            self.settle();
            let silence = self.silences.iter().min_by_key(|(_, at)| **at);
            let silence = silence.map(|(id, at)| (*at, id.clone()));
            let next = [self.clock.next(), silence.as_ref().map(|(at, _)| *at)];
            let Some(next) = next.into_iter().flatten().min().filter(|at| *at <= end) else {
                break;
            };
            self.clock.move_to(next);
            self.hear_the_living();
            if let Some((_, id)) = silence.filter(|(at, _)| *at <= next) {
                self.end_stream(&id);
            }
        }
        self.clock.move_to(end);
        self.hear_the_living();
        self.settle();
    }

    /// Whoever is not silent is heard all the time.
    fn hear_the_living(&self) {
        let Some(bridge) = self.replica.bridge() else { return };
        for agent in self.agents.values().filter(|agent| !agent.is_silent()) {
            if let Some(session) = agent.session() {
                bridge.heard(session);
            }
        }
    }

    /// The bridge is killed and starts again; agents that were connected come back with what they hold.
    ///
    /// # Errors
    /// It does not start, or does not take them.
    pub fn restart(&mut self) -> Result<(), Impossible> {
        let connected = self.agents.iter_mut().filter(|(_, agent)| agent.session().is_some());
        let connected: Vec<String> = connected
            .map(|(id, agent)| {
                agent.lose_the_bridge();
                id.clone()
            })
            .collect();
        self.silences.clear();
        self.replica.restart()?;
        self.settle();
        connected.iter().try_for_each(|id| self.register(id))
    }
}

/// An agent that joins.
#[derive(Debug, Clone, Default)]
pub struct Joining {
    /// Its zone; absent: the one it had.
    pub zone: Option<String>,
    /// Its instance; absent: a new one.
    pub instance: Option<String>,
    /// What it holds besides, and whether that stands in its own configuration.
    pub holds: Vec<(String, bool)>,
    /// What it sees.
    pub sees: Vec<(String, Seen)>,
}

fn nothing_to_answer(id: &str, account: &str, agent: &ScriptedAgent) -> Impossible {
    let sent: Vec<String> = agent
        .sent()
        .iter()
        .enumerate()
        .map(|(at, sent)| {
            let open = agent.unanswered(&sent.account).any(|open| open.id == sent.id);
            let answered = if open { "" } else { ", answered" };
            format!("{}: {} {}{answered}", at + 1, sent.kind.as_str(), sent.account)
        })
        .collect();
    if sent.is_empty() {
        return format!("{id} has nothing to answer about {account}: it was sent nothing");
    }
    format!("{id} has nothing to answer about {account}; it was sent {}", sent.join("; "))
}
