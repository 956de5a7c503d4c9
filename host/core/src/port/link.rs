//! The agent link, from both sides: what the bridge asks of it, and what it tells the bridge.

use async_trait::async_trait;

use crate::account::Failure;
use crate::agent::{HeldAccount, OperationResult, Registration};
use crate::operation::Delivery;

/// A stream that is open: the agent's instance, and the session that names the stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The agent.
    pub agent: String,
    /// Its instance.
    pub instance: String,
    /// Names the stream.
    pub session: String,
}

/// Why an agent may not register.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationRefused {
    /// For a person.
    pub reason: String,
    /// Whether trying again makes sense without somebody changing something.
    pub retry: bool,
}

/// What an agent is told when it has registered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Welcome {
    /// Its session.
    pub session: String,
    /// How many accounts the bridge wants it to hold.
    pub wanted: u64,
}

/// An operation that cannot travel at all: larger than a message may be, or secret where nothing protects it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undeliverable {
    /// The operation.
    pub operation: String,
    /// Why; to be taken as the agent's refusal, for sending it again would not help.
    pub failure: Failure,
}

/// What became of a call of [`AgentLink::deliver`].
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Delivered {
    /// Whether the stream still is open. If not: what was not put on it is delivered again on the next one.
    pub open: bool,
    /// The operations that were left out.
    pub undeliverable: Vec<Undeliverable>,
}

/// The streams that are open, as the bridge uses them. Implemented by the agent link.
#[async_trait]
pub trait AgentLink: std::fmt::Debug + Send + Sync {
    /// Puts operations on a stream, in this order, and waits while its queue is full.
    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered;

    /// Ends an agent's stream, saying why. Answers whether it had one.
    async fn disconnect(&self, agent: &str, reason: &str) -> bool;

    /// Ends the stream of a session, if it is open, because the agent has a newer one on another replica; `instance` is
    /// the one that it has there.
    async fn overtaken(&self, session: &Session, instance: &str);
}

/// What the agent link tells the bridge. Implemented by control.
///
/// Each method returns when what it brought is committed; if the caller stops waiting, the work goes on.
#[async_trait]
pub trait AgentEvents: std::fmt::Debug + Send + Sync {
    /// An agent has said everything about itself. After the answer the link sends `Registered`, and calls
    /// [`Self::opened`].
    ///
    /// # Errors
    /// Why it may not.
    async fn registered(&self, registration: Registration) -> Result<Welcome, RegistrationRefused>;

    /// The stream of a session is ready to take operations.
    async fn opened(&self, session: Session);

    /// A word from the agent, of any kind.
    fn heard(&self, session: &Session);

    /// Answers to operations. Answers the ids that may be acknowledged: those whose results are committed, or that are
    /// of no use to anybody.
    async fn results(&self, session: Session, results: Vec<OperationResult>) -> Vec<String>;

    /// Changes that an agent saw by itself. Whether they are committed, or of no use to anybody: otherwise the agent is
    /// to say them again.
    async fn observations(&self, session: Session, accounts: Vec<HeldAccount>) -> bool;

    /// The stream ended, and nothing more comes from it. Called once for every session that was registered, after
    /// everything else that it brought, but not when the bridge itself stops: its restart is no agent's loss. A
    /// good-bye of a session that is not the agent's newest changes nothing.
    async fn closed(&self, session: Session);
}
