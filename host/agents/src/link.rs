//! What the bridge asks of the streams: the port `AgentLink`. It packs operations, waits for room, and says which ones
//! cannot travel at all.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::account::Failure;
use host_core::operation::Delivery;
use host_core::port::link::{AgentLink, Delivered, Session, Undeliverable};
use proto::agent::v1::{BridgeMessage, Operation, Operations, bridge_message::Message};
use proto::packing;

use crate::registry::{Ending, Registry, Stream};
use crate::words;

/// The port, over the registry of streams.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) registry: Arc<Registry>,
    pub(crate) max_message: usize,
}

#[async_trait]
impl AgentLink for Link {
    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered {
        let Some(stream) = self.registry.of_session(session) else {
            return Delivered::default();
        };
        let (operations, mut undeliverable) = what_may_travel(&stream, &deliveries);
        drop(deliveries);
        let packed = packing::pack(operations, self.max_message);
        undeliverable.extend(packed.too_large.iter().map(|operation| self.too_large(operation)));
        for operations in packed.parts {
            let message = Message::Operations(Operations { operations });
            let message = BridgeMessage { message: Some(message) };
            let sent = tokio::select! {
                biased;
                () = stream.ended() => false,
                sent = stream.queue.send(Ok(message)) => sent.is_ok(),
            };
            if !sent {
                return Delivered { open: false, undeliverable };
            }
        }
        Delivered { open: true, undeliverable }
    }

    async fn disconnect(&self, agent: &str, reason: &str) -> bool {
        let stream = self.registry.of_agent(agent);
        if let Some(stream) = &stream {
            stream.end(Ending::Disconnected(reason.to_owned()));
        }
        stream.is_some()
    }

    async fn overtaken(&self, session: &Session, instance: &str) {
        if let Some(stream) = self.registry.of_session(session) {
            let same = session.instance == instance;
            stream.end(if same { Ending::Renewed } else { Ending::Replaced });
        }
    }
}

impl Link {
    fn too_large(&self, operation: &Operation) -> Undeliverable {
        let text = format!(
            "the definition has {} bytes with its secrets, and a message to an agent at most {}; make it smaller or \
             raise agents.max_message",
            operation.definition.len(),
            self.max_message
        );
        refusal(&operation.id, text)
    }
}

/// Divides operations into those that may travel on this stream and those that it cannot protect.
fn what_may_travel(
    stream: &Stream,
    deliveries: &[Delivery],
) -> (Vec<Operation>, Vec<Undeliverable>) {
    let (mut operations, mut kept) = (Vec::with_capacity(deliveries.len()), Vec::new());
    for delivery in deliveries {
        if stream.carries_secrets || delivery.definition.expose().is_empty() {
            operations.push(words::operation(delivery));
        } else {
            let text = "the agent is connected in plain text from another machine, and definitions carry secrets; set \
                        agents.send_secrets_in_clear if the network in between is trusted";
            kept.push(refusal(&delivery.operation.id, text.to_owned()));
        }
    }
    (operations, kept)
}

fn refusal(operation: &str, text: String) -> Undeliverable {
    Undeliverable {
        operation: operation.to_owned(),
        failure: Failure { code: "internal".to_owned(), text },
    }
}

#[cfg(test)]
mod tests {
    use host_core::operation::{Delivery, Operation, OperationKind, OperationState};
    use host_core::port::link::Session;
    use host_core::secret::Secret;
    use tokio::sync::mpsc;

    use super::what_may_travel;
    use crate::registry::Stream;

    fn delivery(id: &str, definition: &str) -> Delivery {
        let operation = Operation {
            id: id.into(),
            parent: None,
            account: "eu-1".into(),
            agent: "a".into(),
            instance: "i".into(),
            kind: OperationKind::Add,
            definition_revision: 1,
            generation: 1,
            state: OperationState::Pending,
            not_before: None,
            deadline: None,
            context: String::new(),
            module: String::new(),
            data_version: 1,
            created_at: 0,
            attempts: 0,
            sent_at: None,
            ended_at: None,
            failure: None,
            sight: None,
        };
        Delivery { operation, definition: Secret::new(definition) }
    }

    #[test]
    fn secrets_do_not_travel_where_nothing_protects_them() {
        let session = Session { agent: "a".into(), instance: "i".into(), session: "s".into() };
        let deliveries = [delivery("drop", ""), delivery("add", r#"{"token":"hunter2"}"#)];

        let exposed = Stream::new(session.clone(), mpsc::channel(1).0, false);
        let (operations, kept) = what_may_travel(&exposed, &deliveries);
        assert_eq!(operations.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["drop"]);
        assert_eq!(
            (kept[0].operation.as_str(), kept[0].failure.code.as_str()),
            ("add", "internal")
        );
        assert!(kept[0].failure.text.contains("agents.send_secrets_in_clear"));

        let protected = Stream::new(session, mpsc::channel(1).0, true);
        let (operations, kept) = what_may_travel(&protected, &deliveries);
        assert_eq!((operations.len(), kept.len()), (2, 0));
    }
}
