//! A Kubernetes API server of our own on loopback, as far as an agent looks at one: with certificates of its own authority,
//! tokens with rights, namespaces in pages and under watch, and every bad habit that a server can have.
#![expect(
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "a server for tests: what fails here fails one of them"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll};

use futures::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_rustls::TlsAcceptor;
use tokio_stream::wrappers::UnboundedReceiverStream;
use tokio_util::task::AbortOnDropHandle;

pub use self::authority::Authority;

mod authority;

type Body = BoxBody<Bytes, Infallible>;

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
}

impl Rights {
    /// Everything.
    #[must_use]
    pub fn all() -> Self {
        Self { lists: true, watches: true, sees: BTreeSet::new() }
    }

    /// Something in one namespace, and nothing else.
    #[must_use]
    pub fn only_in(namespace: &str) -> Self {
        Self { sees: [namespace.to_owned()].into(), ..Self::default() }
    }
}

#[derive(Debug)]
struct State {
    habit: Habit,
    acceptor: Acceptor,
    version: String,
    tokens: BTreeMap<String, Rights>,
    namespaces: BTreeSet<String>,
    watchers: Vec<mpsc::UnboundedSender<Bytes>>,
    asked: Vec<String>,
}

#[derive(Clone)]
struct Acceptor(TlsAcceptor);

impl std::fmt::Debug for Acceptor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Acceptor")
    }
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    open: watch::Sender<usize>,
    /// Whatever is open is to be closed.
    cut: watch::Sender<()>,
    /// Watches that were begun.
    watches: watch::Sender<usize>,
    connections: AtomicUsize,
    bytes: AtomicU64,
}

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
        let serving = tokio::spawn(serve(listener, Arc::clone(&shared)));
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

impl State {
    fn happen(&mut self, kind: &str, name: &str) {
        let object = json!({ "kind": "PartialObjectMetadata", "metadata": { "name": name, "resourceVersion": "8" } });
        let line = format!("{}\n", json!({ "type": kind, "object": object }));
        self.watchers.retain(|watcher| watcher.send(Bytes::from(line.clone())).is_ok());
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                shared.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(connection(stream, Arc::clone(&shared)));
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Counts an open connection.
struct Open(Arc<Shared>);

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.send_modify(|open| *open -= 1);
    }
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    let mut stream = Counted { stream, shared: Arc::clone(&shared) };
    shared.open.send_modify(|open| *open += 1);
    let _open = Open(Arc::clone(&shared));
    let mut cut = shared.cut.subscribe();
    let (habit, acceptor) = {
        let state = shared.state.lock().unwrap();
        (state.habit.clone(), state.acceptor.clone())
    };
    match habit {
        Habit::HangsUp => return,
        Habit::DeafToTls => return until_closed(&mut stream).await,
        Habit::Plain => {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\nspeak plainly\n").await;
            return until_closed(&mut stream).await;
        }
        _ => {}
    }
    let Ok(mut stream) = acceptor.0.accept(stream).await else { return };
    match habit {
        Habit::DeafToHttp => return until_closed(&mut stream).await,
        Habit::Garbage => {
            heard(&mut stream).await;
            let _ = stream.write_all(b"220 smtp.example.com ready\r\n").await;
            return until_closed(&mut stream).await;
        }
        Habit::Drips => {
            heard(&mut stream).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{").await;
            return until_closed(&mut stream).await;
        }
        _ => {}
    }
    let known = stream.get_ref().1.peer_certificates().is_some();
    let service =
        hyper::service::service_fn(move |request| answer(request, Arc::clone(&shared), known));
    let serving =
        hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = serving => {}
        _ = cut.changed() => {}
    }
}

/// A connection whose bytes are counted.
struct Counted {
    stream: TcpStream,
    shared: Arc<Shared>,
}

impl Counted {
    fn count(&self, bytes: usize) {
        self.shared.bytes.fetch_add(bytes as u64, Ordering::SeqCst);
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let before = into.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(cx, into);
        self.count(into.filled().len() - before);
        read
    }
}

impl AsyncWrite for Counted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if let Poll::Ready(Ok(bytes)) = written {
            self.count(bytes);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Returns when something was said.
async fn heard(stream: &mut (impl AsyncRead + Unpin)) {
    use tokio::io::AsyncReadExt as _;
    let _ = stream.read(&mut [0; 1024]).await;
}

async fn until_closed(stream: &mut (impl AsyncRead + Unpin)) {
    use tokio::io::AsyncReadExt as _;
    let mut heard = [0; 1024];
    while stream.read(&mut heard).await.is_ok_and(|bytes| bytes > 0) {}
}

fn full(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}

async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    by_certificate: bool,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut state = shared.state.lock().unwrap();
    state.asked.push(format!("{} {}", head.method, head.uri));
    match &state.habit {
        Habit::Says(status, words) => return Ok(full(*status, words.clone())),
        Habit::LeadsTo(place) => {
            let mut response = full(307, "");
            response.headers_mut().insert("location", place.parse().unwrap());
            return Ok(response);
        }
        _ => {}
    }
    if head.uri.path() == "/version" {
        return Ok(full(200, json!({ "gitVersion": state.version }).to_string()));
    }
    let token = head.headers.get("authorization").and_then(|header| header.to_str().ok());
    let token = token.and_then(|header| header.strip_prefix("Bearer "));
    let rights = match token {
        Some(token) => state.tokens.get(token).cloned(),
        None if by_certificate => Some(Rights::all()),
        None => None,
    };
    let Some(rights) = rights else { return Ok(full(401, r#"{"kind":"Status","code":401}"#)) };
    let query = head.uri.query().unwrap_or_default().to_owned();
    Ok(match head.uri.path() {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            full(201, json!({ "status": { "allowed": rights.lists } }).to_string())
        }
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
            let namespace = body["spec"]["namespace"].as_str().unwrap_or_default();
            let mut rules =
                vec![json!({ "verbs": ["create"], "resources": ["selfsubjectaccessreviews"] })];
            if rights.sees.contains(namespace) {
                rules.push(json!({ "verbs": ["get", "list"], "resources": ["pods"] }));
            }
            full(
                201,
                json!({ "status": { "resourceRules": rules, "incomplete": false } }).to_string(),
            )
        }
        "/api/v1/namespaces" if query.contains("watch=true") => {
            shared.watches.send_modify(|watches| *watches += usize::from(rights.watches));
            state.watch(rights.watches)
        }
        "/api/v1/namespaces" if rights.lists => full(200, state.page(&query)),
        "/api/v1/namespaces" => full(403, r#"{"kind":"Status","code":403}"#),
        _ => full(404, "{}"),
    })
}

impl State {
    fn page(&self, query: &str) -> String {
        let value =
            |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let limit: usize =
            value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let from: usize = value("continue").and_then(|from| from.parse().ok()).unwrap_or(0);
        let page: Vec<Value> = self
            .namespaces
            .iter()
            .skip(from)
            .take(limit)
            .map(|name| json!({ "metadata": { "name": name, "labels": { "a": "b" } } }))
            .collect();
        let more = from + page.len() < self.namespaces.len();
        let next = match self.habit {
            Habit::EndlessPages => "0".to_owned(),
            _ if more => (from + page.len()).to_string(),
            _ => String::new(),
        };
        json!({ "kind": "PartialObjectMetadataList", "metadata": { "resourceVersion": "7", "continue": next }, "items": page })
            .to_string()
    }

    fn watch(&mut self, allowed: bool) -> Response<Body> {
        if !allowed {
            return full(403, "{}");
        }
        let (watcher, lines) = mpsc::unbounded_channel();
        self.watchers.push(watcher);
        let lines = UnboundedReceiverStream::new(lines).map(|line| Ok(Frame::data(line)));
        Response::new(BodyExt::boxed(StreamBody::new(lines)))
    }
}
