//! The bridge's end of the agent link without a wire: streams that are open, and what was said on them.
//!
//! One link belongs to one bridge. Whoever plays the agents opens streams, takes what the bridge said and ends them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_core::operation::Delivery;
use host_core::port::link::{AgentLink, Delivered, Session};

/// What the bridge said on a stream.
#[derive(Debug, Clone)]
pub enum Said {
    /// Do these, in this order.
    Operations(Vec<Delivery>),
    /// The stream ends; why.
    Ended(String),
}

/// A stream that is open.
#[derive(Debug)]
struct Stream {
    session: Session,
    said: VecDeque<Said>,
}

/// The streams of one bridge. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct MemoryLink(Arc<Mutex<BTreeMap<String, Stream>>>);

impl MemoryLink {
    fn streams(&self) -> MutexGuard<'_, BTreeMap<String, Stream>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens the stream of a session, in the place of the agent's older one.
    pub fn open(&self, session: Session) {
        let stream = Stream { session, said: VecDeque::new() };
        self.streams().insert(stream.session.agent.clone(), stream);
    }

    /// Takes the next thing that was said on a session's stream; nothing if there is none, or another stream by now.
    #[must_use]
    pub fn take(&self, session: &Session) -> Option<Said> {
        let mut streams = self.streams();
        let stream = streams.get_mut(&session.agent).filter(|s| s.session == *session)?;
        let said = stream.said.pop_front();
        if matches!(said, Some(Said::Ended(_))) {
            streams.remove(&session.agent);
        }
        said
    }

    /// Whether the stream of a session is open.
    #[must_use]
    pub fn is_open(&self, session: &Session) -> bool {
        self.streams().get(&session.agent).is_some_and(|stream| stream.session == *session)
    }

    /// Ends the stream of a session from the agent's side. Answers whether it was open.
    pub fn end(&self, session: &Session) -> bool {
        let open = self.is_open(session);
        if open {
            self.streams().remove(&session.agent);
        }
        open
    }

    fn say(&self, agent: &str, session: Option<&Session>, said: Said) -> bool {
        let mut streams = self.streams();
        let stream = streams.get_mut(agent);
        let stream = stream.filter(|s| session.is_none_or(|session| s.session == *session));
        let is_over = |s: &Stream| matches!(s.said.back(), Some(Said::Ended(_)));
        match stream.filter(|s| !is_over(s)) {
            Some(stream) => {
                stream.said.push_back(said);
                true
            }
            None => false,
        }
    }
}

#[async_trait]
impl AgentLink for MemoryLink {
    async fn deliver(&self, session: &Session, deliveries: Vec<Delivery>) -> Delivered {
        let open = self.say(&session.agent, Some(session), Said::Operations(deliveries));
        Delivered { open, undeliverable: Vec::new() }
    }

    async fn disconnect(&self, agent: &str, reason: &str) -> bool {
        self.say(agent, None, Said::Ended(reason.to_owned()))
    }

    async fn overtaken(&self, session: &Session, _instance: &str) {
        let why = "the agent has another stream on another replica".to_owned();
        self.say(&session.agent, Some(session), Said::Ended(why));
    }
}
