//! What comes from an agent, message by message, with the answers that already wait put together: one commit then takes
//! many. It keeps the order of messages.

use futures::FutureExt;
use host_core::BATCH_MAX;
use host_core::agent::OperationResult;
use proto::agent::v1::{AgentMessage, Register, agent_message::Message};
use tonic::{Status, Streaming};

use crate::words::{self, Malformed, Word};

/// Why nothing more is read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// The agent, or the network, ended the stream.
    Left,
    /// What came is no message, or breaks a rule.
    Malformed(String),
}

impl From<Malformed> for Unread {
    fn from(Malformed(text): Malformed) -> Self {
        Self::Malformed(text)
    }
}

/// The agent's side of a stream.
#[derive(Debug)]
pub(crate) struct Reader {
    inbound: Streaming<AgentMessage>,
    /// Read already, and not part of what was put together.
    ahead: Option<Result<AgentMessage, Unread>>,
}

impl Reader {
    pub(crate) fn new(inbound: Streaming<AgentMessage>) -> Self {
        Self { inbound, ahead: None }
    }

    /// The next part of a registration.
    pub(crate) async fn register(&mut self) -> Result<Register, Unread> {
        match self.message().await?.message {
            Some(Message::Register(part)) => Ok(part),
            Some(Message::Heartbeat(_) | Message::Results(_) | Message::Observations(_)) | None => {
                let text = "an agent says nothing else before the last part of its Register";
                Err(Unread::Malformed(text.to_owned()))
            }
        }
    }

    /// The next word of a registered agent. Losing the future loses no message.
    pub(crate) async fn word(&mut self) -> Result<Word, Unread> {
        let message = self.message().await?;
        match words::read(message)? {
            Word::Results(results) => self.gather(results).map(Word::Results),
            word @ (Word::Heartbeat | Word::Observations { .. }) => Ok(word),
        }
    }

    async fn message(&mut self) -> Result<AgentMessage, Unread> {
        match self.ahead.take() {
            Some(read) => read,
            None => understood(self.inbound.message().await),
        }
    }

    /// Adds the answers of the messages that wait already, up to a batch.
    fn gather(
        &mut self,
        mut results: Vec<OperationResult>,
    ) -> Result<Vec<OperationResult>, Unread> {
        while results.len() < BATCH_MAX {
            let Some(message) = self.inbound.message().now_or_never() else { break };
            let message = understood(message);
            if !matches!(&message, Ok(AgentMessage { message: Some(Message::Results(_)) })) {
                self.ahead = Some(message);
                break;
            }
            if let Word::Results(more) = words::read(message?)? {
                results.extend(more);
            }
        }
        Ok(results)
    }
}

/// A status with a source comes from the transport: the connection broke. One without comes from decoding.
fn understood(read: Result<Option<AgentMessage>, Status>) -> Result<AgentMessage, Unread> {
    match read {
        Ok(Some(message)) => Ok(message),
        Ok(None) => Err(Unread::Left),
        Err(status) if std::error::Error::source(&status).is_some() => Err(Unread::Left),
        Err(status) => Err(Unread::Malformed(format!("no message: {}", status.message()))),
    }
}
