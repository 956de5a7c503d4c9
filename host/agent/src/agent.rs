//! The agent: keeps a stream to the bridge open for as long as it runs, and goes on working while there is none.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;

use proto::agent::v1::Refused;
use thiserror::Error;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tonic::transport::Endpoint;
use tracing::{info, warn};

use crate::backoff::Backoff;
use crate::clusters::Clusters;
use crate::conversation::{self, End};
use crate::desk::Desk;
use crate::dial::{self, Line, NoLine};
use crate::options::{AgentOptions, BadAgentOptions};
use crate::register;
use crate::surroundings::Surroundings;

/// How long the bridge may take to answer a registration, in milliseconds: as long as it may take to notice silence.
const PATIENCE_MS: u64 = 60_000;

/// Why an agent stops by itself.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AgentError {
    /// A setting cannot work.
    #[error(transparent)]
    Options(#[from] BadAgentOptions),
    /// The bridge does not take it, and trying again would not help.
    #[error("the bridge at {bridge} refuses this agent: {text}")]
    Refused {
        /// `agent.bridge`.
        bridge: String,
        /// What it said.
        text: String,
    },
}

/// How the agent stands with its bridge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The session, while the agent is registered.
    pub session: Option<String>,
    /// How often it has registered since it started.
    pub registrations: u64,
    /// How often it tried to and could not.
    pub failures: u64,
}

/// An agent, ready to run.
#[derive(Debug)]
pub struct Agent {
    options: AgentOptions,
    /// The replicas of the bridge; the first is dialled next.
    endpoints: VecDeque<Endpoint>,
    desk: Desk,
    surroundings: Arc<dyn Surroundings>,
    status: watch::Sender<Status>,
}

/// What comes after a stream.
#[derive(Debug)]
enum Next {
    /// Dial after the back-off.
    Wait,
    /// Dial at once.
    AtOnce,
    /// Stop, well.
    Stop,
}

impl Agent {
    /// Puts an agent together. Nothing happens before [`Self::run`].
    ///
    /// # Errors
    /// A setting that cannot work.
    pub fn new(
        options: AgentOptions,
        clusters: Arc<dyn Clusters>,
        surroundings: Arc<dyn Surroundings>,
    ) -> Result<Self, AgentError> {
        options.check()?;
        let endpoints = options.bridges().map(dial::endpoint).collect::<Result<_, _>>()?;
        let desk = Desk::new(&options, clusters, Arc::clone(&surroundings));
        let status = watch::Sender::default();
        Ok(Self { options, endpoints, desk, surroundings, status })
    }

    /// How it stands with its bridge, from now on.
    #[must_use]
    pub fn status(&self) -> watch::Receiver<Status> {
        self.status.subscribe()
    }

    /// Runs until `shutdown`, or until the bridge says that it will not have this agent. Must be called within a tokio
    /// runtime. A bridge that cannot be reached is dialled for ever.
    ///
    /// # Errors
    /// [`AgentError`], with what to do.
    pub async fn run(mut self, shutdown: CancellationToken) -> Result<(), AgentError> {
        self.desk.begin();
        let mut backoff = Backoff::default();
        let mut hurried = false;
        loop {
            let Some(line) = self.alongside(&shutdown, Self::dial).await else { return Ok(()) };
            let next = match line {
                Ok(line) => {
                    backoff = Backoff::default();
                    self.serve(line, &shutdown).await?
                }
                Err(no_line) => self.turned_away(no_line)?,
            };
            // At once, but not twice without a wait: a bridge that goes away says so to whoever dials it.
            self.endpoints.rotate_left(1);
            hurried = match next {
                Next::Stop => return Ok(()),
                Next::AtOnce if !hurried => true,
                Next::AtOnce | Next::Wait => {
                    let wait = backoff.wait(self.surroundings.chance());
                    let until = self.surroundings.now() + wait;
                    info!(
                        bridge = self.options.bridge,
                        wait_ms = wait,
                        "the bridge is dialled again after a wait"
                    );
                    let sleep = |agent: &mut Self| {
                        let surroundings = Arc::clone(&agent.surroundings);
                        async move { surroundings.sleep_until(until).await }
                    };
                    if self.alongside(&shutdown, sleep).await.is_none() {
                        return Ok(());
                    }
                    false
                }
            };
        }
    }

    /// Dials and registers, with patience.
    fn dial(&mut self) -> impl Future<Output = Result<Line, NoLine>> + use<> {
        let parts = register::parts(&self.options, self.desk.register());
        let (endpoint, surroundings) = (self.endpoints[0].clone(), Arc::clone(&self.surroundings));
        async move {
            let until = surroundings.now() + PATIENCE_MS;
            tokio::select! {
                line = dial::dial(&endpoint, parts) => line,
                () = surroundings.sleep_until(until) => {
                    Err(NoLine::Failed(format!("it did not answer within {PATIENCE_MS} ms")))
                }
            }
        }
    }

    /// Does one thing while the work at the desk goes on. Nothing: the agent stops.
    async fn alongside<F: Future>(
        &mut self,
        shutdown: &CancellationToken,
        begin: impl FnOnce(&mut Self) -> F,
    ) -> Option<F::Output> {
        let thing = begin(self);
        tokio::pin!(thing);
        loop {
            tokio::select! {
                biased;
                () = shutdown.cancelled() => return None,
                done = &mut thing => return Some(done),
                () = self.desk.turn() => {}
            }
        }
    }

    async fn serve(
        &mut self,
        line: Line,
        shutdown: &CancellationToken,
    ) -> Result<Next, AgentError> {
        let session = line.registered.session_id.clone();
        info!(
            bridge = self.options.bridge,
            session.id = session,
            agent.id = self.options.id,
            agent.instance = self.options.instance,
            agent.held = self.desk.held(),
            agent.wanted = line.registered.wanted,
            "registered"
        );
        self.status.send_modify(|status| {
            status.session = Some(session);
            status.registrations += 1;
        });
        let surroundings = Arc::clone(&self.surroundings);
        let end = conversation::talk(&mut self.desk, line, &*surroundings, shutdown).await;
        self.status.send_modify(|status| status.session = None);
        match end {
            End::Stopped => Ok(Next::Stop),
            End::Lost(why) => {
                warn!(bridge = self.options.bridge, "the stream to the bridge is lost: {why}");
                Ok(Next::Wait)
            }
            End::Drained(why) => {
                info!(bridge = self.options.bridge, "the bridge sends its agents elsewhere: {why}");
                Ok(Next::AtOnce)
            }
            End::Refused(refused) => self.refused(refused),
        }
    }

    fn turned_away(&mut self, no_line: NoLine) -> Result<Next, AgentError> {
        self.status.send_modify(|status| status.failures += 1);
        match no_line {
            NoLine::Failed(why) => {
                warn!(bridge = self.options.bridge, "the bridge cannot be reached: {why}");
                Ok(Next::Wait)
            }
            NoLine::Drained(why) => {
                info!(bridge = self.options.bridge, "the bridge sends its agents elsewhere: {why}");
                Ok(Next::AtOnce)
            }
            NoLine::Refused(refused) => self.refused(refused),
        }
    }

    fn refused(&self, refused: Refused) -> Result<Next, AgentError> {
        if refused.retry {
            warn!(
                bridge = self.options.bridge,
                "the bridge does not take this agent now: {}", refused.text
            );
            return Ok(Next::Wait);
        }
        Err(AgentError::Refused { bridge: self.options.bridge.clone(), text: refused.text })
    }
}
