//! What a server knows, and what is known of it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize};

use hyper::body::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;

/// How a server behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Habit {
    /// As it should.
    Good,
    /// It takes connections and says nothing.
    DeafToTls,
    /// It shakes hands and answers nothing.
    DeafToHttp,
    /// It begins an answer and never ends it.
    Drips,
    /// It closes every connection.
    HangsUp,
    /// It speaks no TLS.
    Plain,
    /// It speaks TLS and no HTTP.
    Garbage,
    /// It answers everything with this status, and these words.
    Says(u16, String),
    /// It leads elsewhere.
    LeadsTo(String),
    /// Its pages never end.
    EndlessPages,
    /// It begins every watch, and ends it at once.
    EndsWatches,
    /// It begins every watch, and says that it is over (410).
    OverWatches,
    /// It answers every list of namespaces and every watch with this status.
    SaysOfNamespaces(u16),
    /// It answers every watch with this status; one that leads elsewhere leads to itself.
    SaysOfWatches(u16),
}

/// What a token is good for.
#[derive(Debug, Clone, Default)]
pub struct Rights {
    /// It may list (and watch) namespaces.
    pub lists: bool,
    /// It may watch them too.
    pub watches: bool,
    /// Namespaces in which it may see something.
    pub sees: BTreeSet<String>,
    /// Nobody knows: the server's authorizer fails for it.
    pub undecided: bool,
}

impl Rights {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { lists: true, watches: true, ..Self::default() }
    }

    /// Something in one namespace, and nothing else.
    #[must_use]
    pub fn only_in(namespace: &str) -> Self {
        Self { sees: [namespace.to_owned()].into(), ..Self::default() }
    }
}

#[derive(Debug)]
pub(super) struct State {
    pub(super) habit: Habit,
    pub(super) acceptor: Acceptor,
    pub(super) version: String,
    pub(super) tokens: BTreeMap<String, Rights>,
    pub(super) namespaces: BTreeSet<String>,
    pub(super) watchers: Vec<mpsc::UnboundedSender<Bytes>>,
    pub(super) asked: Vec<String>,
}

#[derive(Clone)]
pub(super) struct Acceptor(pub(super) TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

#[derive(Debug)]
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) open: watch::Sender<usize>,
    /// Whatever is open is to be closed.
    pub(super) cut: watch::Sender<()>,
    /// Watches that were begun.
    pub(super) watches: watch::Sender<usize>,
    pub(super) connections: AtomicUsize,
    pub(super) bytes: AtomicU64,
}

impl State {
    pub(super) fn happen(&mut self, kind: &str, name: &str) {
        let object = json!({ "kind": "PartialObjectMetadata", "metadata": { "name": name, "resourceVersion": "8" } });
        let line = format!("{}\n", json!({ "type": kind, "object": object }));
        self.watchers.retain(|watcher| watcher.send(Bytes::from(line.clone())).is_ok());
    }
}
