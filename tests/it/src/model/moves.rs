//! What can happen in a state, and what comes of it.

use guest_lifecycle::Action;
use host_core::agent::Presence;
use host_core::event::{AgentEvent, DefinitionRef, Event, Item, Request, TickReason};

use super::host::{Decided, Taught};
use super::world::{Configuration, Message, NOW, Variant, World};

/// What may go wrong, besides agents that refuse.
#[derive(Debug, Clone, Copy)]
pub(super) struct Faults {
    /// Of how many agents, the first ones, streams end.
    pub(super) cuts: usize,
    /// Agents' processes end and start anew.
    pub(super) restarts: bool,
    /// The bridge stops and starts.
    pub(super) bridge_restarts: bool,
    /// How many old answers for one agent and account may be on their way at once, beside a fresh one: answers then
    /// come twice, and after others.
    pub(super) late: usize,
}

impl Faults {
    pub(super) const NONE: Self =
        Self { cuts: 0, restarts: false, bridge_restarts: false, late: 0 };
    pub(super) const CUTS: Self = Self { cuts: 1, ..Self::NONE };
}

/// Something that can happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Move {
    Request(usize, Action),
    Timer(usize),
    /// An operation of the outbox is delivered, and taken or refused.
    Deliver(usize, bool),
    /// A message is taken in; `true`: it will come once more.
    Message(usize, bool),
    Connect(usize),
    Cut(usize),
    /// The bridge notices that the process is another one by now.
    Notice(usize),
    Restart(usize),
    Expire(usize),
    RestartBridge,
    /// An agent sees the other cluster from now on.
    Turn(usize),
}

impl Move {
    /// Whether it happens by itself when nobody asks and nothing breaks, with agents that take (or refuse) everything.
    pub(super) fn is_calm(self, agents_take: bool) -> bool {
        match self {
            Self::Timer(_) | Self::Message(_, false) | Self::Expire(_) | Self::Notice(_) => true,
            Self::Deliver(_, takes) => takes == agents_take,
            Self::Request(..)
            | Self::Message(_, true)
            | Self::Connect(_)
            | Self::Cut(_)
            | Self::Restart(_)
            | Self::RestartBridge
            | Self::Turn(_) => false,
        }
    }
}

/// Everything that can happen now.
pub(super) fn moves(configuration: &Configuration, world: &World) -> Vec<Move> {
    let faults = configuration.faults;
    let mut moves = Vec::new();
    for (at, name) in World::names(configuration).iter().enumerate() {
        moves.extend(configuration.asked.iter().map(|action| Move::Request(at, *action)));
        if world.rows.get(name).is_some_and(|row| row.due_at.is_some()) {
            moves.push(Move::Timer(at));
        }
    }
    for (place, message) in world.messages.iter().enumerate() {
        if is_behind_an_answer(world, message) {
            continue;
        }
        moves.push(Move::Message(place, false));
        if let Message::Answer { late: false, .. } = message
            && faults.late > 0
        {
            moves.push(Move::Message(place, true));
        }
    }
    moves.extend(deliveries(world, faults.late));
    for (at, side) in world.agents.iter().enumerate() {
        match side.presence {
            // A new stream may come before the end of the old one is noticed.
            Presence::Connected if side.registered != side.instance => {
                moves.extend([Move::Notice(at), Move::Connect(at)]);
            }
            Presence::Connected if at < faults.cuts => {
                moves.extend([Move::Cut(at), Move::Connect(at)]);
            }
            Presence::Connected => {}
            Presence::Awaited => moves.extend([Move::Connect(at), Move::Expire(at)]),
            Presence::Gone => moves.push(Move::Connect(at)),
        }
        if faults.restarts {
            moves.push(Move::Restart(at));
        }
        if configuration.turns {
            moves.push(Move::Turn(at));
        }
    }
    let connected = |side: &super::world::Side| side.presence == Presence::Connected;
    if faults.bridge_restarts && world.agents.iter().any(connected) {
        moves.push(Move::RestartBridge);
    }
    moves
}

/// What an agent observes comes after what it answered before.
fn is_behind_an_answer(world: &World, message: &Message) -> bool {
    let Message::Turned { agent, account } = message else { return false };
    world.messages.iter().any(|other| match other {
        Message::Answer { agent: who, asked, late: false, .. } => {
            who == agent && asked.account == *account
        }
        Message::Answer { .. }
        | Message::Joined { .. }
        | Message::Left { .. }
        | Message::Turned { .. } => false,
    })
}

/// Operations that may be put on a stream: of the agent's present instance, once a stream, in order of generation.
fn deliveries(world: &World, late: usize) -> Vec<Move> {
    let mut moves = Vec::new();
    for (place, pending) in world.outbox.iter().enumerate() {
        let asked = &pending.operation;
        let Some(at) = world.agents.iter().position(|side| side.id == asked.agent) else {
            continue;
        };
        let side = &world.agents[at];
        let open = side.presence == Presence::Connected
            && side.instance == asked.instance
            && side.registered == side.instance
            && !world.is_registering(at);
        let older = world.outbox.iter().any(|other| {
            other.operation.agent == asked.agent
                && other.operation.account == asked.account
                && other.operation.instance == asked.instance
                && other.operation.generation < asked.generation
                && !other.handed
        });
        let answers = world.messages.iter().filter(|message| match message {
            Message::Answer { agent, asked: other, .. } => {
                *agent == at && other.account == asked.account
            }
            Message::Joined { .. } | Message::Left { .. } | Message::Turned { .. } => false,
        });
        if open && !older && !pending.handed && answers.count() <= late {
            moves.extend([Move::Deliver(place, true), Move::Deliver(place, false)]);
        }
    }
    moves
}

/// Lets something happen. The error says what the bridge's half found wrong with a decision.
pub(super) fn happen(
    configuration: &Configuration,
    variant: Variant,
    decided: &mut Decided,
    world: &World,
    what: Move,
) -> Result<World, String> {
    let mut next = world.clone();
    let mut now = NOW;
    match what {
        Move::Request(at, action) => {
            let name = format!("acc{at}");
            let event = request(configuration, &name, action);
            next.perform(decided, variant, now, &name, event, &Taught::Nothing)?;
        }
        Move::Timer(at) => {
            let name = format!("acc{at}");
            now = world.rows[&name].due_at.unwrap_or(NOW).max(NOW);
            let event = Event::Tick { reason: TickReason::Due, accounts: vec![name.clone()] };
            next.perform(decided, variant, now, &name, event, &Taught::Nothing)?;
        }
        Move::Deliver(place, takes) => {
            now = world.outbox[place].operation.not_before.unwrap_or(NOW).max(NOW);
            next.deliver(place, takes);
        }
        Move::Message(place, again) => next.take_in(decided, variant, place, again)?,
        Move::Connect(at) => next.connect(at),
        Move::Cut(at) | Move::Notice(at) => next.cut(at),
        Move::Restart(at) => next.restart(at),
        Move::Expire(at) => next.expire(at),
        Move::RestartBridge => next.restart_bridge(),
        Move::Turn(at) => next.turn(at),
    }
    next.normalize(variant, now);
    Ok(next)
}

fn request(configuration: &Configuration, name: &str, action: Action) -> Event {
    let definition = match action {
        Action::Create => Some("first"),
        Action::Update => Some("other"),
        Action::Migrate
        | Action::Adopt
        | Action::Activate
        | Action::Deactivate
        | Action::Delete
        | Action::Rebind
        | Action::Check => None,
    };
    let zone = configuration.zone.filter(|_| action == Action::Create);
    Event::Handle(Request {
        id: "request".to_owned(),
        action: action.as_str().parse().expect("both sides name the same actions"),
        who: "somebody".to_owned(),
        items: vec![Item {
            name: name.to_owned(),
            zone: zone.map(str::to_owned),
            definition: definition
                .map(|id| DefinitionRef { id: id.to_owned(), keys: vec!["namespaces".to_owned()] }),
            attributes: Vec::new(),
        }],
    })
}

impl World {
    fn take_in(
        &mut self,
        decided: &mut Decided,
        variant: Variant,
        place: usize,
        again: bool,
    ) -> Result<(), String> {
        let mut message = self.messages.remove(place);
        let on_agent =
            |world: &World, agent: usize, instance: &str, event, account: &String| Event::OnAgent {
                agent: world.agents[agent].id.clone(),
                instance: instance.to_owned(),
                event,
                accounts: vec![account.clone()],
            };
        match &message {
            Message::Joined { agent, account, holds } => {
                let instance = self.agents[*agent].instance.clone();
                let event = on_agent(self, *agent, &instance, AgentEvent::Joined, account);
                let taught = Taught::Registration(*holds, self.agents[*agent].sees);
                self.perform(decided, variant, NOW, account, event, &taught)?;
            }
            Message::Left { agent, account } => {
                let instance = self.agents[*agent].instance.clone();
                let event = on_agent(self, *agent, &instance, AgentEvent::Left, account);
                self.perform(decided, variant, NOW, account, event, &Taught::Nothing)?;
            }
            Message::Turned { agent, account } => {
                let side = &self.agents[*agent];
                let instance = side.instance.clone();
                let taught = Taught::Observation(side.holds.get(account).copied(), side.sees);
                let event = AgentEvent::Reported(Vec::new());
                let event = on_agent(self, *agent, &instance, event, account);
                self.perform(decided, variant, NOW, account, event, &taught)?;
            }
            Message::Answer { agent, asked, result, .. } => {
                let event = AgentEvent::Reported(Vec::new());
                let event = on_agent(self, *agent, &asked.instance, event, &asked.account);
                let taught = Taught::Answer(asked, result);
                self.perform(decided, variant, NOW, &asked.account, event, &taught)?;
            }
        }
        if let (true, Message::Answer { late, .. }) = (again, &mut message) {
            *late = true;
            self.messages.push(message);
        }
        Ok(())
    }
}
