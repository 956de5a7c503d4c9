//! The bridge of a world: the real one, in a runtime of one thread that is driven until nothing is left to be done.

use std::sync::{Arc, Mutex, PoisonError};

use axum::Router;
use host_api::{ApiOptions, ApiState, BODY_LIMIT_DEFAULT, Meters};
use host_control::{Bridge, Chain, ChainPorts, FixedSlot, Member, Ports, Tuning};
use host_core::port::housekeeping::Retention;
use host_core::port::ids::Ids;
use host_core::port::lifecycle::Lifecycle;
use host_core::port::replicas::{Peers, Ring};
use host_core::port::slots::Serving;
use host_core::settings::InForce;
use tokio::runtime::{Builder, Runtime};

use super::Impossible;
use super::clock::ScriptedClock;
use super::door::{self, HttpAnswer};
use super::link::MemoryLink;
use super::recorder::Calls;
use super::sources::{AnySecret, ScriptedSources};
use crate::store::MemoryStore;
use crate::tables::SlotRow;

/// How often a bridge without others says that it lives. Nobody listens: long, so that long times pass quickly.
const LEASE_TTL_MS: u64 = 300_000;

/// How often the slow pass goes over all rows.
const SWEEP_MS: u64 = 600_000;

/// What stands around a bridge, and outlives it.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) store: MemoryStore,
    pub(super) clock: ScriptedClock,
    pub(super) ids: Arc<dyn Ids>,
    pub(super) calls: Calls,
    pub(super) sources: ScriptedSources,
    pub(super) settings: InForce,
    pub(super) lifecycle: Arc<dyn Lifecycle>,
    pub(super) policies: Vec<Member>,
}

/// What runs.
#[derive(Debug)]
struct Process {
    bridge: Bridge,
    router: Router,
    chain: Arc<Chain>,
    link: MemoryLink,
    // Last: what runs in it goes first.
    runtime: Runtime,
}

/// The bridge.
#[derive(Debug)]
pub(super) struct Replica {
    around: Around,
    process: Option<Process>,
}

/// Puts the module into its slot: a store that has none yet refuses its units.
pub(super) fn seat(store: &MemoryStore, lifecycle: &dyn Lifecycle) {
    let id = lifecycle.id();
    store.with(|tables| {
        let serving = Serving { digest: id.digest.clone(), generation: id.slot_generation };
        tables.slots.insert("lifecycle".to_owned(), SlotRow { serving, program: 1 });
    });
}

impl Replica {
    /// Starts it.
    pub(super) fn new(around: Around) -> Result<Self, Impossible> {
        let process = Some(Process::start(&around)?);
        Ok(Self { around, process })
    }

    /// Kills it and starts it again.
    pub(super) fn restart(&mut self) -> Result<(), Impossible> {
        self.process = None;
        self.process = Some(Process::start(&self.around)?);
        Ok(())
    }

    pub(super) fn bridge(&self) -> Option<Bridge> {
        self.process.as_ref().map(|process| process.bridge.clone())
    }

    pub(super) fn needs_bridge(&self) -> Result<Bridge, Impossible> {
        self.bridge().ok_or_else(|| "the bridge does not run".to_owned())
    }

    pub(super) fn link(&self) -> MemoryLink {
        self.process.as_ref().map(|process| process.link.clone()).unwrap_or_default()
    }

    pub(super) fn set_policies(&mut self, policies: Vec<Member>) {
        if let Some(process) = &self.process {
            process.chain.set(policies.clone());
        }
        self.around.policies = policies;
    }

    /// Lets it do everything that it can do now.
    pub(super) fn drive(&self) {
        if let Some(process) = &self.process {
            drive(&process.runtime);
        }
    }

    /// Drives until a future is done; nothing, if it is not though nothing else is left to be done.
    pub(super) fn see_through<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let process = self.process.as_ref()?;
        see_through(&process.runtime, work)
    }

    /// Answers a request.
    pub(super) fn request(
        &self,
        method: &str,
        path: &str,
        headers: &[(String, String)],
        body: Option<&serde_json::Value>,
    ) -> Result<HttpAnswer, Impossible> {
        let process = self.process.as_ref().ok_or("the bridge does not run")?;
        let request = door::request(method, path, headers, body)?;
        let answer = see_through(&process.runtime, door::answer(process.router.clone(), request));
        answer.unwrap_or_else(|| {
            Err("it was not answered though nothing is left to be done: with `wait` it would be when time has passed; leave `wait` out and look at the accounts".into())
        })
    }
}

impl Process {
    fn start(around: &Around) -> Result<Self, Impossible> {
        // Calls of a component have deadlines by the machine's clock; nothing else asks for it.
        let runtime = Builder::new_current_thread().event_interval(u32::MAX).enable_time().build();
        let runtime = runtime.map_err(|error| format!("there is no thread to run in: {error}"))?;
        let link = MemoryLink::default();
        let chain = Chain::new(
            around.policies.clone(),
            ChainPorts {
                settings: around.settings.clone(),
                ids: Arc::clone(&around.ids),
                clock: Arc::new(around.clock.clone()),
                recorder: Arc::new(around.calls.clone()),
            },
        );
        let chain = Arc::new(chain);
        let started = Bridge::start(ports(around, &link, &chain), tuning(around));
        let bridge = match see_through(&runtime, started) {
            Some(Ok(bridge)) => bridge,
            Some(Err(error)) => return Err(format!("the bridge does not start: {error}")),
            None => return Err("the bridge does not start".into()),
        };
        let router = host_api::router(api(around, &bridge));
        Ok(Self { bridge, router, chain, link, runtime })
    }
}

/// Runs every task until none is left that could go on. The first yield returns when that is so; what a task deferred is
/// run by the second.
fn drive(runtime: &Runtime) {
    runtime.block_on(async {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
    });
}

fn see_through<T>(runtime: &Runtime, work: impl Future<Output = T>) -> Option<T> {
    let mut work = std::pin::pin!(work);
    let done = Mutex::new(None);
    runtime.block_on(async {
        let poll = |work: std::pin::Pin<&mut _>| {
            let waker = std::task::Waker::noop();
            let mut context = std::task::Context::from_waker(waker);
            match Future::poll(work, &mut context) {
                std::task::Poll::Ready(value) => {
                    *done.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
                    true
                }
                std::task::Poll::Pending => false,
            }
        };
        // What it waits for is done by tasks, and these run while this one yields. A chain of waits has as many turns.
        for _ in 0..64 {
            if poll(work.as_mut()) {
                return;
            }
            tokio::task::yield_now().await;
        }
    });
    done.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn ports(around: &Around, link: &MemoryLink, chain: &Arc<Chain>) -> Ports {
    let store = Arc::new(around.store.clone());
    Ports {
        rows: Arc::clone(&store) as Arc<_>,
        outbox: Arc::clone(&store) as Arc<_>,
        memory: Arc::clone(&store) as Arc<_>,
        records: Arc::clone(&store) as Arc<_>,
        replicas: Arc::clone(&store) as Arc<_>,
        peers: Arc::new(Nobody),
        idempotency: Arc::clone(&store) as Arc<_>,
        events: Arc::clone(&store) as Arc<_>,
        housekeeping: Arc::clone(&store) as Arc<_>,
        vault: store,
        engines: Arc::new(AnySecret),
        sources: Arc::new(around.sources.clone()),
        lifecycle: Arc::new(FixedSlot(Arc::clone(&around.lifecycle))),
        policies: Arc::clone(chain) as Arc<_>,
        recorder: Arc::new(around.calls.clone()),
        link: Arc::new(link.clone()),
        clock: Arc::new(around.clock.clone()),
        ids: Arc::clone(&around.ids),
    }
}

fn tuning(around: &Around) -> Tuning {
    Tuning {
        settings: around.settings.clone(),
        replica: "bridge".to_owned(),
        base_url: "http://bridge".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        lease_ttl_ms: LEASE_TTL_MS,
        units: 4,
        sweep_ms: SWEEP_MS,
        retention: Retention::default(),
    }
}

fn api(around: &Around, bridge: &Bridge) -> ApiState {
    let store = Arc::new(around.store.clone());
    ApiState {
        intake: Arc::new(bridge.clone()),
        records: Arc::clone(&store) as Arc<_>,
        rows: Arc::clone(&store) as Arc<_>,
        memory: Arc::clone(&store) as Arc<_>,
        outbox: Arc::clone(&store) as Arc<_>,
        events: Arc::clone(&store) as Arc<_>,
        recordings: Arc::clone(&store) as Arc<_>,
        watch: store,
        explains: Arc::new(bridge.clone()),
        feed: bridge.feed(),
        counts: bridge.counts(),
        meters: Meters::default(),
        clock: bridge.clock(),
        options: ApiOptions { body_limit: BODY_LIMIT_DEFAULT, dynamic_accounts_enabled: true },
    }
}

/// There are no other replicas.
#[derive(Debug)]
struct Nobody;

#[async_trait::async_trait]
impl Peers for Nobody {
    async fn ring(&self, _base_url: &str, _ring: Ring) -> bool {
        true
    }
}
