//! A replica's end of the agent link over the simulated wire: registration, words one after the other, answers
//! acknowledged when they are committed. It does what `host-agents` does on a stream, with the same conversions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_agents::words::{self, Word};
use host_core::BATCH_MAX;
use host_core::agent::Registration;
use host_core::operation::Delivery;
use host_core::port::link::{AgentEvents, AgentLink, Delivered, Session};
use host_core::port::time::Clock as _;
use proto::agent::v1::{
    Ack, AgentMessage, BridgeMessage, Drain, Operations, Refused, Registered, agent_message,
    bridge_message::Message,
};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::check::watch::Watch;
use crate::clock::SimClock;
use crate::gate::Door;
use crate::mutant::Mutant;
use crate::options::TIMEOUT_MS;
use crate::trace::Trace;
use crate::wire::Wire;

/// A stream that has its agent's seat.
#[derive(Debug, Clone)]
struct Seat {
    session: Session,
    stream: u64,
    over: CancellationToken,
}

/// The streams of one replica.
#[derive(Debug)]
pub struct SimLink {
    /// Where words travel.
    pub wire: Arc<Wire>,
    /// The replica's way through the gate.
    pub door: Door,
    /// The replica's clock.
    pub clock: Arc<SimClock>,
    /// What is seen.
    pub watch: Arc<Watch>,
    /// What is written down.
    pub trace: Arc<Trace>,
    /// What is wrong on purpose.
    pub mutant: Option<Mutant>,
    /// The replica stops.
    pub shutdown: CancellationToken,
    /// The newest session of each agent, for a good-bye that takes the wrong one.
    pub newest: Newest,
    seats: Mutex<BTreeMap<String, Seat>>,
    doors: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// Tells the newest session of an agent.
#[derive(Debug, Clone)]
pub struct Newest(pub host_trial::MemoryStore);

impl Newest {
    fn of(&self, agent: &str) -> Option<String> {
        self.0.with(|tables| tables.agents.get(agent).map(|agent| agent.session.clone()))
    }
}

/// What a link is made of.
#[derive(Debug)]
pub struct Parts {
    /// See [`SimLink`].
    pub wire: Arc<Wire>,
    /// See [`SimLink`].
    pub door: Door,
    /// See [`SimLink`].
    pub clock: Arc<SimClock>,
    /// See [`SimLink`].
    pub watch: Arc<Watch>,
    /// See [`SimLink`].
    pub trace: Arc<Trace>,
    /// See [`SimLink`].
    pub mutant: Option<Mutant>,
    /// See [`SimLink`].
    pub newest: Newest,
}

impl SimLink {
    /// Without a stream.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        let Parts { wire, door, clock, watch, trace, mutant, newest } = parts;
        let (shutdown, seats, doors) =
            (CancellationToken::new(), Mutex::default(), Mutex::default());
        Self { wire, door, clock, watch, trace, mutant, shutdown, newest, seats, doors }
    }

    fn seats(&self) -> MutexGuard<'_, BTreeMap<String, Seat>> {
        self.seats.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn door_of(&self, agent: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut doors = self.doors.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(doors.entry(agent.to_owned()).or_default())
    }

    fn seat_of(&self, session: &Session) -> Option<Seat> {
        self.seats().get(&session.agent).filter(|seat| seat.session == *session).cloned()
    }

    fn sit(&self, session: Session, stream: u64) -> Seat {
        let seat = Seat { session, stream, over: CancellationToken::new() };
        let before = self.seats().insert(seat.session.agent.clone(), seat.clone());
        if let Some(before) = before {
            before.over.cancel();
        }
        seat
    }

    fn stand_up(&self, seat: &Seat) {
        let mut seats = self.seats();
        if seats.get(&seat.session.agent).is_some_and(|now| now.session == seat.session) {
            seats.remove(&seat.session.agent);
        }
    }

    /// Serves a stream until it ends.
    pub async fn serve(
        self: Arc<Self>,
        events: Arc<dyn AgentEvents>,
        stream: u64,
        mut heard: UnboundedReceiver<AgentMessage>,
    ) {
        if let Some(seat) = self.admit(&*events, stream, &mut heard).await {
            let talk = async {
                self.listen(&*events, &seat, &mut heard).await;
                seat.over.cancel();
                self.wire.bridge_leaves(stream);
            };
            tokio::join!(events.opened(seat.session.clone()), talk);
            self.stand_up(&seat);
            if !self.shutdown.is_cancelled() {
                let mut session = seat.session;
                if self.mutant == Some(Mutant::LateGoodByeCounts) {
                    let newest = self.newest.of(&session.agent);
                    session.session = newest.unwrap_or(session.session);
                }
                self.trace.explain(format_args!("{stream} is closed, {}", session.session));
                events.closed(session).await;
            }
        }
        self.wire.bridge_leaves(stream);
    }

    async fn admit(
        &self,
        events: &dyn AgentEvents,
        stream: u64,
        heard: &mut UnboundedReceiver<AgentMessage>,
    ) -> Option<Seat> {
        let Some(agent_message::Message::Register(register)) = heard.recv().await?.message else {
            return None;
        };
        let accounts = register.accounts.into_iter().map(words::held).collect::<Result<_, _>>();
        let Ok(accounts) = accounts else {
            self.trace.violated("an agent registers what the bridge cannot read".to_owned());
            return None;
        };
        let (agent, instance) = (register.agent_id, register.instance_id);
        let registration = Registration {
            agent: agent.clone(),
            instance: instance.clone(),
            zone: register.zone_id,
            version: register.version,
            accounts,
        };
        let door = self.door_of(&agent);
        let _one_at_a_time = door.lock().await;
        match events.registered(registration).await {
            Ok(welcome) => {
                self.trace.explain(format_args!("{stream} is session {}", welcome.session));
                let session = Session { agent, instance, session: welcome.session.clone() };
                let wanted = welcome.wanted;
                let session_id = welcome.session;
                let registered = Registered { session_id, wanted, ..Registered::default() };
                self.wire.say(stream, say(Message::Registered(registered)));
                Some(self.sit(session, stream))
            }
            Err(refused) => {
                let (text, retry) = (refused.reason, refused.retry);
                let refused = Refused { text, retry, ..Refused::default() };
                self.wire.say(stream, say(Message::Refused(refused)));
                None
            }
        }
    }

    async fn listen(
        &self,
        events: &dyn AgentEvents,
        seat: &Seat,
        heard: &mut UnboundedReceiver<AgentMessage>,
    ) {
        loop {
            let silent_at = self.clock.now() + TIMEOUT_MS;
            let message = tokio::select! {
                biased;
                () = self.shutdown.cancelled() => return self.drain(seat),
                () = seat.over.cancelled() => return self.drain(seat),
                message = heard.recv() => message,
                () = self.clock.sleep_until(silent_at) => return self.drain(seat),
            };
            let Some(message) = message else { return };
            events.heard(&seat.session);
            match words::read(message) {
                Ok(Word::Heartbeat) => {}
                Ok(Word::Results(results)) => {
                    if self.mutant == Some(Mutant::AcknowledgedBeforeCommitted) {
                        let ids = results.iter().map(|result| result.operation.clone());
                        self.acknowledge(seat, ids.collect());
                    }
                    for batch in results.chunks(BATCH_MAX) {
                        let taken = events.results(seat.session.clone(), batch.to_vec()).await;
                        self.acknowledge(seat, taken);
                    }
                }
                Ok(Word::Observations { seen, number }) => {
                    let taken = events.observations(seat.session.clone(), seen).await;
                    let observations: Vec<u64> = number.filter(|_| taken).into_iter().collect();
                    if !observations.is_empty() {
                        let ack = Ack { operation_ids: Vec::new(), observations };
                        self.wire.say(seat.stream, say(Message::Ack(ack)));
                    }
                }
                Err(malformed) => {
                    self.trace.violated(format!("the agent says what cannot be: {malformed:?}"));
                    return;
                }
            }
        }
    }

    fn acknowledge(&self, seat: &Seat, operation_ids: Vec<String>) {
        if !operation_ids.is_empty() {
            self.watch.acknowledged(&seat.session.agent, &operation_ids);
            self.wire.say(
                seat.stream,
                say(Message::Ack(Ack { operation_ids, observations: Vec::new() })),
            );
        }
    }

    fn drain(&self, seat: &Seat) {
        let drain = Drain { reason: "the bridge ends the stream".to_owned() };
        self.wire.say(seat.stream, say(Message::Drain(drain)));
    }
}

#[async_trait]
impl AgentLink for SimLink {
    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered {
        self.door.pass("deliver").await;
        let Some(seat) = self.seat_of(session) else {
            self.trace.explain(format_args!("nothing is sent in {}", session.session));
            return Delivered::default();
        };
        for delivery in &deliveries {
            if delivery.operation.instance != session.instance {
                let what = format!("{} is sent to another instance", delivery.operation.id);
                self.trace.violated(what);
            }
        }
        let operations = deliveries.iter().map(words::operation).collect();
        let sent = say(Message::Operations(Operations { operations }));
        let open = self.wire.say(seat.stream, sent) && !seat.over.is_cancelled();
        self.trace.explain(format_args!(
            "{} are sent on {}: {open}",
            deliveries.len(),
            seat.stream
        ));
        Delivered { open, undeliverable: Vec::new() }
    }

    async fn disconnect(&self, agent: &str, _reason: &str) -> bool {
        let seat = self.seats().get(agent).cloned();
        seat.iter().for_each(|seat| seat.over.cancel());
        seat.is_some()
    }

    async fn overtaken(&self, session: &Session, _instance: &str) {
        self.trace.explain(format_args!("{} is overtaken", session.session));
        if let Some(seat) = self.seat_of(session) {
            seat.over.cancel();
        }
    }
}

fn say(message: Message) -> BridgeMessage {
    BridgeMessage { message: Some(message) }
}
