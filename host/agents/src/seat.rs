//! A registered stream's place: whoever leaves it, also by a panic, is forgotten by the registry and said good-bye for.

use std::sync::Arc;

use crate::registry::Stream;
use crate::service::Shared;

/// Held for as long as the stream is served.
#[derive(Debug)]
pub(crate) struct Seat {
    shared: Arc<Shared>,
    stream: Arc<Stream>,
}

impl Seat {
    /// Takes the agent's place; an older stream of it ends.
    pub(crate) fn take(shared: &Arc<Shared>, stream: &Arc<Stream>) -> Self {
        shared.registry.admit(stream);
        Self { shared: Arc::clone(shared), stream: Arc::clone(stream) }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.stream.close();
        self.shared.registry.leave(&self.stream.session);
        if self.shared.shutdown.is_cancelled() {
            return;
        }
        let (events, session) = (Arc::clone(&self.shared.events), self.stream.session.clone());
        self.shared.tasks.spawn(async move { events.closed(session).await });
    }
}
