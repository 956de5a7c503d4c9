//! A bridge in this process: the real one, on a database of its own, with a clock that moves when told.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Result;
use host::{BridgeOptions, Running};
use host_agents::Options as AgentLinkOptions;
use host_core::port::failpoints::Failpoints;
use host_core::port::housekeeping::Retention;
use host_core::port::recordings::RingBounds;
use host_core::settings::Settings;
use host_engine::Limits;
use host_store::{KeySource, Store};
use tests_databases::{Kind, TestDatabase};

use crate::api::Api;
use crate::clock::ManualClock;
use crate::data::clouddriver_database;
use crate::ids::SeededIds;
use crate::native::{NATIVE_DIGEST, NativeLifecycle};

/// What a test's bridge is like.
#[derive(Debug, Clone)]
pub struct TestBridgeOptions {
    /// The kind of its database.
    pub database: Kind,
    /// The rows of its Clouddriver; absent: it has none.
    pub clouddriver_rows: Option<String>,
    /// What the lifecycle module is told.
    pub settings: Settings,
    /// What one call may use.
    pub limits: Limits,
    /// How many recorded calls it keeps; as it is, none, so that it writes what its calls do and nothing else.
    pub recorded: RingBounds,
    /// The agent link.
    pub link: AgentLinkOptions,
    /// Whether the lifecycle is linked in, which starts sooner than the component.
    pub native: bool,
    /// The name of this replica.
    pub replica: String,
    /// Where other replicas reach it; absent: where it listens.
    pub advertise: Option<String>,
    /// Its clock, if it shares one.
    pub clock: Option<Arc<ManualClock>>,
    /// For ids and jitter; replicas on one database have different ones.
    pub seed: u64,
    /// Where it dies.
    pub failpoints: Option<Arc<dyn Failpoints>>,
}

impl Default for TestBridgeOptions {
    fn default() -> Self {
        Self {
            database: Kind::default(),
            clouddriver_rows: None,
            settings: Settings::default(),
            limits: Limits::default(),
            recorded: RingBounds { records: 0, bytes: 0 },
            link: AgentLinkOptions::default(),
            native: false,
            replica: "test".into(),
            advertise: None,
            clock: None,
            seed: 1,
            failpoints: None,
        }
    }
}

/// A bridge, and its database with the folder beside it. Dropping it does not stop the bridge: [`Self::stop`] does.
#[derive(Debug)]
pub struct TestBridge {
    /// The caller of its API.
    pub api: Api,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    running: Option<Running>,
    database: Arc<TestDatabase>,
    options: TestBridgeOptions,
    starts: u64,
}

impl TestBridge {
    /// Starts one with everything at its default.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn start() -> Result<Self> {
        Self::start_with(TestBridgeOptions::default()).await
    }

    /// Starts one.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn start_with(options: TestBridgeOptions) -> Result<Self> {
        let database = Arc::new(TestDatabase::new(options.database).await?);
        Self::start_on(database, options).await
    }

    /// Starts one on a database that others may use too.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn start_on(database: Arc<TestDatabase>, options: TestBridgeOptions) -> Result<Self> {
        let mut bridge = Self::prepared(database, options).await?;
        bridge.restart().await?;
        Ok(bridge)
    }

    /// Everything but the start: [`Self::restart`] does that.
    ///
    /// # Errors
    /// When its Clouddriver cannot be made.
    pub async fn prepared(database: Arc<TestDatabase>, options: TestBridgeOptions) -> Result<Self> {
        if let Some(rows) = &options.clouddriver_rows {
            clouddriver_database(database.folder(), rows).await?;
        }
        let clock = options.clock.clone().unwrap_or_default();
        let api = Api::new("http://127.0.0.1:0");
        Ok(Self { api, clock, running: None, database, options, starts: 0 })
    }

    /// Where agents dial.
    ///
    /// # Panics
    /// When it is stopped.
    #[must_use]
    pub fn agents(&self) -> String {
        format!("http://{}", self.running().agents)
    }

    /// The same as an address.
    ///
    /// # Panics
    /// When it is stopped.
    #[must_use]
    pub fn agents_address(&self) -> SocketAddr {
        self.running().agents
    }

    /// Its store.
    ///
    /// # Panics
    /// When it is stopped.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.running().store
    }

    /// Its database, to look at behind its back.
    #[must_use]
    pub fn database(&self) -> &TestDatabase {
        &self.database
    }

    /// The folder beside its database.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.database.folder().to_owned()
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("a stopped bridge is not asked for anything")
    }

    /// Stops it, if it runs, and starts it (again) on the same database; addresses are new.
    ///
    /// # Errors
    /// Why it does not start again.
    pub async fn restart(&mut self) -> Result<()> {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
        let running = run(&self.database, &self.options, &self.clock, self.starts).await?;
        self.starts += 1;
        self.api = Api::new(format!("http://{}", running.http));
        self.running = Some(running);
        Ok(())
    }

    /// Stops it; the folder stays until the value is dropped.
    pub async fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            running.stop().await;
        }
    }
}

async fn run(
    database: &TestDatabase,
    options: &TestBridgeOptions,
    clock: &Arc<ManualClock>,
    starts: u64,
) -> Result<Running> {
    let ids = Arc::new(SeededIds::new((options.seed << 16) + starts));
    let (clock, bridge) = (Arc::clone(clock) as _, bridge_options(database, options));
    let running = match options.native {
        true => {
            let serving = |generation| Arc::new(NativeLifecycle::serving(generation)) as Arc<_>;
            Running::start_with(bridge, clock, ids, NATIVE_DIGEST, serving).await
        }
        false => Running::start(bridge, clock, ids).await,
    };
    Ok(running?)
}

fn bridge_options(database: &TestDatabase, options: &TestBridgeOptions) -> BridgeOptions {
    let free = || SocketAddr::from(([127, 0, 0, 1], 0));
    let clouddriver = database.folder().join("clouddriver.db");
    BridgeOptions {
        http: free(),
        agents: free(),
        database_url: database.url().to_owned(),
        secrets_key: KeySource::File(database.key_file()),
        clouddriver_database_url: options
            .clouddriver_rows
            .as_ref()
            .map(|_| format!("sqlite:{}", clouddriver.display())),
        link: options.link.clone(),
        body_limit: 16 << 20,
        dynamic_accounts: true,
        settings: options.settings.clone(),
        retention: Retention::default(),
        recorded: options.recorded,
        limits: options.limits.clone(),
        replica: Some(options.replica.clone()),
        advertise: options.advertise.clone(),
        host_name: "localhost".into(),
        lease_ttl_ms: 10_000,
        failpoints: options.failpoints.clone(),
    }
}
