//! A bare agent: a connection, a stream, and messages as a test writes them.

use std::net::SocketAddr;

use proto::agent::v1::agent_link_client::AgentLinkClient;
use proto::agent::v1::{
    self as wire, AgentMessage, BridgeMessage, Origin, agent_message, bridge_message,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::Streaming;
use tonic::transport::{Channel, Endpoint};

use super::station::soon;

pub(crate) async fn channel(address: SocketAddr) -> Channel {
    soon(Endpoint::from_shared(format!("http://{address}")).unwrap().connect()).await.unwrap()
}

/// A part of a registration of `agent-a`.
pub(crate) fn part(accounts: impl IntoIterator<Item = String>, last: bool) -> wire::Register {
    let held = |name| wire::HeldAccount {
        name,
        origin: Origin::Given.into(),
        held: true,
        definition_revision: 3,
        generation: 2,
        ..wire::HeldAccount::default()
    };
    wire::Register {
        agent_id: "agent-a".into(),
        instance_id: "instance-1".into(),
        zone_id: "eu".into(),
        protocol_min: 1,
        protocol_max: 1,
        version: "0.0.1".into(),
        accounts: accounts.into_iter().map(held).collect(),
        last,
        ..wire::Register::default()
    }
}

/// An answer: done, and held.
pub(crate) fn done(operation: &str, account: &str, generation: u64) -> wire::OperationResult {
    wire::OperationResult {
        operation_id: operation.into(),
        account: account.into(),
        generation,
        held: true,
        definition_revision: 3,
        ..wire::OperationResult::default()
    }
}

/// One stream.
#[derive(Debug)]
pub(crate) struct Dialler {
    say: mpsc::Sender<AgentMessage>,
    hear: Streaming<BridgeMessage>,
}

impl Dialler {
    /// Opens a stream and says nothing.
    pub(crate) async fn dial(address: SocketAddr) -> Self {
        let mut client = AgentLinkClient::new(channel(address).await)
            .max_decoding_message_size(usize::MAX)
            .max_encoding_message_size(usize::MAX);
        let (say, words) = mpsc::channel(64);
        let hear = soon(client.connect(ReceiverStream::new(words))).await.unwrap().into_inner();
        Self { say, hear }
    }

    /// Opens a stream, registers in one part, and waits for the welcome.
    pub(crate) async fn register(address: SocketAddr, register: wire::Register) -> Self {
        let mut dialler = Self::dial(address).await;
        dialler.say(agent_message::Message::Register(register)).await;
        match dialler.hear().await {
            Some(bridge_message::Message::Registered(_)) => dialler,
            other => panic!("not registered: {other:?}"),
        }
    }

    pub(crate) async fn say(&self, message: agent_message::Message) {
        soon(self.say.send(AgentMessage { message: Some(message) })).await.unwrap();
    }

    pub(crate) async fn answer(&self, results: Vec<wire::OperationResult>) {
        self.say(agent_message::Message::Results(wire::OperationResults { results })).await;
    }

    pub(crate) async fn beat(&self) {
        self.say(agent_message::Message::Heartbeat(wire::Heartbeat::default())).await;
    }

    /// The next message; none when the bridge has ended the stream.
    pub(crate) async fn hear(&mut self) -> Option<bridge_message::Message> {
        match soon(self.hear.message()).await {
            Ok(message) => message.and_then(|message| message.message),
            Err(status) => panic!("the stream broke: {status}"),
        }
    }

    pub(crate) async fn refused(&mut self) -> wire::Refused {
        match self.hear().await {
            Some(bridge_message::Message::Refused(refused)) => {
                assert_eq!(self.hear().await, None, "the stream ends after a refusal");
                refused
            }
            other => panic!("not refused: {other:?}"),
        }
    }

    pub(crate) async fn drained(&mut self) -> String {
        match self.hear().await {
            Some(bridge_message::Message::Drain(drain)) => {
                assert_eq!(self.hear().await, None, "the stream ends after a drain");
                drain.reason
            }
            other => panic!("not drained: {other:?}"),
        }
    }

    pub(crate) async fn acknowledged(&mut self) -> Vec<String> {
        match self.hear().await {
            Some(bridge_message::Message::Ack(ack)) => ack.operation_ids,
            other => panic!("no acknowledgement: {other:?}"),
        }
    }

    /// The numbers of the messages whose observations are acknowledged.
    pub(crate) async fn heard(&mut self) -> Vec<u64> {
        match self.hear().await {
            Some(bridge_message::Message::Ack(ack)) => ack.observations,
            other => panic!("no acknowledgement: {other:?}"),
        }
    }

    pub(crate) async fn operations(&mut self) -> Vec<wire::Operation> {
        match self.hear().await {
            Some(bridge_message::Message::Operations(operations)) => operations.operations,
            other => panic!("no operations: {other:?}"),
        }
    }
}
