//! Everything there is in a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use host_agent::Code;
use host_core::port::lifecycle::Lifecycle;
use host_trial::MemoryStore;

use crate::agent::{Heard, SimAgent};
use crate::chance::Chance;
use crate::check::watch::Watch;
use crate::clock::{SimClock, Time};
use crate::gate::Gate;
use crate::lifecycle::NeverAgain;
use crate::mutant::Mutant;
use crate::options::{Options, Troubles};
use crate::replica::{Common, Replica};
use crate::requests::{ZONES, name};
use crate::trace::Trace;

/// How long an agent waits before it dials again, in milliseconds.
const DIAL_MS: u64 = 500;

/// A run.
#[derive(Debug)]
pub struct World {
    /// What goes wrong.
    pub troubles: Troubles,
    /// What the schedule is drawn from.
    pub chance: Chance,
    /// The true time.
    pub time: Arc<Time>,
    /// What is there for all.
    pub common: Common,
    /// The replicas.
    pub replicas: Vec<Replica>,
    /// The agents.
    pub agents: Vec<SimAgent>,
}

impl World {
    /// The beginning of a run: every replica is started, no agent is there yet.
    #[must_use]
    pub fn new(options: &Options, lifecycle: Arc<dyn Lifecycle>) -> Self {
        let lifecycle: Arc<dyn Lifecycle> = match options.mutant {
            Some(Mutant::NoLookAgain) => Arc::new(NeverAgain(lifecycle)),
            Some(_) | None => lifecycle,
        };
        let chance = Chance::new(options.seed, 1);
        let troubles = Troubles::of(options, &chance);
        let trace = Arc::new(Trace::new(options.keeps_lines));
        let store = MemoryStore::new(troubles.replicas > 1);
        let serving = lifecycle.id();
        store.with(|tables| {
            let digest = serving.digest.clone();
            let serving =
                host_core::port::slots::Serving { digest, generation: serving.slot_generation };
            let row = host_trial::tables::SlotRow { serving, program: 1 };
            tables.slots.insert("lifecycle".to_owned(), row);
        });
        let description = Arc::clone(lifecycle.description());
        let watch = Arc::new(Watch::new(description, Arc::clone(&trace)));
        let common = Common {
            store,
            gate: Arc::new(Gate::new(Chance::new(options.seed, 2))),
            wire: Arc::default(),
            watch: Arc::clone(&watch),
            trace,
            lifecycle,
            mutant: options.mutant,
            sweeps: troubles.sweeps,
            replicas: troubles.replicas,
        };
        let time = Arc::new(Time::default());
        let replicas = (0..troubles.replicas).map(|at| {
            let ahead = if troubles.clocks {
                i64::try_from(chance.below(6_000)).unwrap_or(0) - 3_000
            } else {
                0
            };
            let clock = Arc::new(SimClock::new(Arc::clone(&time), ahead));
            Replica::new(at, clock, Chance::new(options.seed, 10 + at as u64), common.clone())
        });
        let replicas = replicas.collect();
        let agents = (0..troubles.agents).map(|at| {
            let zone = if chance.happens(700) { ZONES[0] } else { ZONES[1] };
            let configured = match troubles.configured && at == 0 {
                true => BTreeSet::from([name(chance.below(troubles.names + 1))]),
                false => BTreeSet::new(),
            };
            SimAgent::new(&format!("agent-{at}"), zone, configured, Arc::clone(&watch))
        });
        let agents = agents.collect();
        common.trace.say(format_args!("{troubles:?}"));
        let mut world = Self { troubles, chance, time, common, replicas, agents };
        for replica in &mut world.replicas {
            replica.start();
        }
        world.common.gate.set(world.troubles.weather);
        world
    }

    /// Lets every replica do what it can do now.
    pub fn drive(&mut self) {
        for replica in &mut self.replicas {
            replica.drive();
            if replica.has_failed() {
                self.common.trace.say(format_args!("bridge-{} has ended", replica.at));
                replica.crash();
            }
        }
    }

    /// Moves time on, for everybody.
    pub fn advance(&mut self, millis: u64) {
        self.time.advance(millis);
        for replica in &self.replicas {
            replica.clock.ring();
        }
        for at in 0..self.agents.len() {
            self.speak(at);
        }
    }

    /// How long until something happens by the clock.
    #[must_use]
    pub fn next_in(&self) -> Option<u64> {
        let replicas = self.replicas.iter().filter_map(|replica| replica.clock.next_in());
        let now = self.time.now();
        let next = |agent: &SimAgent| match agent.stream {
            None => Some(agent.dial_at),
            Some(_) => agent.registered.then_some(agent.beat_at),
        };
        let agents = self.agents.iter().filter_map(next).filter(|at| *at > now);
        replicas.chain(agents.map(|at| at - now)).min()
    }

    /// How long until a row is due, or something else that is not every moment's.
    #[must_use]
    pub fn next_due_in(&self) -> Option<u64> {
        let now = self.time.now();
        let due = self.common.store.with(|tables| {
            let rows = tables.accounts.values().map(|row| &row.account);
            rows.filter_map(|row| row.due_at).min()
        });
        Some(due?.saturating_sub(now))
    }

    /// An agent says what it has to say.
    pub fn speak(&mut self, at: usize) {
        let now = self.time.now();
        let agent = &mut self.agents[at];
        let Some(stream) = agent.stream else { return };
        let words = agent.words(now);
        let mut lines = self.common.wire.lines();
        if let Some(stream) = lines.streams.get_mut(&stream)
            && !stream.cut
            && stream.bridge_end.is_some()
        {
            stream.to_bridge.extend(words);
        }
    }

    /// An agent opens a stream to a replica.
    pub fn connect(&mut self, at: usize, replica: usize) {
        if self.replicas[replica].bridge().is_none() {
            return;
        }
        let first = self.agents[at].register(self.time.now());
        let (bridge_end, heard) = tokio::sync::mpsc::unbounded_channel();
        let stream = self.common.wire.lines().open(at, replica, bridge_end, first);
        self.agents[at].stream = Some(stream);
        self.replicas[replica].serve(stream, heard);
    }

    /// A word arrives at the bridge.
    pub fn carry(&mut self, stream: u64) {
        let mut lines = self.common.wire.lines();
        if let Some(stream) = lines.streams.get_mut(&stream)
            && let Some(word) = stream.to_bridge.pop_front()
            && let Some(bridge_end) = &stream.bridge_end
        {
            // The bridge has just stopped listening.
            let _gone = bridge_end.send(word);
        }
    }

    /// A word arrives at the agent.
    pub fn hear(&mut self, stream: u64) {
        let (word, at) = {
            let mut lines = self.common.wire.lines();
            let Some(stream) = lines.streams.get_mut(&stream) else { return };
            (stream.to_agent.pop_front(), stream.agent)
        };
        let Some(word) = word else { return };
        if self.agents[at].stream != Some(stream) {
            return;
        }
        match self.agents[at].hear(word) {
            Heard::Word => self.speak(at),
            Heard::End => self.leave(at),
        }
    }

    /// An agent takes its stream for ended.
    pub fn leave(&mut self, at: usize) {
        let Some(number) = self.agents[at].stream.take() else { return };
        self.agents[at].registered = false;
        self.agents[at].dial_at = self.time.now() + DIAL_MS;
        let mut lines = self.common.wire.lines();
        if let Some(stream) = lines.streams.get_mut(&number) {
            stream.agent_end = false;
            stream.cut = true;
            stream.to_agent.clear();
        }
        lines.forget_ended();
    }

    /// The bridge hears that a stream has ended.
    pub fn hang_up(&mut self, stream: u64) {
        let mut lines = self.common.wire.lines();
        if let Some(stream) = lines.streams.get_mut(&stream) {
            stream.bridge_end = None;
            stream.to_bridge.clear();
        }
        lines.forget_ended();
    }

    /// An agent's process ends, and another one starts.
    pub fn restart_agent(&mut self, at: usize) {
        self.leave(at);
        self.agents[at].restart();
    }

    /// A look at a cluster is over.
    pub fn look_ends(&mut self, at: usize, account: &str) -> &'static str {
        let seen = self.agents[at].look_ends(account);
        self.speak(at);
        seen
    }

    /// A cluster refuses from now on what it took, or takes what it refused.
    pub fn turn_cluster(&mut self, at: usize, account: &str) {
        let agent = &mut self.agents[at];
        if agent.refuses.remove(account).is_none() {
            let codes = [Code::Unreachable, Code::Unauthorized, Code::Timeout];
            agent.refuses.insert(account.to_owned(), *self.chance.one_of(&codes));
        }
    }

    /// Something is asked of a replica.
    pub fn ask(&mut self, replica: usize, asked: host_control::intake::Asked) {
        use host_control::intake::Intake as _;
        let Some(bridge) = self.replicas[replica].bridge() else { return };
        let trace = Arc::clone(&self.common.trace);
        self.replicas[replica].spawn(async move {
            match bridge.ask(asked).await {
                Ok(handle) => trace.say(format_args!("      answered {}", handle.request.id)),
                Err(error) => trace.say(format_args!("      answered {error}")),
            }
        });
    }

    /// A ring arrives, or is lost.
    pub fn ring(&mut self, arrives: bool) {
        use host_control::intake::Intake as _;
        let Some(ringing) = self.common.wire.lines().rings.pop_front() else { return };
        if format!("{:?}", ringing.ring).contains(crate::check::watch::PLANTED) {
            self.common.trace.violated("a ring holds a secret".to_owned());
        }
        let replica = &self.replicas[ringing.to];
        if let (true, Some(bridge)) = (arrives, replica.bridge()) {
            replica.spawn(async move { bridge.rung(ringing.ring).await });
        }
    }
}
