//! Clusters that a test watches: they note every look, and answer, wait or fail by the account's name.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use host_agent::{Account, Change, Clusters, Identity, Refusal, Seen};
use tokio::sync::{Mutex, Notify, mpsc, watch};

/// What was asked of the clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Asked {
    Look(String),
    /// A look was given up before it ended.
    GivenUp(String),
    Hold(String),
    Release(String),
}

#[derive(Debug)]
pub(super) struct Watched {
    asked: mpsc::UnboundedSender<Asked>,
    /// Looks at accounts whose names begin with `slow` wait for this.
    pub(super) answers: watch::Sender<bool>,
    looking: AtomicUsize,
    pub(super) most_at_once: AtomicUsize,
    changes: Mutex<mpsc::UnboundedReceiver<Change>>,
    pub(super) never: Notify,
}

/// Notes a look that ends before it is told to.
struct Look<'a>(&'a Watched, Option<String>);

impl Drop for Look<'_> {
    fn drop(&mut self) {
        self.0.looking.fetch_sub(1, Ordering::SeqCst);
        if let Some(name) = self.1.take() {
            let _ = self.0.asked.send(Asked::GivenUp(name));
        }
    }
}

impl Watched {
    pub(super) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Asked>, mpsc::UnboundedSender<Change>)
    {
        let (asked, noted) = mpsc::unbounded_channel();
        let (change, changes) = mpsc::unbounded_channel();
        let watched = Self {
            asked,
            answers: watch::Sender::new(false),
            looking: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
            changes: Mutex::new(changes),
            never: Notify::new(),
        };
        (Arc::new(watched), noted, change)
    }
}

#[async_trait]
impl Clusters for Watched {
    async fn look(&self, account: &Account) -> Result<Seen, Refusal> {
        let name = account.name.clone();
        let _ = self.asked.send(Asked::Look(name.clone()));
        let now = self.looking.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        let mut look = Look(self, Some(name.clone()));
        assert!(!name.starts_with("fault"), "a fault that was asked for");
        if name.starts_with("slow") {
            let mut answers = self.answers.subscribe();
            answers.wait_for(|answers| *answers).await.unwrap();
        }
        tokio::task::yield_now().await;
        look.1 = None;
        let identity = Identity { host: format!("https://{name}:6443"), ..Identity::default() };
        Ok(Seen { identity, namespaces: None })
    }

    fn hold(&self, account: &Account, _: &Seen) {
        let _ = self.asked.send(Asked::Hold(account.name.clone()));
    }

    fn release(&self, name: &str) {
        let _ = self.asked.send(Asked::Release(name.to_owned()));
    }

    async fn changes(&self) -> Vec<Change> {
        match self.changes.lock().await.recv().await {
            Some(change) => vec![change],
            None => {
                self.never.notified().await;
                Vec::new()
            }
        }
    }
}
