//! The servers that work waits for: how much of it may be under way for each, and whether it was silent the last time.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, watch};

/// How many servers are remembered without being looked through for those that need not be.
const REMEMBERED: usize = 4_096;

/// A server.
#[derive(Debug)]
pub(super) struct Server {
    /// Its share of the quick lane.
    pub(super) quick: Arc<Semaphore>,
    /// Its share of the slow lane.
    pub(super) slow: Arc<Semaphore>,
    /// Whether it was silent the last time.
    pub(super) silent: watch::Sender<bool>,
}

impl Server {
    /// It was, or was not; whoever waits is told if that is new.
    pub(super) fn is_silent(&self, now: bool) {
        self.silent.send_if_modified(|silent| std::mem::replace(silent, now) != now);
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct Servers {
    quick: usize,
    slow: usize,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    servers: HashMap<String, Arc<Server>>,
    /// When there are so many, those that nobody needs are forgotten.
    most: usize,
}

impl Servers {
    /// Servers with so many places each, in the quick lane and in the slow one.
    pub(super) fn new(quick: usize, slow: usize) -> Self {
        let known = Known { servers: HashMap::new(), most: REMEMBERED };
        Self { quick, slow, known: Mutex::new(known) }
    }

    /// The server of this name.
    pub(super) fn named(&self, name: &str) -> Arc<Server> {
        // Nothing panics while it is held, and it is whole after every call.
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(server) = known.servers.get(name) {
            return Arc::clone(server);
        }
        known.forget();
        let server = Arc::new(Server {
            quick: Arc::new(Semaphore::new(self.quick)),
            slow: Arc::new(Semaphore::new(self.slow)),
            silent: watch::Sender::new(false),
        });
        known.servers.insert(name.to_owned(), Arc::clone(&server));
        server
    }
}

impl Known {
    /// Forgets servers that nobody works for, if there are many: those that were silent last of all, who are then given a
    /// second in the quick lane again.
    fn forget(&mut self) {
        if self.servers.len() < self.most {
            return;
        }
        let busy = |server: &Arc<Server>| Arc::strong_count(server) > 1;
        self.servers.retain(|_, server| busy(server) || *server.silent.borrow());
        if self.servers.len() >= self.most {
            self.servers.retain(|_, server| busy(server));
        }
        self.most = self.servers.len().saturating_mul(2).max(REMEMBERED);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::{REMEMBERED, Servers};

    #[test]
    fn servers_that_nobody_works_for_are_forgotten_and_silent_ones_last() {
        let servers = Servers::new(1, 1);
        servers.named("silent").is_silent(true);
        let busy = servers.named("busy");
        for n in 0..3 * REMEMBERED {
            servers.named(&format!("s{n}"));
        }
        assert!(servers.known.lock().unwrap().servers.len() <= REMEMBERED);
        assert!(Arc::ptr_eq(&busy, &servers.named("busy")));
        assert!(*servers.named("silent").silent.borrow());
        for n in 0..3 * REMEMBERED {
            servers.named(&format!("d{n}")).is_silent(true);
        }
        assert!(servers.known.lock().unwrap().servers.len() <= REMEMBERED);
        assert!(Arc::ptr_eq(&busy, &servers.named("busy")));
    }
}
