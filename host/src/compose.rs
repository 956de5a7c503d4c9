//! The composition root: opens, loads, binds, starts, and stops in the other order.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use host_agents::{AgentServer, Options as AgentLinkOptions};
use host_api::{ApiOptions, ApiState, HttpPeers, Meters};
use host_clouddriver::{ClouddriverSources, Engines};
use host_control::{Bridge, Chain, ChainPorts, Counts, Ports, RecordRing, Tuning};
use host_core::error::{SourceError, StoreError};
use host_core::port::failpoints::Failpoints;
use host_core::port::housekeeping::Retention;
use host_core::port::ids::Ids;
use host_core::port::lifecycle::{Lifecycle, LifecycleSlot};
use host_core::port::recordings::RingBounds;
use host_core::port::sources::Sources;
use host_core::port::time::Clock;
use host_core::settings::{InForce, Settings};
use host_core::source::SourceAccount;
use host_engine::Limits;
use host_store::{ClouddriverTable, KeySource, OpenError, OpenOptions, Store};
use thiserror::Error;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tracing::error;

use crate::lifecycle_slot::{self, ModuleSlot, SlotError};
use crate::mortal;

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
    /// How long what is over is kept.
    pub retention: Retention,
    /// How many recorded calls are kept.
    pub recorded: RingBounds,
    /// What one call of the lifecycle module may use.
    pub limits: Limits,
    /// The name of this replica; absent: this host's name and the port of its HTTP API.
    pub replica: Option<String>,
    /// Where other replicas reach its HTTP API; absent: where it listens.
    pub advertise: Option<String>,
    /// This host's name.
    pub host_name: String,
    /// `lease.ttl`, in milliseconds.
    pub lease_ttl_ms: u64,
    /// Where a test lets the bridge die; none in production.
    pub failpoints: Option<Arc<dyn Failpoints>>,
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
    /// The lifecycle module.
    #[error(transparent)]
    Slot(#[from] SlotError),
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
    recorder: Arc<RecordRing>,
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
        let store = open(&options, &clock).await?;
        let at = clock.now();
        let slot = async {
            let (limits, pairs) = (options.limits.clone(), options.settings.pairs());
            let slots = Arc::new(store.clone());
            let slot = ModuleSlot::open(slots, crate::LIFECYCLE, limits, pairs, at).await?;
            Ok(Arc::new(slot) as Arc<dyn LifecycleSlot>)
        };
        let slot = slot.await;
        Self::serve_or_close(options, clock, ids, slot, store).await
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
        let store = open(&options, &clock).await?;
        let slot = lifecycle_slot::linked(&store, digest, serving, clock.now()).await;
        let slot = slot.map(|slot| Arc::new(slot) as Arc<dyn LifecycleSlot>);
        Self::serve_or_close(options, clock, ids, slot.map_err(StartError::from), store).await
    }

    async fn serve_or_close(
        options: BridgeOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        slot: Result<Arc<dyn LifecycleSlot>, StartError>,
        store: Store,
    ) -> Result<Self, StartError> {
        let running = match slot {
            Ok(slot) => Self::serve(&options, clock, ids, slot, store.clone()).await,
            Err(error) => Err(error),
        };
        if running.is_err() {
            store.close().await;
        }
        running
    }

    async fn serve(
        options: &BridgeOptions,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        lifecycle: Arc<dyn LifecycleSlot>,
        store: Store,
    ) -> Result<Self, StartError> {
        let table = options.clouddriver_database_url.as_deref().map(ClouddriverTable::open);
        let table = table.transpose()?.map(Arc::new);
        let link =
            AgentServer::bind(options.agents, options.link.clone(), Arc::clone(&clock)).await?;
        let listen = |source| StartError::Listen { listen: options.http, source };
        let listener = TcpListener::bind(options.http).await.map_err(listen)?;
        let http = listener.local_addr().map_err(listen)?;
        let agents = link.local_addr();
        let settings = InForce::new(options.settings.clone());
        let counts = Arc::<Counts>::default();
        let recorder = Arc::new(RecordRing::start(
            Arc::new(store.clone()),
            Arc::clone(&clock),
            Arc::clone(&counts),
            options.recorded,
        ));
        let chain = ChainPorts {
            settings: settings.clone(),
            ids: Arc::clone(&ids),
            clock: Arc::clone(&clock),
            recorder: Arc::clone(&recorder) as Arc<_>,
        };
        let ports = Ports {
            rows: Arc::new(store.clone()),
            outbox: Arc::new(store.clone()),
            memory: Arc::new(store.clone()),
            records: Arc::new(store.clone()),
            replicas: Arc::new(store.clone()),
            peers: Arc::new(HttpPeers::default()),
            idempotency: Arc::new(store.clone()),
            events: Arc::new(store.clone()),
            housekeeping: Arc::new(store.clone()),
            vault: Arc::new(store.clone()),
            engines: Arc::new(Engines),
            sources: sources(table.as_ref()),
            lifecycle,
            policies: Arc::new(Chain::new(Vec::new(), chain)),
            recorder: Arc::clone(&recorder) as Arc<_>,
            link: mortal::link(link.link(), options.failpoints.clone()),
            clock,
            ids,
        };
        let tuning = tuning(options, http, settings).await;
        let bridge = Bridge::start_counting(ports, tuning, counts).await?;
        let draining = CancellationToken::new();
        let router = host_api::router(api(options, &bridge, &store));
        let servers = vec![
            serve_agents(link, bridge.clone(), draining.clone()),
            serve_http(listener, router, draining.clone()),
        ];
        Ok(Self { http, agents, store, bridge, recorder, servers, draining, table })
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
        self.recorder.stop().await;
        self.store.close().await;
    }
}

async fn open(options: &BridgeOptions, clock: &Arc<dyn Clock>) -> Result<Store, StartError> {
    let store = Store::open(OpenOptions {
        url: options.database_url.clone(),
        key: options.secrets_key.clone(),
        clock: Arc::clone(clock),
        failpoints: options.failpoints.clone(),
    });
    Ok(store.await?)
}

async fn tuning(options: &BridgeOptions, http: SocketAddr, settings: InForce) -> Tuning {
    let replica = options.replica.clone();
    let base_url = match &options.advertise {
        Some(url) => url.clone(),
        None => format!("http://{}", reachable(&options.host_name, http).await),
    };
    Tuning {
        settings,
        replica: replica.unwrap_or_else(|| format!("{}:{}", options.host_name, http.port())),
        base_url,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        lease_ttl_ms: options.lease_ttl_ms,
        units: UNITS,
        sweep_ms: SWEEP_MS,
        retention: options.retention,
    }
}

/// The address that others can use: of a listener on all addresses, the one of this host's name.
async fn reachable(host_name: &str, http: SocketAddr) -> SocketAddr {
    if !http.ip().is_unspecified() {
        return http;
    }
    let found = tokio::net::lookup_host((host_name, http.port())).await;
    let own = found.ok().and_then(|mut found| found.find(|each| !each.ip().is_loopback()));
    own.unwrap_or(http)
}

fn api(options: &BridgeOptions, bridge: &Bridge, store: &Store) -> ApiState {
    ApiState {
        intake: Arc::new(bridge.clone()),
        records: Arc::new(store.clone()),
        rows: Arc::new(store.clone()),
        memory: Arc::new(store.clone()),
        outbox: Arc::new(store.clone()),
        events: Arc::new(store.clone()),
        recordings: Arc::new(store.clone()),
        watch: Arc::new(store.clone()),
        explains: Arc::new(bridge.clone()),
        feed: bridge.feed(),
        counts: bridge.counts(),
        meters: Meters::default(),
        clock: bridge.clock(),
        options: ApiOptions {
            body_limit: options.body_limit,
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
