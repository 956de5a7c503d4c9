//! The clusters behind the seam: looks that are asked for, and the watching of what is held. One task goes round for all
//! of it ([`pulse`]); [`book`] remembers what was told and decides when to look again; [`watch`] keeps a connection open
//! for the few whose namespaces may be watched.

mod book;
mod pulse;
mod server;
mod watch;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_agent::{Account, Change, Clusters, Lanes, Refusal, Seen, Surroundings};
use tokio::sync::Notify;
use tokio_util::task::AbortOnDropHandle;

use crate::options::KubernetesOptions;
use crate::reach::{Known, Reach};
use book::Book;

/// Kubernetes clusters.
#[derive(Debug)]
pub struct Kubernetes {
    shared: Arc<Shared>,
    _pulse: AbortOnDropHandle<()>,
}

/// What the tasks of all accounts share.
#[derive(Debug)]
struct Shared {
    reach: Reach,
    lanes: Lanes,
    book: Mutex<Book>,
    /// Something else may be due first.
    sooner: Notify,
    /// There is a change to be told.
    news: Notify,
}

impl Shared {
    fn book(&self) -> MutexGuard<'_, Book> {
        // Nothing panics while it is held, and it is whole after every call.
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn surroundings(&self) -> &dyn Surroundings {
        &*self.reach.surroundings
    }
}

impl Kubernetes {
    /// Begins to watch what will be held. Must be called within a tokio runtime.
    #[must_use]
    pub fn start(options: KubernetesOptions, surroundings: Arc<dyn Surroundings>) -> Self {
        let (bounds, rhythm) = (options.bounds, options.rhythm);
        let shared = Arc::new(Shared {
            reach: Reach::new(options, surroundings),
            lanes: Lanes::new(bounds.checks_at_once),
            book: Mutex::new(Book::new(rhythm, bounds.watches)),
            sooner: Notify::new(),
            news: Notify::new(),
        });
        let pulse = tokio::spawn(pulse::run(Arc::clone(&shared)));
        Self { shared, _pulse: AbortOnDropHandle::new(pulse) }
    }
}

impl Drop for Kubernetes {
    fn drop(&mut self) {
        // Checks and watches know the book, and the book knows them.
        self.shared.book().clear();
    }
}

#[async_trait]
impl Clusters for Kubernetes {
    async fn look(&self, account: &Account) -> Result<Seen, Refusal> {
        let known = Known::Definition(account.definition.clone());
        self.shared.reach.look(&known, true).await.map(|looked| looked.seen)
    }

    fn server(&self, account: &Account) -> String {
        self.shared.reach.known(&account.definition).server()
    }

    fn hold(&self, account: &Account, seen: &Seen) {
        let known = self.shared.reach.known(&account.definition);
        let surroundings = self.shared.surroundings();
        let (now, chance) = (surroundings.now(), surroundings.chance());
        self.shared.book().hold(&account.name, known, seen, now, chance);
        self.shared.sooner.notify_one();
    }

    fn release(&self, name: &str) {
        self.shared.book().release(name);
    }

    async fn changes(&self) -> Vec<Change> {
        loop {
            let told = self.shared.news.notified();
            let news = self.shared.book().news();
            if !news.is_empty() {
                return news;
            }
            told.await;
        }
    }
}
