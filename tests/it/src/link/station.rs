//! The bridge's end of the link, with a script behind it that notes what it is told.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use host_agents::{AgentServer, Options, ServeError};
use host_core::agent::{HeldAccount, OperationResult, Registration};
use host_core::operation::{Delivery, Operation, OperationKind, OperationState};
use host_core::port::link::{AgentEvents, AgentLink, RegistrationRefused, Session, Welcome};
use host_core::secret::Secret;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::clock::Hands;

/// Waits, but not for ever: a fact that does not come is a test that failed.
pub(super) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), what).await.expect("it came within a minute")
}

/// What the bridge was told.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Fact {
    Registered(Registration),
    Opened(Session),
    Heard(Session),
    Results(Session, Vec<OperationResult>),
    Observations(Session, Vec<HeldAccount>),
    Closed(Session),
}

/// What stands behind the link.
#[derive(Debug)]
pub(super) struct Script {
    facts: mpsc::UnboundedSender<Fact>,
    sessions: AtomicU64,
    /// The next registrations are refused with these.
    pub(super) refusals: Mutex<VecDeque<RegistrationRefused>>,
    /// Whether answers are acknowledged.
    pub(super) acknowledges: AtomicBool,
    /// A permit for every commit of answers.
    pub(super) commits: Semaphore,
}

#[async_trait]
impl AgentEvents for Script {
    async fn registered(&self, registration: Registration) -> Result<Welcome, RegistrationRefused> {
        let refusal = self.refusals.lock().unwrap().pop_front();
        self.note(Fact::Registered(registration));
        match refusal {
            Some(refusal) => Err(refusal),
            None => {
                let session = self.sessions.fetch_add(1, Ordering::SeqCst);
                Ok(Welcome { session: format!("session-{session}"), wanted: 7 })
            }
        }
    }

    async fn opened(&self, session: Session) {
        self.note(Fact::Opened(session));
    }

    fn heard(&self, session: &Session) {
        self.note(Fact::Heard(session.clone()));
    }

    async fn results(&self, session: Session, results: Vec<OperationResult>) -> Vec<String> {
        assert!(
            results.iter().all(|result| result.operation != "fault"),
            "a fault that was asked for"
        );
        let ids = results.iter().map(|result| result.operation.clone()).collect();
        self.note(Fact::Results(session, results));
        self.commits.acquire().await.expect("never closed").forget();
        if self.acknowledges.load(Ordering::SeqCst) { ids } else { Vec::new() }
    }

    async fn observations(&self, session: Session, accounts: Vec<HeldAccount>) -> bool {
        self.note(Fact::Observations(session, accounts));
        self.acknowledges.load(Ordering::SeqCst)
    }

    async fn closed(&self, session: Session) {
        self.note(Fact::Closed(session));
    }
}

impl Script {
    /// One that takes everything in, and what it notes.
    pub(super) fn new() -> (Arc<Self>, mpsc::UnboundedReceiver<Fact>) {
        let (sender, facts) = mpsc::unbounded_channel();
        let script = Self {
            facts: sender,
            sessions: AtomicU64::new(1),
            refusals: Mutex::default(),
            acknowledges: AtomicBool::new(true),
            commits: Semaphore::new(1_000_000),
        };
        (Arc::new(script), facts)
    }

    fn note(&self, fact: Fact) {
        // The test may be over.
        let _ = self.facts.send(fact);
    }
}

/// A bridge's end that serves.
#[derive(Debug)]
pub(super) struct Station {
    pub(super) address: SocketAddr,
    pub(super) link: Arc<dyn AgentLink>,
    pub(super) clock: Arc<Hands>,
    pub(super) script: Arc<Script>,
    pub(super) facts: mpsc::UnboundedReceiver<Fact>,
    shutdown: CancellationToken,
    served: JoinHandle<Result<(), ServeError>>,
}

impl Station {
    pub(super) async fn open() -> Self {
        Self::open_with(Options::default(), "127.0.0.1:0").await
    }

    pub(super) async fn open_with(options: Options, listen: &str) -> Self {
        let clock = Arc::new(Hands::new());
        let server = AgentServer::bind(listen.parse().unwrap(), options, Arc::clone(&clock) as _)
            .await
            .unwrap();
        let (script, facts) = Script::new();
        let (address, link) = (server.local_addr(), server.link());
        let shutdown = CancellationToken::new();
        let served = tokio::spawn(server.serve(Arc::clone(&script) as _, shutdown.clone()));
        Self { address, link, clock, script, facts, shutdown, served }
    }

    /// The next fact; words that only show that the agent is there are passed over.
    pub(super) async fn next(&mut self) -> Fact {
        loop {
            let fact = soon(self.facts.recv()).await.expect("the script is there");
            if !matches!(fact, Fact::Heard(_)) {
                return fact;
            }
        }
    }

    /// Waits until an agent has registered and its stream is open.
    pub(super) async fn registered(&mut self) -> (Registration, Session) {
        let registration = match self.next().await {
            Fact::Registered(registration) => registration,
            other => panic!("no registration: {other:?}"),
        };
        match self.next().await {
            Fact::Opened(session) => (registration, session),
            other => panic!("not opened: {other:?}"),
        }
    }

    /// Waits for answers, and passes observations over.
    pub(super) async fn results(&mut self) -> Vec<OperationResult> {
        self.many_results(1).await
    }

    /// Waits for so many answers, in however many batches, and passes observations over.
    pub(super) async fn many_results(&mut self, count: usize) -> Vec<OperationResult> {
        let mut all = Vec::new();
        while all.len() < count {
            match self.next().await {
                Fact::Results(_, results) => all.extend(results),
                Fact::Observations(..) => {}
                other => panic!("no answers: {other:?}"),
            }
        }
        all
    }

    /// Stops as SIGTERM does.
    pub(super) fn begin_to_stop(&self) {
        self.shutdown.cancel();
    }

    /// Waits until it has stopped.
    pub(super) async fn stopped(self) -> mpsc::UnboundedReceiver<Fact> {
        soon(self.served).await.unwrap().unwrap();
        self.facts
    }
}

/// An operation on its way.
pub(super) fn delivery(
    id: &str,
    kind: OperationKind,
    account: &str,
    generation: u64,
    definition: &str,
) -> Delivery {
    let operation = Operation {
        id: id.into(),
        parent: None,
        account: account.into(),
        agent: "agent-a".into(),
        instance: "instance-1".into(),
        kind,
        definition_revision: generation * 10,
        generation,
        state: OperationState::Pending,
        not_before: None,
        deadline: None,
        context: String::new(),
        module: "sha256:0".into(),
        data_version: 1,
        created_at: 0,
        attempts: 0,
        sent_at: None,
        ended_at: None,
        failure: None,
        sight: None,
    };
    Delivery { operation, definition: Secret::new(definition) }
}

/// `AddAccounts` for one account.
pub(super) fn add(id: &str, account: &str, generation: u64) -> Delivery {
    delivery(id, OperationKind::Add, account, generation, "{}")
}

/// `DeleteAccounts` for one account.
pub(super) fn drop_account(id: &str, account: &str, generation: u64) -> Delivery {
    delivery(id, OperationKind::Delete, account, generation, "")
}
