//! Dialling: from an address to a stream on which the bridge has said `Registered`.

use std::time::Duration;

use futures::{StreamExt, stream};
use proto::agent::v1::agent_link_client::AgentLinkClient;
use proto::agent::v1::{
    AgentMessage, BridgeMessage, Refused, Registered, bridge_message::Message, refused::Reason,
};
use proto::bounds;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::Endpoint;

use crate::options::BadAgentOptions;

/// How often the connection is asked whether it lives, and how long it may take to be made or to answer: so long a dead
/// bridge may go unnoticed.
const PING: Duration = Duration::from_secs(20);

/// The largest message that is taken from a bridge: its `agents.max_message` is known only when it has answered.
const LARGEST: usize = bounds::REGISTERED_BYTES;

/// How many messages wait to be sent. Few: what waits longer travels together.
const QUEUE: usize = 2;

/// A stream on which the agent is registered.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) to_bridge: mpsc::Sender<AgentMessage>,
    pub(crate) from_bridge: Streaming<BridgeMessage>,
    pub(crate) registered: Registered,
}

/// Why there is none.
#[derive(Debug)]
pub(crate) enum NoLine {
    /// The bridge cannot be reached, or it broke off.
    Failed(String),
    /// It is going away.
    Drained(String),
    /// It does not take this agent.
    Refused(Refused),
}

/// Checks the bridge's address. Whoever adds TLS and tokens does it here.
pub(crate) fn endpoint(bridge: &str) -> Result<Endpoint, BadAgentOptions> {
    let bad = || BadAgentOptions::Bridge(bridge.to_owned());
    let endpoint = Endpoint::from_shared(bridge.to_owned()).map_err(|_| bad())?;
    match endpoint.uri().scheme_str() {
        Some("http") => {}
        Some("https") => return Err(BadAgentOptions::Secure(bridge.to_owned())),
        Some(_) | None => return Err(bad()),
    }
    Ok(endpoint
        .connect_timeout(PING)
        .http2_keep_alive_interval(PING)
        .keep_alive_timeout(PING)
        .keep_alive_while_idle(true))
}

/// Dials and registers.
pub(crate) async fn dial(endpoint: &Endpoint, register: Vec<AgentMessage>) -> Result<Line, NoLine> {
    let failed = |error: &dyn std::error::Error| NoLine::Failed(with_causes(error));
    let channel = endpoint.connect().await.map_err(|error| failed(&error))?;
    let mut client = AgentLinkClient::new(channel)
        .max_decoding_message_size(LARGEST)
        .max_encoding_message_size(LARGEST);
    let (to_bridge, words) = mpsc::channel(QUEUE);
    let outbound = stream::iter(register).chain(ReceiverStream::new(words));
    let mut from_bridge =
        client.connect(outbound).await.map_err(|status| failed(&status))?.into_inner();
    let first = from_bridge.message().await.map_err(|status| failed(&status))?;
    match first.and_then(|first| first.message) {
        Some(Message::Registered(registered)) => Ok(Line { to_bridge, from_bridge, registered }),
        Some(Message::Refused(refused)) => Err(NoLine::Refused(refused)),
        Some(Message::Drain(drain)) => Err(NoLine::Drained(drain.reason)),
        Some(Message::Ack(_) | Message::Operations(_)) => Err(NoLine::Refused(Refused {
            reason: Reason::Malformed.into(),
            text: "what answers at agent.bridge does not begin with Registered".to_owned(),
            retry: true,
        })),
        None => Err(NoLine::Failed("the bridge ended the stream without a word".to_owned())),
    }
}

/// An error with its causes, on one line.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::endpoint;
    use crate::options::BadAgentOptions;

    #[test]
    fn an_address_that_cannot_work_is_found_before_dialling() {
        assert!(endpoint("http://127.0.0.1:9091").is_ok());
        assert!(matches!(endpoint("https://bridge:9091"), Err(BadAgentOptions::Secure(_))));
        for bad in ["", "127.0.0.1:9091", "bridge", "ftp://bridge"] {
            assert!(matches!(endpoint(bad), Err(BadAgentOptions::Bridge(_))), "{bad}");
        }
    }
}
