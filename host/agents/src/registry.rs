//! The streams that are open, one per agent, and how one ends the other. It knows no wire format and no clock.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use host_core::port::link::Session;
use proto::agent::v1::BridgeMessage;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use tonic::Status;

/// What waits for an agent.
pub(crate) type Queue = mpsc::Sender<Result<BridgeMessage, Status>>;

/// Why the bridge ends a stream that is in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    /// The same instance opened another one: it knows.
    Renewed,
    /// Another instance has the agent's id now.
    Replaced,
    /// Somebody asked for it.
    Disconnected(String),
}

/// A stream that is open.
#[derive(Debug)]
pub(crate) struct Stream {
    /// Whose it is.
    pub(crate) session: Session,
    /// What waits to be sent.
    pub(crate) queue: Queue,
    /// Whether secret values may travel on it.
    pub(crate) carries_secrets: bool,
    over: CancellationToken,
    why: OnceLock<Ending>,
}

impl Stream {
    pub(crate) fn new(session: Session, queue: Queue, carries_secrets: bool) -> Self {
        Self {
            session,
            queue,
            carries_secrets,
            over: CancellationToken::new(),
            why: OnceLock::new(),
        }
    }

    /// Ends it; the first reason stands.
    pub(crate) fn end(&self, why: Ending) {
        let _ = self.why.set(why);
        self.over.cancel();
    }

    /// Ends it without a reason of ours.
    pub(crate) fn close(&self) {
        self.over.cancel();
    }

    /// Returns when it has ended.
    pub(crate) async fn ended(&self) {
        self.over.cancelled().await;
    }

    /// Why we ended it, if we did.
    pub(crate) fn why(&self) -> Option<&Ending> {
        self.why.get()
    }
}

/// How many registrations of agents whose ids fall together wait for each other.
const DOORS: usize = 64;

/// All of them.
#[derive(Debug)]
pub(crate) struct Registry {
    streams: Mutex<HashMap<String, Arc<Stream>>>,
    doors: Vec<tokio::sync::Mutex<()>>,
}

impl Default for Registry {
    fn default() -> Self {
        let doors = (0..DOORS).map(|_| tokio::sync::Mutex::default()).collect();
        Self { streams: Mutex::default(), doors }
    }
}

impl Registry {
    /// Registrations of one agent go through one at a time, so that the session that was registered last is also the
    /// one whose stream is kept.
    pub(crate) async fn door(&self, agent: &str) -> tokio::sync::MutexGuard<'_, ()> {
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(agent);
        let door = usize::try_from(hash % DOORS as u64).expect("a remainder of 64 is small");
        self.doors[door].lock().await
    }

    /// Keeps a stream in the place of the agent's older one, which ends.
    pub(crate) fn admit(&self, stream: &Arc<Stream>) {
        let before = self.streams().insert(stream.session.agent.clone(), Arc::clone(stream));
        if let Some(before) = before {
            let same = before.session.instance == stream.session.instance;
            before.end(if same { Ending::Renewed } else { Ending::Replaced });
        }
    }

    /// Forgets a stream, if it still is the agent's.
    pub(crate) fn leave(&self, session: &Session) {
        let mut streams = self.streams();
        if streams.get(&session.agent).is_some_and(|stream| stream.session == *session) {
            streams.remove(&session.agent);
        }
    }

    /// The stream of this very session.
    pub(crate) fn of_session(&self, session: &Session) -> Option<Arc<Stream>> {
        self.streams().get(&session.agent).filter(|s| s.session == *session).cloned()
    }

    /// The agent's stream.
    pub(crate) fn of_agent(&self, agent: &str) -> Option<Arc<Stream>> {
        self.streams().get(agent).cloned()
    }

    fn streams(&self) -> std::sync::MutexGuard<'_, HashMap<String, Arc<Stream>>> {
        // Nothing panics while it is held, and a map is whole after every call.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use host_core::port::link::Session;
    use tokio::sync::mpsc;

    use super::{Ending, Registry, Stream};

    fn stream(instance: &str, session: &str) -> Arc<Stream> {
        let session =
            Session { agent: "a".into(), instance: instance.into(), session: session.into() };
        Arc::new(Stream::new(session, mpsc::channel(1).0, true))
    }

    #[test]
    fn a_second_stream_of_an_agent_ends_the_first() {
        let (registry, first, second) = (Registry::default(), stream("i", "1"), stream("i", "2"));
        registry.admit(&first);
        registry.admit(&second);
        assert_eq!(first.why(), Some(&Ending::Renewed));
        assert!(registry.of_session(&first.session).is_none());
        let third = stream("j", "3");
        registry.admit(&third);
        assert_eq!(second.why(), Some(&Ending::Replaced));
    }

    #[test]
    fn a_late_good_bye_of_the_old_stream_changes_nothing() {
        let (registry, first, second) = (Registry::default(), stream("i", "1"), stream("i", "2"));
        registry.admit(&first);
        registry.admit(&second);
        registry.leave(&first.session);
        assert!(registry.of_session(&second.session).is_some());
        registry.leave(&second.session);
        assert!(registry.of_agent("a").is_none());
    }
}
