//! What can happen next, how likely it is, and letting it happen.

use crate::requests;
use crate::world::World;

/// Something that can happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// What waits at the gate goes on.
    Release(u64, usize, &'static str),
    /// A word arrives at the bridge.
    Carry(u64),
    /// A word arrives at an agent.
    Hear(u64),
    /// The bridge hears of a stream's end.
    HangUp(u64),
    /// The agent hears of it.
    Notice(usize),
    /// A look at a cluster is over.
    Look(usize, String),
    /// The oldest ring arrives.
    Ring,
    /// It is lost.
    LoseRing,
    /// An agent opens a stream to a replica.
    Connect(usize, usize),
    /// Time passes.
    Pass(u64),
    /// Somebody asks something of a replica.
    Ask(usize),
    /// A stream is cut.
    Cut(u64),
    /// An agent's process ends, and another one starts.
    RestartAgent(usize),
    /// A cluster refuses from now on, or takes.
    Turn(usize, String),
    /// Something is seen at a cluster.
    Observe(usize, String, bool),
    /// A replica's process ends.
    Crash(usize),
    /// It is told to stop.
    Stop(usize),
    /// It starts again.
    Start(usize),
    /// It gets no time.
    Pause(usize),
    /// It gets time again.
    Resume(usize),
    /// A clock is set ahead by so much.
    SetClock(usize, i64),
    /// The database goes, or comes back.
    Outage(bool),
}

/// Draws what happens next.
#[must_use]
pub fn draw(world: &World) -> Move {
    let mut all = Drawn { moves: Vec::new(), total: 0 };
    by_itself(world, &mut all);
    time(world, &mut all);
    asked(world, &mut all);
    broken(world, &mut all);
    all.draw(world)
}

struct Drawn {
    moves: Vec<(u32, Move)>,
    total: u32,
}

impl Drawn {
    fn may(&mut self, weight: u32, what: Move) {
        self.total += weight;
        self.moves.push((weight, what));
    }

    fn draw(self, world: &World) -> Move {
        let mut left = u32::try_from(world.chance.below(self.total as usize)).unwrap_or_default();
        for (weight, what) in self.moves {
            if left < weight {
                return what;
            }
            left -= weight;
        }
        Move::Pass(1)
    }
}

fn by_itself(world: &World, all: &mut Drawn) {
    for (id, replica, what) in world.common.gate.waiting() {
        if !world.replicas[replica].paused {
            all.may(30, Move::Release(id, replica, what));
        }
    }
    let lines = world.common.wire.lines();
    for (number, stream) in &lines.streams {
        if stream.bridge_end.is_some() && !stream.to_bridge.is_empty() {
            all.may(30, Move::Carry(*number));
        }
        if stream.agent_end && !stream.to_agent.is_empty() {
            all.may(30, Move::Hear(*number));
        }
        if stream.cut && stream.bridge_end.is_some() {
            all.may(10, Move::HangUp(*number));
        }
    }
    if !lines.rings.is_empty() {
        all.may(30, Move::Ring);
        if world.troubles.lost_rings {
            all.may(15, Move::LoseRing);
        }
    }
    for (at, agent) in world.agents.iter().enumerate() {
        for account in agent.looks() {
            all.may(20, Move::Look(at, account.clone()));
        }
        match agent.stream.map(|number| lines.streams.get(&number)) {
            None if agent.dial_at > world.time.now() => {}
            None => {
                for replica in world.replicas.iter().filter(|replica| replica.bridge().is_some()) {
                    all.may(20, Move::Connect(at, replica.at));
                }
            }
            Some(stream) => {
                let over = stream
                    .is_none_or(|s| s.cut || (s.bridge_end.is_none() && s.to_agent.is_empty()));
                if over {
                    all.may(10, Move::Notice(at));
                }
            }
        }
    }
}

fn time(world: &World, all: &mut Drawn) {
    let next = world.next_in().unwrap_or(1_000).max(1);
    all.may(25, Move::Pass(next));
    all.may(5, Move::Pass(world.chance.between(1, 1_500)));
    all.may(1, Move::Pass(world.chance.between(1, 12_000)));
}

fn asked(world: &World, all: &mut Drawn) {
    for replica in world.replicas.iter().filter(|replica| replica.bridge().is_some()) {
        all.may(25, Move::Ask(replica.at));
    }
    for (at, agent) in world.agents.iter().enumerate() {
        for account in agent.holds().into_keys() {
            all.may(1, Move::Observe(at, account, world.chance.happens(500)));
        }
        if world.troubles.refusals {
            let account = requests::name(world.chance.below(world.troubles.names));
            all.may(4, Move::Turn(at, account));
        }
    }
}

fn broken(world: &World, all: &mut Drawn) {
    let troubles = &world.troubles;
    if troubles.cuts {
        for (number, stream) in &world.common.wire.lines().streams {
            if !stream.cut {
                all.may(3, Move::Cut(*number));
            }
        }
        for at in 0..world.agents.len() {
            all.may(2, Move::RestartAgent(at));
        }
    }
    for replica in &world.replicas {
        let at = replica.at;
        if !replica.runs() {
            all.may(15, Move::Start(at));
        } else if replica.paused {
            all.may(8, Move::Resume(at));
        } else if troubles.crashes {
            all.may(2, Move::Crash(at));
            all.may(1, Move::Stop(at));
            all.may(2, Move::Pause(at));
        }
        if troubles.clocks {
            let ahead = i64::try_from(world.chance.below(8_000)).unwrap_or(0) - 4_000;
            all.may(1, Move::SetClock(at, ahead));
        }
    }
    if troubles.outages {
        let gone = world.common.gate.weather().gone;
        all.may(if gone { 10 } else { 1 }, Move::Outage(!gone));
    }
}

/// Lets something happen.
pub fn happen(world: &mut World, what: &Move) {
    let trace = std::sync::Arc::clone(&world.common.trace);
    trace.say(format_args!("{what:?}"));
    match what {
        Move::Release(id, ..) => world.common.gate.release(*id),
        Move::Carry(stream) => world.carry(*stream),
        Move::Hear(stream) => world.hear(*stream),
        Move::HangUp(stream) => world.hang_up(*stream),
        Move::Notice(at) => world.leave(*at),
        Move::Look(at, account) => {
            let seen = world.look_ends(*at, account);
            trace.say(format_args!("      {seen}"));
        }
        Move::Ring => world.ring(true),
        Move::LoseRing => world.ring(false),
        Move::Connect(at, replica) => world.connect(*at, *replica),
        Move::Pass(millis) => world.advance(*millis),
        Move::Ask(replica) => {
            let asked = requests::any(&world.chance, world.troubles.names);
            trace.say(format_args!("      {asked:?}"));
            world.ask(*replica, asked);
        }
        Move::Cut(stream) => {
            if let Some(stream) = world.common.wire.lines().streams.get_mut(stream) {
                stream.cut = true;
                stream.to_agent.clear();
            }
        }
        Move::RestartAgent(at) => world.restart_agent(*at),
        Move::Turn(at, account) => world.turn_cluster(*at, account),
        Move::Observe(at, account, healthy) => {
            world.agents[*at].observe(account, *healthy);
            world.speak(*at);
        }
        Move::Crash(at) => world.replicas[*at].crash(),
        Move::Stop(at) => world.replicas[*at].stop(),
        Move::Start(at) => world.replicas[*at].start(),
        Move::Pause(at) => world.replicas[*at].paused = true,
        Move::Resume(at) => world.replicas[*at].paused = false,
        Move::SetClock(at, ahead) => {
            world.replicas[*at].clock.set_ahead(*ahead);
            world.replicas[*at].clock.ring();
        }
        Move::Outage(gone) => {
            let weather = crate::gate::Weather { gone: *gone, ..world.common.gate.weather() };
            world.common.gate.set(weather);
        }
    }
    world.drive();
}
