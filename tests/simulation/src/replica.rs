//! A replica of the bridge: the real one, in a runtime of its own, so that it can be driven, left alone, or dropped at
//! whatever it awaits.

use std::sync::{Arc, Mutex, PoisonError};

use host_control::{Bridge, Chain, ChainPorts, FixedSlot, Ports, Tuning};
use host_core::port::housekeeping::Retention;
use host_core::port::ids::Ids;
use host_core::port::lifecycle::Lifecycle;
use host_core::port::link::AgentEvents;
use host_core::port::recorder::NoRecorder;
use host_core::settings::InForce;
use tokio::runtime::{Builder, Runtime};

use crate::chance::Chance;
use crate::check::watch::Watch;
use crate::clock::SimClock;
use crate::gate::{Door, Gate};
use crate::ids::SimIds;
use crate::link::{Newest, Parts, SimLink};
use crate::mutant::Mutant;
use crate::options::{LEASE_TTL_MS, settings};
use crate::ports::SimStore;
use crate::requests::{SimEngines, SimSources};
use crate::trace::Trace;
use crate::wire::{Ringing, Wire};

/// How often the slow pass goes over all rows, in milliseconds.
const SWEEP_MS: u64 = 30_000;

/// What all replicas of a run share.
#[derive(Debug, Clone)]
pub struct Common {
    /// The database.
    pub store: host_trial::MemoryStore,
    /// The gate.
    pub gate: Arc<Gate>,
    /// The wire.
    pub wire: Arc<Wire>,
    /// The watch.
    pub watch: Arc<Watch>,
    /// The trace.
    pub trace: Arc<Trace>,
    /// The lifecycle.
    pub lifecycle: Arc<dyn Lifecycle>,
    /// What is wrong on purpose.
    pub mutant: Option<Mutant>,
    /// Whether the slow pass runs.
    pub sweeps: bool,
    /// How many replicas there are.
    pub replicas: usize,
}

/// What has become of a start.
#[derive(Debug, Clone, Default)]
enum Started {
    #[default]
    NotYet,
    Serves(Bridge),
    Failed,
}

/// A process of the bridge.
#[derive(Debug)]
struct Process {
    runtime: Runtime,
    started: Arc<Mutex<Started>>,
    link: Arc<SimLink>,
}

/// A replica, whether it runs or not.
#[derive(Debug)]
pub struct Replica {
    /// Its place.
    pub at: usize,
    /// Its clock.
    pub clock: Arc<SimClock>,
    /// It is left alone: it runs, and gets no time.
    pub paused: bool,
    ids: Arc<SimIds>,
    common: Common,
    process: Option<Process>,
}

impl Replica {
    /// One that does not run yet.
    #[must_use]
    pub fn new(at: usize, clock: Arc<SimClock>, chance: Chance, common: Common) -> Self {
        let ids = Arc::new(SimIds::new(Arc::clone(&clock), chance));
        Self { at, clock, paused: false, ids, common, process: None }
    }

    /// Whether its process is there.
    #[must_use]
    pub fn runs(&self) -> bool {
        self.process.is_some()
    }

    /// Starts its process.
    pub fn start(&mut self) {
        // The component's calls have deadlines by the machine's clock; nothing else asks for it.
        let runtime = Builder::new_current_thread().event_interval(u32::MAX).enable_time().build();
        let runtime = runtime.expect("a runtime without sockets asks nothing of the system");
        let link = Arc::new(SimLink::new(Parts {
            wire: Arc::clone(&self.common.wire),
            door: self.door(),
            clock: Arc::clone(&self.clock),
            watch: Arc::clone(&self.common.watch),
            trace: Arc::clone(&self.common.trace),
            mutant: self.common.mutant,
            newest: Newest(self.common.store.clone()),
        }));
        let started = Arc::new(Mutex::new(Started::NotYet));
        let (ports, tuning) = (self.ports(&link), self.tuning());
        let told = Arc::clone(&started);
        runtime.spawn(async move {
            let now = match Bridge::start(ports, tuning).await {
                Ok(bridge) => Started::Serves(bridge),
                Err(_) => Started::Failed,
            };
            *told.lock().unwrap_or_else(PoisonError::into_inner) = now;
        });
        self.paused = false;
        self.process = Some(Process { runtime, started, link });
    }

    fn door(&self) -> Door {
        Door::new(Arc::clone(&self.common.gate), self.at)
    }

    fn ports(&self, link: &Arc<SimLink>) -> Ports {
        let store = Arc::new(SimStore {
            store: self.common.store.clone(),
            door: self.door(),
            watch: Arc::clone(&self.common.watch),
            mutant: self.common.mutant,
            sweeps: self.common.sweeps,
        });
        let ids = Arc::clone(&self.ids) as Arc<dyn Ids>;
        let chain = ChainPorts {
            settings: InForce::new(settings()),
            ids: Arc::clone(&ids),
            clock: Arc::clone(&self.clock) as Arc<_>,
            recorder: Arc::new(NoRecorder),
        };
        Ports {
            rows: Arc::clone(&store) as Arc<_>,
            outbox: Arc::clone(&store) as Arc<_>,
            memory: Arc::clone(&store) as Arc<_>,
            records: Arc::clone(&store) as Arc<_>,
            replicas: Arc::clone(&store) as Arc<_>,
            peers: Arc::new(SimPeers { common: self.common.clone(), door: self.door() }),
            idempotency: Arc::clone(&store) as Arc<_>,
            events: Arc::clone(&store) as Arc<_>,
            housekeeping: Arc::clone(&store) as Arc<_>,
            vault: store,
            engines: Arc::new(SimEngines),
            sources: Arc::new(SimSources),
            lifecycle: Arc::new(FixedSlot(Arc::clone(&self.common.lifecycle))),
            policies: Arc::new(Chain::new(Vec::new(), chain)),
            recorder: Arc::new(NoRecorder),
            link: Arc::clone(link) as Arc<_>,
            clock: Arc::clone(&self.clock) as Arc<_>,
            ids,
        }
    }

    fn tuning(&self) -> Tuning {
        Tuning {
            settings: InForce::new(settings()),
            replica: format!("bridge-{}", self.at),
            base_url: format!("bridge-{}", self.at),
            version: "0".to_owned(),
            lease_ttl_ms: LEASE_TTL_MS,
            units: 4,
            sweep_ms: SWEEP_MS,
            retention: Retention::default(),
        }
    }

    /// The bridge, once it serves.
    #[must_use]
    pub fn bridge(&self) -> Option<Bridge> {
        let process = self.process.as_ref()?;
        match &*process.started.lock().unwrap_or_else(PoisonError::into_inner) {
            Started::Serves(bridge) => Some(bridge.clone()),
            Started::NotYet | Started::Failed => None,
        }
    }

    /// Whether its start failed: its process has ended by itself.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.process.as_ref().is_some_and(|process| {
            let started = process.started.lock().unwrap_or_else(PoisonError::into_inner);
            matches!(*started, Started::Failed)
        })
    }

    /// Its process ends at whatever it does.
    pub fn crash(&mut self) {
        self.process = None;
        self.paused = false;
        self.common.gate.forget(self.at);
        self.common.wire.lines().lose_replica(self.at);
    }

    /// Has something done in its process.
    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        if let Some(process) = &self.process {
            process.runtime.spawn(work);
        }
    }

    /// Takes a stream.
    pub fn serve(
        &self,
        stream: u64,
        heard: tokio::sync::mpsc::UnboundedReceiver<proto::agent::v1::AgentMessage>,
    ) {
        if let (Some(process), Some(bridge)) = (&self.process, self.bridge()) {
            let link = Arc::clone(&process.link);
            let events = Arc::new(bridge) as Arc<dyn AgentEvents>;
            process.runtime.spawn(link.serve(events, stream, heard));
        }
    }

    /// It is told to stop: it sends its agents elsewhere and sees through what it has begun.
    pub fn stop(&self) {
        if let (Some(process), Some(bridge)) = (&self.process, self.bridge()) {
            process.link.shutdown.cancel();
            let started = Arc::clone(&process.started);
            process.runtime.spawn(async move {
                bridge.stop().await;
                *started.lock().unwrap_or_else(PoisonError::into_inner) = Started::Failed;
            });
        }
    }

    /// Lets it do everything that it can do now.
    pub fn drive(&self) {
        if self.paused {
            return;
        }
        if let Some(process) = &self.process {
            self.common.gate.begin();
            // One yield returns when no task is left that could go on; what a task deferred is run by the second.
            process.runtime.block_on(async {
                tokio::task::yield_now().await;
                tokio::task::yield_now().await;
            });
            if let Some(what) = self.common.gate.circle() {
                self.common.trace.violated(format!("{what} is asked again and again, for ever"));
            }
        }
    }
}

/// How a replica wakes the others.
#[derive(Debug)]
struct SimPeers {
    common: Common,
    door: Door,
}

#[async_trait::async_trait]
impl host_core::port::replicas::Peers for SimPeers {
    async fn ring(&self, base_url: &str, ring: host_core::port::replicas::Ring) -> bool {
        self.door.pass("ring").await;
        let to = (0..self.common.replicas).find(|at| format!("bridge-{at}") == base_url);
        let Some(to) = to else { return false };
        self.common.wire.lines().rings.push_back(Ringing { to, ring });
        true
    }
}
