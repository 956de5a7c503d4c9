//! One stream from its first message to its last: registration, then words until somebody ends it.
//!
//! Messages of one agent are taken one after the other. Silence is measured only while the bridge listens, so that its
//! own slowness is not taken for the agent's.

use std::net::SocketAddr;
use std::sync::Arc;

use host_core::BATCH_MAX;
use host_core::agent::{HeldAccount, OperationResult, Registration};
use host_core::port::link::{RegistrationRefused, Session};
use proto::agent::v1::{
    Ack, BridgeMessage, Drain, Refused, Registered, bridge_message::Message, refused::Reason,
};
use proto::bounds;
use tracing::{info, warn};

use crate::exposure;
use crate::reader::{Reader, Unread};
use crate::registration::{Parts, malformed};
use crate::registry::{Ending, Queue, Stream};
use crate::seat::Seat;
use crate::service::Shared;
use crate::words::Word;

/// How a stream that was registered ended.
#[derive(Debug)]
enum End {
    /// The agent, or the network, ended it.
    Left,
    /// We were told to end it; the stream knows why.
    Told,
    /// The bridge stops.
    Stopping,
    /// Nothing was heard for `agents.timeout`.
    Silent,
    /// It does not take what it is sent.
    Deaf,
    /// It broke a rule.
    Malformed(String),
}

/// Serves a stream until it ends.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    mut reader: Reader,
    queue: Queue,
    peer: Option<SocketAddr>,
) {
    let registration = match register(&shared, &mut reader).await {
        Ok(Some(registration)) => registration,
        Ok(None) => return,
        Err(refused) => return turn_away(&queue, refused, peer),
    };
    let (stream, seat) = match admit(&shared, registration, &queue, peer).await {
        Ok(admitted) => admitted,
        Err(refused) => return turn_away(&queue, refused, peer),
    };
    let talk = async {
        let end = listen(&shared, &stream, &mut reader).await;
        last_words(&stream, &end);
        stream.close();
    };
    tokio::join!(shared.events.opened(stream.session.clone()), talk);
    drop(seat);
}

/// Reads the parts of the registration. Nothing: the agent left.
async fn register(shared: &Shared, reader: &mut Reader) -> Result<Option<Registration>, Refused> {
    let mut parts = Parts::default();
    loop {
        let silent_at = shared.clock.now() + shared.options.timeout_ms;
        let part = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return Err(stopping()),
            part = reader.register() => part,
            () = shared.clock.sleep_until(silent_at) => {
                return Err(malformed("the registration stopped before its last part".to_owned()));
            }
        };
        match part {
            Ok(part) => {
                if let Some(registration) = parts.take(part)? {
                    return Ok(Some(registration));
                }
            }
            Err(Unread::Left) => return Ok(None),
            Err(Unread::Malformed(text)) => return Err(malformed(text)),
        }
    }
}

/// Asks whether the agent may register, and gives its stream the agent's seat.
async fn admit(
    shared: &Arc<Shared>,
    registration: Registration,
    queue: &Queue,
    peer: Option<SocketAddr>,
) -> Result<(Arc<Stream>, Seat), Refused> {
    let (agent, instance) = (registration.agent.clone(), registration.instance.clone());
    let _one_at_a_time = shared.registry.door(&agent).await;
    if shared.shutdown.is_cancelled() {
        return Err(stopping());
    }
    let accounts = registration.accounts.len();
    let welcome = shared.events.registered(registration).await.map_err(refused)?;
    let session = Session { agent, instance, session: welcome.session };
    info!(
        agent.id = session.agent,
        agent.instance = session.instance,
        agent.accounts = accounts,
        session.id = session.session,
        "an agent has registered"
    );
    let carries_secrets = exposure::may_carry_secrets(peer, &shared.options);
    let stream = Arc::new(Stream::new(session, queue.clone(), carries_secrets));
    let registered = Registered {
        session_id: stream.session.session.clone(),
        protocol: bounds::PROTOCOL,
        heartbeat_ms: shared.options.heartbeat_ms(),
        max_message_bytes: shared.options.max_message as u64,
        wanted: welcome.wanted,
    };
    // The queue is empty: nobody else knows the stream before it has its seat.
    let _ = queue.try_send(Ok(say(Message::Registered(registered))));
    let seat = Seat::take(shared, &stream);
    Ok((stream, seat))
}

async fn listen(shared: &Shared, stream: &Stream, reader: &mut Reader) -> End {
    loop {
        let silent_at = shared.clock.now() + shared.options.timeout_ms;
        let word = tokio::select! {
            biased;
            () = shared.shutdown.cancelled() => return End::Stopping,
            () = stream.ended() => return End::Told,
            word = reader.word() => word,
            () = stream.queue.closed() => return End::Left,
            () = shared.clock.sleep_until(silent_at) => return End::Silent,
        };
        if word.is_ok() {
            shared.events.heard(&stream.session);
        }
        match word {
            Ok(Word::Heartbeat) => {}
            Ok(Word::Results(results)) => {
                if let Err(end) = take_results(shared, stream, results).await {
                    return end;
                }
            }
            Ok(Word::Observations { seen, number }) => {
                if let Err(end) = take_observations(shared, stream, &seen, number).await {
                    return end;
                }
            }
            Err(Unread::Left) => return End::Left,
            Err(Unread::Malformed(text)) => return End::Malformed(text),
        }
    }
}

/// Hands answers on, in batches, and acknowledges each batch when it is committed. What was said is handed on to its
/// end, also when nobody is there any more to be told.
async fn take_results(
    shared: &Shared,
    stream: &Stream,
    results: Vec<OperationResult>,
) -> Result<(), End> {
    let mut told = Ok(());
    for batch in results.chunks(BATCH_MAX) {
        let operations = shared.events.results(stream.session.clone(), batch.to_vec()).await;
        if told.is_ok() && !operations.is_empty() {
            let ack = Ack { operation_ids: operations, observations: Vec::new() };
            told = acknowledge(shared, stream, ack).await;
        }
    }
    told
}

/// The same for what it saw, which is acknowledged if all of it is committed.
async fn take_observations(
    shared: &Shared,
    stream: &Stream,
    seen: &[HeldAccount],
    number: Option<u64>,
) -> Result<(), End> {
    let mut all = true;
    for batch in seen.chunks(BATCH_MAX) {
        all &= shared.events.observations(stream.session.clone(), batch.to_vec()).await;
    }
    match number.filter(|_| all) {
        Some(number) => {
            let ack = Ack { operation_ids: Vec::new(), observations: vec![number] };
            acknowledge(shared, stream, ack).await
        }
        None => Ok(()),
    }
}

async fn acknowledge(shared: &Shared, stream: &Stream, ack: Ack) -> Result<(), End> {
    let ack = say(Message::Ack(ack));
    let deaf_at = shared.clock.now() + shared.options.timeout_ms;
    tokio::select! {
        biased;
        sent = stream.queue.send(Ok(ack)) => sent.map_err(|_| End::Left),
        () = shared.shutdown.cancelled() => Err(End::Stopping),
        () = stream.ended() => Err(End::Told),
        () = shared.clock.sleep_until(deaf_at) => Err(End::Deaf),
    }
}

/// Says why the stream ends, if the agent can still hear it: a full queue has no place for last words.
fn last_words(stream: &Stream, end: &End) {
    let (agent, session) = (&stream.session.agent, &stream.session.session);
    let drain = |reason: &str| Some(Message::Drain(Drain { reason: reason.to_owned() }));
    let words = match end {
        End::Left => None,
        End::Stopping => drain("the bridge stops"),
        End::Silent => drain("nothing was heard for agents.timeout"),
        End::Deaf => drain("nothing that was sent was taken for agents.timeout"),
        End::Malformed(text) => Some(Message::Refused(malformed(text.clone()))),
        End::Told => match stream.why() {
            Some(Ending::Disconnected(reason)) => drain(reason),
            Some(Ending::Replaced) => Some(Message::Refused(Refused {
                reason: Reason::Identity.into(),
                text: format!(
                    "another process has registered as {agent}; give each agent an id of its own"
                ),
                retry: false,
            })),
            Some(Ending::Renewed) | None => None,
        },
    };
    match end {
        End::Malformed(text) => {
            warn!(
                agent.id = agent,
                session.id = session,
                "an agent broke a rule of the link: {text}"
            );
        }
        End::Left | End::Told | End::Stopping | End::Silent | End::Deaf => {
            info!(agent.id = agent, session.id = session, "an agent's stream has ended: {end:?}");
        }
    }
    if let Some(words) = words {
        let _ = stream.queue.try_send(Ok(say(words)));
    }
}

fn turn_away(queue: &Queue, refused: Refused, peer: Option<SocketAddr>) {
    warn!(peer = ?peer, retry = refused.retry, "an agent may not register: {}", refused.text);
    // The queue is empty. If the agent has left, nobody needs to be told.
    let _ = queue.try_send(Ok(say(Message::Refused(refused))));
}

fn refused(refused: RegistrationRefused) -> Refused {
    let reason = if refused.retry { Reason::Unavailable } else { Reason::Identity };
    Refused { reason: reason.into(), text: refused.reason, retry: refused.retry }
}

fn stopping() -> Refused {
    Refused {
        reason: Reason::Unavailable.into(),
        text: "the bridge stops; dial again".to_owned(),
        retry: true,
    }
}

fn say(message: Message) -> BridgeMessage {
    BridgeMessage { message: Some(message) }
}
