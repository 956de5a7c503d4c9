//! The composition root: opens, loads, binds, starts, and stops in the other order.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use host_agents::{AgentServer, Options as AgentLinkOptions};
use host_api::{ApiOptions, ApiState};
use host_clouddriver::{ClouddriverSources, Engines};
use host_control::{Bridge, EmptyChain, Ports, Tuning};
use host_core::error::{SourceError, StoreError};
use host_core::port::ids::Ids;
use host_core::port::lifecycle::Lifecycle;
use host_core::port::sources::Sources;
use host_core::port::store::Memory as _;
use host_core::port::time::Clock;
use host_core::settings::Settings;
use host_core::source::SourceAccount;
use host_engine::{Engine, EngineError, EngineOptions, Limits, LoadError, Module};
use host_store::{ClouddriverTable, KeySource, OpenError, OpenOptions, Store};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::{error, info};

/// The slot that the lifecycle module serves in.
const SLOT: &str = "lifecycle";
/// Units of work at the same time (`spec/database.md`: at most the pool less four).
const UNITS: usize = 4;
/// How often the slow pass goes over all rows.
const SWEEP_MS: u64 = 600_000;

/// What a bridge is started with.
#[derive(Debug, Clone)]
pub struct BridgeOptions {
    /// Where the HTTP API listens; port 0 picks a free one.
    pub http: SocketAddr,
    /// Where agents dial; port 0 picks a free one.
    pub agents: SocketAddr,
    /// `database.url`.
    pub database_url: String,
    /// Where the key of the secrets is.
    pub secrets_key: KeySource,
    /// `clouddriver.database.url`; absent: there is no source.
    pub clouddriver_database_url: Option<String>,
    /// The settings of the agent link.
    pub link: AgentLinkOptions,
    /// The largest body, in bytes.
    pub body_limit: usize,
    /// Whether the account paths are served.
    pub dynamic_accounts: bool,
    /// What the lifecycle module and the default retry are told.
    pub settings: Settings,
    /// What one call of the lifecycle module may use.
    pub limits: Limits,
    /// The name of this replica.
    pub replica: String,
}

/// Why a bridge does not start. Each says what to do.
#[derive(Debug, Error)]
pub enum StartError {
    /// The database.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// Clouddriver's table.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// The engine.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The module.
    #[error("the lifecycle module cannot serve: {0}")]
    Load(#[from] LoadError),
    /// The agent link.
    #[error(transparent)]
    Bind(#[from] host_agents::BindError),
    /// The HTTP API.
    #[error("cannot listen for HTTP on {listen}; is another bridge running there?")]
    Listen {
        /// `server.listen`.
        listen: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The database, once more.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A bridge that serves.
#[derive(Debug)]
pub struct Running {
    /// Where its HTTP API is.
    pub http: SocketAddr,
    /// Where its agents dial.
    pub agents: SocketAddr,
    /// Its store, for whoever counts its statements.
    pub store: Store,
    bridge: Bridge,
    servers: Vec<JoinHandle<()>>,
    draining: CancellationToken,
    table: Option<Arc<ClouddriverTable>>,
}

impl Running {
    /// Starts a bridge with the module that the binary carries.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        options: BridgeOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Result<Self, StartError> {
        let module = async |limits: Limits| {
            let engine = Engine::new(EngineOptions {
                lifecycle_permits: limits.permits,
                ..EngineOptions::default()
            })?;
            let pairs = options.settings.pairs();
            Ok::<_, StartError>(
                Module::load(&engine, crate::LIFECYCLE.to_vec(), limits, &pairs).await?,
            )
        };
        let module = module(options.limits.clone()).await?;
        let digest = module.id().digest.clone();
        let serving = move |generation| Arc::new(module.serving(generation)) as Arc<dyn Lifecycle>;
        Self::start_with(options, clock, ids, &digest, serving).await
    }

    /// Starts a bridge with another lifecycle behind the same port: `serving` is given the slot generation.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start_with(
        options: BridgeOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        digest: &str,
        serving: impl FnOnce(u64) -> Arc<dyn Lifecycle>,
    ) -> Result<Self, StartError> {
        let store = Store::open(OpenOptions {
            url: options.database_url.clone(),
            key: options.secrets_key.clone(),
            clock: Arc::clone(&clock),
        })
        .await?;
        match Self::serve(&options, clock, ids, digest, serving, store.clone()).await {
            Ok(running) => Ok(running),
            Err(error) => {
                store.close().await;
                Err(error)
            }
        }
    }

    async fn serve(
        options: &BridgeOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        digest: &str,
        serving: impl FnOnce(u64) -> Arc<dyn Lifecycle>,
        store: Store,
    ) -> Result<Self, StartError> {
        let table = options.clouddriver_database_url.as_deref().map(ClouddriverTable::open);
        let table = table.transpose()?.map(Arc::new);
        let generation = store.serve(SLOT.to_owned(), digest.to_owned(), clock.now()).await?;
        let link =
            AgentServer::bind(options.agents, options.link.clone(), Arc::clone(&clock)).await?;
        let listen = |source| StartError::Listen { listen: options.http, source };
        let listener = TcpListener::bind(options.http).await.map_err(listen)?;
        let http = listener.local_addr().map_err(listen)?;
        let agents = link.local_addr();
        let ports = Ports {
            rows: Arc::new(store.clone()),
            outbox: Arc::new(store.clone()),
            memory: Arc::new(store.clone()),
            records: Arc::new(store.clone()),
            vault: Arc::new(store.clone()),
            engines: Arc::new(Engines),
            sources: sources(table.as_ref()),
            lifecycle: serving(generation),
            policies: Arc::new(EmptyChain::new(options.settings.clone(), Arc::clone(&ids))),
            link: link.link(),
            clock,
            ids,
        };
        info!(module = %digest, generation, "the lifecycle module serves");
        let bridge = Bridge::start(ports, tuning(options)).await?;
        let draining = CancellationToken::new();
        let router = host_api::router(api(options, &bridge, &store, http));
        let servers = vec![
            serve_agents(link, bridge.clone(), draining.clone()),
            serve_http(listener, router, draining.clone()),
        ];
        Ok(Self { http, agents, store, bridge, servers, draining, table })
    }

    /// Returns when it does not serve any more, though nobody has stopped it: a server failed, and the log says why.
    pub async fn failed(&self) {
        self.draining.cancelled().await;
    }

    /// Stops: no new connection, agents are sent elsewhere, what has begun is seen through, the database is closed.
    pub async fn stop(self) {
        self.draining.cancel();
        self.bridge.stop().await;
        for server in self.servers {
            if let Err(error) = server.await {
                error!("a server ended badly: {error}");
            }
        }
        if let Some(table) = self.table {
            table.close().await;
        }
        self.store.close().await;
    }
}

fn tuning(options: &BridgeOptions) -> Tuning {
    Tuning {
        settings: options.settings.clone(),
        replica: options.replica.clone(),
        units: UNITS,
        sweep_ms: SWEEP_MS,
    }
}

fn api(options: &BridgeOptions, bridge: &Bridge, store: &Store, http: SocketAddr) -> ApiState {
    ApiState {
        intake: Arc::new(bridge.clone()),
        records: Arc::new(store.clone()),
        rows: Arc::new(store.clone()),
        memory: Arc::new(store.clone()),
        outbox: Arc::new(store.clone()),
        clock: bridge.clock(),
        options: ApiOptions {
            body_limit: options.body_limit,
            replica: options.replica.clone(),
            base_url: format!("http://{http}"),
            dynamic_accounts_enabled: options.dynamic_accounts,
        },
    }
}

fn serve_agents(link: AgentServer, bridge: Bridge, draining: CancellationToken) -> JoinHandle<()> {
    tokio::spawn(async move {
        if let Err(error) = link.serve(Arc::new(bridge), draining.clone()).await {
            error!("{error}");
            draining.cancel();
        }
    })
}

fn serve_http(
    listener: TcpListener,
    router: axum::Router,
    draining: CancellationToken,
) -> JoinHandle<()> {
    tokio::spawn(async move {
        let shutdown = draining.clone().cancelled_owned();
        if let Err(error) = axum::serve(listener, router).with_graceful_shutdown(shutdown).await {
            error!("the HTTP API stopped serving: {error}");
            draining.cancel();
        }
    })
}

fn sources(table: Option<&Arc<ClouddriverTable>>) -> Arc<dyn Sources> {
    match table {
        Some(table) => Arc::new(ClouddriverSources::new(Arc::clone(table) as Arc<_>)),
        None => Arc::new(NoSource),
    }
}

/// Where no source is configured, no name is in one.
#[derive(Debug)]
struct NoSource;

#[async_trait]
impl Sources for NoSource {
    async fn find(&self, _: Vec<String>) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(Vec::new())
    }

    async fn page(&self, _: String, _: usize) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(Vec::new())
    }
}
