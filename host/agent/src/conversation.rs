//! One stream, from `Registered` to its end. What is heard goes to the desk at once; what is to be said waits for room,
//! and never keeps the agent from listening.

use proto::agent::v1::{AgentMessage, Heartbeat, Refused, agent_message, bridge_message::Message};
use proto::bounds;
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::desk::Desk;
use crate::dial::{Line, with_causes};
use crate::surroundings::Surroundings;

/// Why a stream ended.
#[derive(Debug)]
pub(crate) enum End {
    /// The bridge, or the network, broke off.
    Lost(String),
    /// The bridge said to go elsewhere.
    Drained(String),
    /// The bridge does not take this agent any more.
    Refused(Refused),
    /// The agent stops.
    Stopped,
}

/// Talks until the stream ends.
pub(crate) async fn talk(
    desk: &mut Desk,
    line: Line,
    surroundings: &dyn Surroundings,
    shutdown: &CancellationToken,
) -> End {
    let Line { to_bridge, mut from_bridge, registered } = line;
    let every = registered.heartbeat_ms.clamp(1_000, bounds::HEARTBEAT_MS * 3);
    let max = usize::try_from(registered.max_message_bytes)
        .unwrap_or(usize::MAX)
        .max(bounds::MESSAGE_BYTES_MIN);
    let mut words = Vec::new().into_iter();
    let mut beat_at = surroundings.now() + every;
    loop {
        let speaks = words.len() > 0 || desk.has_words();
        tokio::select! {
            () = shutdown.cancelled() => return End::Stopped,
            heard = from_bridge.message() => match heard {
                Ok(Some(message)) => {
                    if let Some(end) = hear(desk, message.message) {
                        return end;
                    }
                }
                Ok(None) => return End::Lost("the bridge ended the stream".to_owned()),
                Err(status) => return End::Lost(with_causes(&status)),
            },
            permit = to_bridge.reserve(), if speaks => match permit {
                Ok(permit) => {
                    if words.len() == 0 {
                        words = desk.next_words(max).into_iter();
                    }
                    if let Some(word) = words.next() {
                        permit.send(word);
                    }
                }
                Err(_) => return End::Lost("the bridge takes nothing more".to_owned()),
            },
            () = desk.turn() => {}
            () = surroundings.sleep_until(beat_at) => {
                let now = surroundings.now();
                let beat = Heartbeat { at_ms: now, held: desk.held() };
                // If there is no room, the bridge will hear from us by what waits already.
                let message = agent_message::Message::Heartbeat(beat);
                let _ = to_bridge.try_send(AgentMessage { message: Some(message) });
                // What waits here for room was not told yet: it does not grow older.
                if words.len() == 0 {
                    desk.beat();
                }
                beat_at = now + every;
            }
        }
    }
}

fn hear(desk: &mut Desk, message: Option<Message>) -> Option<End> {
    match message {
        Some(Message::Operations(operations)) => {
            operations.operations.into_iter().for_each(|operation| desk.receive(operation));
            None
        }
        Some(Message::Ack(ack)) => {
            desk.acknowledged(&ack);
            None
        }
        Some(Message::Drain(drain)) => Some(End::Drained(drain.reason)),
        Some(Message::Refused(refused)) => Some(End::Refused(refused)),
        Some(Message::Registered(_)) | None => {
            debug!("the bridge said something that this agent does not know, or said it twice");
            None
        }
    }
}
