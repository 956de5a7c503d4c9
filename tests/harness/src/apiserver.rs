//! A Kubernetes API server of our own on loopback, as far as an agent looks at one: with certificates of its own authority,
//! tokens with rights, namespaces in pages and under watch, and every bad habit that a server can have.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a server for tests: what fails here fails one of them"
)]

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

pub use self::authority::Authority;
use self::state::{Acceptor, Shared, State};
pub use self::state::{Habit, Rights};

mod answers;
mod authority;
mod connection;
mod counted;
mod state;

/// A running server; it ends when it is dropped.
#[derive(Debug)]
pub struct ApiServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Who signs its certificates.
    pub authority: Authority,
    shared: Arc<Shared>,
    _serving: AbortOnDropHandle<()>,
}

impl ApiServer {
    /// A server with the token `good`, which may do everything, and three namespaces.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let authority = Authority::new();
        let state = State {
            habit: Habit::Good,
            acceptor: Acceptor(authority.acceptor(&["localhost", "127.0.0.1"])),
            version: "v1.34.4".to_owned(),
            tokens: [("good".to_owned(), Rights::all())].into(),
            namespaces: ["default", "dev", "kube-system"].map(str::to_owned).into(),
            watchers: Vec::new(),
            asked: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            open: watch::Sender::new(0),
            cut: watch::Sender::new(()),
            watches: watch::Sender::new(0),
            connections: AtomicUsize::new(0),
            bytes: AtomicU64::new(0),
        });
        let serving = tokio::spawn(connection::serve(listener, Arc::clone(&shared)));
        Self { address, authority, shared, _serving: AbortOnDropHandle::new(serving) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap()
    }

    /// Has another habit from now on, for new connections and requests.
    pub fn behave(&self, habit: Habit) {
        self.state().habit = habit;
    }

    /// Knows a token from now on.
    pub fn grant(&self, token: &str, rights: Rights) {
        self.state().tokens.insert(token.to_owned(), rights);
    }

    /// Does not know a token any more.
    pub fn revoke(&self, token: &str) {
        self.state().tokens.remove(token);
    }

    /// Has another version from now on.
    pub fn upgrade(&self, version: &str) {
        version.clone_into(&mut self.state().version);
    }

    /// Shows another certificate from now on: of the same authority, for these names.
    pub fn renew(&self, names: &[&str]) {
        self.state().acceptor = Acceptor(self.authority.acceptor(names));
    }

    /// Is another cluster from now on.
    pub fn become_another(&mut self) {
        self.authority = Authority::new();
        let acceptor = self.authority.acceptor(&["localhost", "127.0.0.1"]);
        self.state().acceptor = Acceptor(acceptor);
    }

    /// Has these namespaces from now on; nobody is told.
    pub fn set_namespaces(&self, names: impl IntoIterator<Item = String>) {
        self.state().namespaces = names.into_iter().collect();
    }

    /// Makes a namespace, and tells those who watch.
    pub fn make(&self, name: &str) {
        let mut state = self.state();
        state.namespaces.insert(name.to_owned());
        state.happen("ADDED", name);
    }

    /// Deletes a namespace, and tells those who watch.
    pub fn delete(&self, name: &str) {
        let mut state = self.state();
        state.namespaces.remove(name);
        state.happen("DELETED", name);
    }

    /// Closes every connection, whatever goes on on it.
    pub fn cut(&self) {
        self.shared.cut.send_replace(());
    }

    /// What was asked so far, as `METHOD PATH`.
    #[must_use]
    pub fn asked(&self) -> Vec<String> {
        self.state().asked.clone()
    }

    /// How often somebody connected.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The bytes that went over its connections so far, both ways, TLS included.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::SeqCst)
    }

    /// Forgets what was asked.
    pub fn forget(&self) {
        self.state().asked.clear();
    }

    /// Returns when so many watches were begun.
    pub async fn until_watched(&self, watches: usize) {
        self.shared.watches.subscribe().wait_for(|begun| *begun >= watches).await.unwrap();
    }

    /// Returns when somebody has said something on a connection.
    pub async fn until_spoken_to(&self) {
        while self.bytes() == 0 {
            tokio::task::yield_now().await;
        }
    }

    /// Returns when so many connections are open.
    pub async fn until_open(&self, connections: usize) {
        self.shared.open.subscribe().wait_for(|open| *open == connections).await.unwrap();
    }

    /// Its address as a kubeconfig has it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// A kubeconfig for it: what its cluster has beside server and authority, and its user.
    #[must_use]
    pub fn kubeconfig(&self, cluster: &str, user: &str) -> String {
        self.kubeconfig_without_ca(
            &format!("certificate-authority-data: {}\n{cluster}", self.authority.data()),
            user,
        )
    }

    /// As [`Self::kubeconfig`], without the authority. Lines of YAML each.
    #[must_use]
    pub fn kubeconfig_without_ca(&self, cluster: &str, user: &str) -> String {
        let lines = |text: &str| text.replace('\n', "\n    ");
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: it\ncontexts:\n- name: it\n  context: {{cluster: c, user: u}}\n\
             clusters:\n- name: c\n  cluster:\n    server: {}\n    {}\nusers:\n- name: u\n  user:\n    {}\n",
            self.url(),
            lines(cluster),
            lines(user)
        )
    }
}
