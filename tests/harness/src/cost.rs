//! What a batch of 500 activations costs, counted and not timed: the same every time.
//!
//! The real store, the real component, the real unit of work; the agent's stream takes nothing, so that what is counted
//! is the request and not the answers that come in by chance.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context as _, Result, ensure};
use async_trait::async_trait;
use host_clouddriver::Engines;
use host_control::intake::{Asked, AskedItem, Intake as _};
use host_control::{Bridge, Chain, ChainPorts, FixedSlot, Ports, Tuning};
use host_core::account::Account;
use host_core::agent::Registration;
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::{ApplyError, CallError, SourceError, StoreError};
use host_core::event::{Action, Event};
use host_core::holding::Holding;
use host_core::operation::Delivery;
use host_core::port::housekeeping::Retention;
use host_core::port::ids::Ids;
use host_core::port::lifecycle::{Called, Lifecycle, ModuleId};
use host_core::port::link::{AgentEvents as _, AgentLink, Delivered, Session};
use host_core::port::recorder::NoRecorder;
use host_core::port::replicas::{Peers, Ring};
use host_core::port::slots::{Offer, Slots as _};
use host_core::port::sources::Sources;
use host_core::port::store::{DefinitionRow, NameRow, Rows};
use host_core::port::world::World;
use host_core::settings::{InForce, Settings};
use host_core::source::SourceAccount;
use host_core::unit::Unit;
use host_engine::{CallReport, Engine, EngineOptions, Limits, Module};
use host_store::{KeySource, OpenOptions, Store};
use serde_json::json;

use crate::clock::ManualClock;
use crate::ids::SeededIds;

/// The batch.
const ACCOUNTS: usize = 500;

/// What a batch cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Cost {
    /// How many accounts it had.
    pub accounts: u64,
    /// SQL statements of the unit of work: the guest's reads and the writes of its transaction, without BEGIN and
    /// COMMIT.
    pub statements: u64,
    /// Rows that the transaction wrote.
    pub rows: u64,
    /// Bytes over the boundary of the module, both ways, near enough.
    pub bytes: u64,
    /// WebAssembly instructions.
    pub fuel: u64,
}

impl Cost {
    /// Activates 500 accounts of one zone with one agent, and counts.
    ///
    /// # Errors
    /// When something on the way does not work.
    pub async fn of_a_batch() -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let clock = Arc::new(ManualClock::default());
        let ids: Arc<dyn Ids> = Arc::new(SeededIds::new(1));
        let store = Store::open(OpenOptions {
            url: format!("sqlite:{}", folder.path().join("bridge.db").display()),
            key: KeySource::Beside,
            clock: Arc::clone(&clock) as _,
            failpoints: None,
        })
        .await?;
        let rows = Arc::new(Counted { store: store.clone(), seen: Mutex::default() });
        let lifecycle = measured(&store).await?;
        let bridge = bridge(&store, &rows, &lifecycle, &clock, &ids).await?;
        let registration = Registration {
            agent: "agent-a".into(),
            instance: "agent-a-1".into(),
            zone: "eu".into(),
            version: String::new(),
            accounts: Vec::new(),
        };
        let welcome = bridge.registered(registration).await;
        ensure!(welcome.is_ok(), "{welcome:?}");
        bridge.ask(asked(Action::Create)?).await?;
        let handle = bridge.ask(asked(Action::Activate)?).await?;
        ensure!(handle.items.iter().all(|item| item.state.as_deref() == Some("ACTIVATING")));
        bridge.stop().await;
        let (statements, written) = rows.newest().context("a unit was applied")?;
        let report = lifecycle.newest().context("the module was called")?;
        store.close().await;
        Ok(Self {
            accounts: ACCOUNTS as u64,
            statements,
            rows: written,
            bytes: (report.bytes_in + report.bytes_out) as u64,
            fuel: report.fuel.context("this engine counts fuel")?,
        })
    }
}

fn asked(action: Action) -> Result<Asked> {
    let given = json!({"kubeconfigFile": "/kc"});
    let definition =
        if action == Action::Create { Some(Definition::from_json(given)?) } else { None };
    let items = (0..ACCOUNTS).map(|n| AskedItem {
        name: format!("prod-eu-{n:05}"),
        zone: Some("eu".into()),
        definition: definition.clone(),
        attributes: Vec::new(),
    });
    Ok(Asked {
        who: "somebody".into(),
        groups: vec![(action, items.collect())],
        refused: vec![],
        once: None,
    })
}

async fn bridge(
    store: &Store,
    rows: &Arc<Counted>,
    lifecycle: &Arc<Measured>,
    clock: &Arc<ManualClock>,
    ids: &Arc<dyn Ids>,
) -> Result<Bridge> {
    let settings = InForce::default();
    let chain = ChainPorts {
        settings: settings.clone(),
        ids: Arc::clone(ids),
        clock: Arc::clone(clock) as _,
        recorder: Arc::new(NoRecorder),
    };
    let ports = Ports {
        rows: Arc::clone(rows) as _,
        outbox: Arc::new(store.clone()),
        memory: Arc::new(store.clone()),
        records: Arc::new(store.clone()),
        idempotency: Arc::new(store.clone()),
        events: Arc::new(store.clone()),
        housekeeping: Arc::new(store.clone()),
        vault: Arc::new(store.clone()),
        engines: Arc::new(Engines),
        sources: Arc::new(Nothing),
        replicas: Arc::new(store.clone()),
        peers: Arc::new(Nothing),
        lifecycle: Arc::new(FixedSlot(Arc::clone(lifecycle) as _)),
        policies: Arc::new(Chain::new(Vec::new(), chain)),
        recorder: Arc::new(NoRecorder),
        link: Arc::new(Nothing),
        clock: Arc::clone(clock) as _,
        ids: Arc::clone(ids),
    };
    let tuning = Tuning {
        settings,
        replica: "test".into(),
        base_url: "http://127.0.0.1:7102".into(),
        version: "0.0.0".into(),
        lease_ttl_ms: 10_000,
        units: 4,
        sweep_ms: 600_000,
        retention: Retention::default(),
    };
    Ok(Bridge::start(ports, tuning).await?)
}

/// The module on an engine that counts instructions, keeping the report of its newest call.
async fn measured(store: &Store) -> Result<Arc<Measured>> {
    let engine = Engine::new(EngineOptions { fuel: true, ..EngineOptions::default() })?;
    let settings = Settings::default().pairs();
    let bytes = host::LIFECYCLE.to_vec();
    let module = Module::load(&engine, bytes, Limits::default(), &settings).await?;
    let digest = module.id().digest.clone();
    let offer = Offer { digest, program: 1, bytes: Vec::new() };
    let generation = store.serve("lifecycle".into(), offer, 0).await?.generation;
    Ok(Arc::new(Measured { module: module.serving(generation), newest: Mutex::default() }))
}

#[derive(Debug)]
struct Measured {
    module: Module,
    newest: Mutex<Option<CallReport>>,
}

impl Measured {
    fn newest(&self) -> Option<CallReport> {
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Lifecycle for Measured {
    fn id(&self) -> &ModuleId {
        self.module.id()
    }

    fn description(&self) -> &Arc<host_core::description::Description> {
        self.module.description()
    }

    async fn call(&self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError> {
        let (result, report) = self.module.call_measured(event, world).await;
        *self.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        result
    }
}

/// The rows of a store, with the statements and rows of the newest unit: its reads count from the end of the one before.
#[derive(Debug)]
struct Counted {
    store: Store,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    reads: u64,
    newest: Option<(u64, u64)>,
}

impl Counted {
    fn newest(&self) -> Option<(u64, u64)> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).newest
    }

    fn read(&self) {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).reads += 1;
    }
}

fn rows_of(unit: &Unit) -> u64 {
    let rows = 1
        + unit.inserts.len()
        + unit.updates.len()
        + unit.removals.len()
        + unit.holdings.len()
        + unit.operations.len()
        + unit.ended.len()
        + unit.generations.len()
        + unit.journal.len()
        + unit.new_items.len()
        + unit.finished_items.len()
        + unit.secrets.len();
    rows as u64
}

#[async_trait]
impl Rows for Counted {
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, StoreError> {
        self.read();
        self.store.accounts(names).await
    }
    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, StoreError> {
        self.read();
        self.store.accounts_page(after, limit).await
    }
    async fn due(&self, at: Millis, limit: usize) -> Result<Vec<String>, StoreError> {
        // The timers' own, not the unit's.
        self.store.due(at, limit).await
    }
    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        self.store.next_due().await
    }
    async fn definitions(&self, names: Vec<String>) -> Result<Vec<DefinitionRow>, StoreError> {
        self.read();
        self.store.definitions(names).await
    }
    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<Holding>, StoreError> {
        self.read();
        self.store.holdings(accounts).await
    }
    async fn names(&self, names: Vec<String>) -> Result<Vec<NameRow>, StoreError> {
        self.read();
        self.store.names(names).await
    }
    async fn names_concerning(
        &self,
        agent: String,
        zone: String,
        after: String,
        limit: usize,
    ) -> Result<Vec<String>, StoreError> {
        self.store.names_concerning(agent, zone, after, limit).await
    }
    async fn apply(&self, unit: Unit) -> Result<(), ApplyError> {
        let rows = rows_of(&unit);
        let before = self.store.statements().writes;
        let applied = self.store.apply(unit).await;
        let writes = self.store.statements().writes - before;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.newest = Some((seen.reads + writes, rows));
        seen.reads = 0;
        applied
    }
}

/// A link that takes nothing, and a source that has nothing.
#[derive(Debug)]
struct Nothing;

#[async_trait]
impl AgentLink for Nothing {
    async fn deliver(&self, _: &Session, _: Vec<Delivery>) -> Delivered {
        Delivered::default()
    }
    async fn disconnect(&self, _: &str, _: &str) -> bool {
        false
    }
    async fn overtaken(&self, _: &Session, _: &str) {}
}

#[async_trait]
impl Peers for Nothing {
    async fn ring(&self, _: &str, _: Ring) -> bool {
        false
    }
}

#[async_trait]
impl Sources for Nothing {
    async fn find(&self, _: Vec<String>) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(Vec::new())
    }
    async fn page(&self, _: String, _: usize) -> Result<Vec<SourceAccount>, SourceError> {
        Ok(Vec::new())
    }
}
