//! The server: binds, serves the link with the standard health and reflection services beside it, and drains.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use host_core::port::link::{AgentEvents, AgentLink};
use host_core::port::time::Clock;
use proto::agent::v1::agent_link_server::AgentLinkServer;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tonic::transport::Server;
use tonic::transport::server::TcpIncoming;

use crate::exposure;
use crate::link::Link;
use crate::options::{BadOptions, Options, STREAMS};
use crate::registry::Registry;
use crate::service::{Service, Shared};

/// How often a connection that says nothing is asked whether it lives, and how long it may take to say so: HTTP/2's own
/// ping, which frees what a dead connection holds. Liveness of the agent is decided by heartbeats.
const PING: Duration = Duration::from_secs(20);

/// How long connections may take, after the last stream has ended, to take what is on its way to them.
const LINGER_MS: u64 = 5_000;

/// Streams of one connection: an agent needs one for the link, and a person a few for health and reflection.
const STREAMS_PER_CONNECTION: u32 = 16;

/// Why the link cannot listen.
#[derive(Debug, Error)]
pub enum BindError {
    /// Plain text would leave the machine.
    #[error(
        "agents.listen is {0}, which other machines reach, and the agent link is plain text; listen on 127.0.0.1, or \
         set agents.insecure to true if the network in between is trusted"
    )]
    Exposed(SocketAddr),
    /// A setting cannot work.
    #[error(transparent)]
    Options(#[from] BadOptions),
    /// The address is taken, or not one of this machine.
    #[error("cannot listen for agents on {listen}; is another bridge running there?")]
    Listen {
        /// `agents.listen`.
        listen: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Why the link stopped serving by itself.
#[derive(Debug, Error)]
#[error("the agent link stopped serving")]
pub struct ServeError(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The bridge's end of the link, bound and not yet serving.
#[derive(Debug)]
pub struct AgentServer {
    listener: TcpListener,
    local_addr: SocketAddr,
    options: Options,
    clock: Arc<dyn Clock>,
    registry: Arc<Registry>,
}

impl AgentServer {
    /// Binds the address; port 0 picks a free one. Agents that dial from now on wait until [`Self::serve`].
    ///
    /// # Errors
    /// [`BindError`], with what to set.
    pub async fn bind(
        listen: SocketAddr,
        options: Options,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BindError> {
        options.check()?;
        if !exposure::may_listen(listen, &options) {
            return Err(BindError::Exposed(listen));
        }
        let failed = |source| BindError::Listen { listen, source };
        let listener = TcpListener::bind(listen).await.map_err(failed)?;
        let local_addr = listener.local_addr().map_err(failed)?;
        Ok(Self { listener, local_addr, options, clock, registry: Arc::default() })
    }

    /// The address in use.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.local_addr
    }

    /// The port through which the bridge reaches its agents. It outlives the server; then no stream is open.
    #[must_use]
    pub fn link(&self) -> Arc<dyn AgentLink> {
        Arc::new(Link {
            registry: Arc::clone(&self.registry),
            max_message: self.options.max_message,
        })
    }

    /// Serves until `shutdown`: then no stream is taken any more, every agent is told to go elsewhere (`Drain`), and it
    /// returns when what agents had said is handed on. Agents are not said good-bye for: that the bridge restarts is no
    /// agent's loss.
    ///
    /// # Errors
    /// [`ServeError`] if the transport fails.
    pub async fn serve(
        self,
        events: Arc<dyn AgentEvents>,
        shutdown: CancellationToken,
    ) -> Result<(), ServeError> {
        let tasks = TaskTracker::new();
        let shared = Arc::new(Shared {
            events,
            registry: self.registry,
            options: self.options,
            clock: Arc::clone(&self.clock),
            shutdown: shutdown.clone(),
            tasks: tasks.clone(),
            places: Arc::new(Semaphore::new(STREAMS)),
        });
        let service = AgentLinkServer::new(Service(Arc::clone(&shared)))
            .max_decoding_message_size(shared.options.max_message)
            .max_encoding_message_size(shared.options.max_message);
        let (reporter, health) = tonic_health::server::health_reporter();
        reporter.set_serving::<AgentLinkServer<Service>>().await;
        let reflection = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(proto::FILE_DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .build_v1()
            .map_err(|error| ServeError(error.into()))?;
        let server = Server::builder()
            .http2_keepalive_interval(Some(PING))
            .http2_keepalive_timeout(Some(PING))
            .max_concurrent_streams(Some(STREAMS_PER_CONNECTION))
            .add_service(health)
            .add_service(reflection)
            .add_service(service)
            .serve_with_incoming_shutdown(
                TcpIncoming::from(self.listener).with_nodelay(Some(true)),
                shutdown.clone().cancelled_owned(),
            );
        let lingered = async {
            shutdown.cancelled().await;
            tasks.close();
            tasks.wait().await;
            self.clock.sleep_until(self.clock.now() + LINGER_MS).await;
        };
        let served = tokio::select! {
            served = server => served,
            () = lingered => Ok(()),
        };
        // Also when the transport failed by itself: streams end, and what they brought is handed on.
        shutdown.cancel();
        tasks.close();
        tasks.wait().await;
        served.map_err(|error| ServeError(error.into()))
    }
}
