//! The bridge as a whole: its ports, what it keeps in memory, and its tasks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::{CallError, StoreError};
use host_core::event::{Answer, DefinitionRef, Event};
use host_core::port::events::Events;
use host_core::port::housekeeping::{Housekeeping, Retention};
use host_core::port::idempotency::Idempotency;
use host_core::port::ids::Ids;
use host_core::port::lifecycle::LifecycleSlot;
use host_core::port::link::AgentLink;
use host_core::port::policy::Policies;
use host_core::port::recorder::Recorder;
use host_core::port::replicas::{Peers, Replicas, Ring};
use host_core::port::sources::Sources;
use host_core::port::store::{Memory, Outbox, Records, Rows};
use host_core::port::time::Clock;
use host_core::port::vault::{SecretEngines, Vault};
use host_core::settings::InForce;
use host_core::unit::assemble::KeptDefinition;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::{info, warn};

use crate::counts::Counts;
use crate::feed::Feed;
use crate::goodbyes::Goodbyes;
use crate::registry::Registry;
use crate::replicas::Beats;
use crate::rings::Rings;
use crate::timers::Alarm;
use crate::waiters::Waiters;
use crate::{keeper, world};

/// Everything that the bridge reaches through.
#[derive(Debug, Clone)]
pub struct Ports {
    /// Rows as calls read and change them.
    pub rows: Arc<dyn Rows>,
    /// Operations to be sent.
    pub outbox: Arc<dyn Outbox>,
    /// Agents.
    pub memory: Arc<dyn Memory>,
    /// Requests.
    pub records: Arc<dyn Records>,
    /// The other replicas, and leases.
    pub replicas: Arc<dyn Replicas>,
    /// How the other replicas are woken.
    pub peers: Arc<dyn Peers>,
    /// The keys of requests that may be repeated.
    pub idempotency: Arc<dyn Idempotency>,
    /// The journal, forward.
    pub events: Arc<dyn Events>,
    /// Lets go of old rows.
    pub housekeeping: Arc<dyn Housekeeping>,
    /// Where sealed secrets are.
    pub vault: Arc<dyn Vault>,
    /// Where other secrets are.
    pub engines: Arc<dyn SecretEngines>,
    /// Where accounts are read from.
    pub sources: Arc<dyn Sources>,
    /// The module that decides.
    pub lifecycle: Arc<dyn LifecycleSlot>,
    /// The chain of policies.
    pub policies: Arc<dyn Policies>,
    /// Who takes the calls that were made.
    pub recorder: Arc<dyn Recorder>,
    /// The streams to agents.
    pub link: Arc<dyn AgentLink>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Ids and chance.
    pub ids: Arc<dyn Ids>,
}

/// How the bridge works, beside what the module is told.
#[derive(Debug, Clone)]
pub struct Tuning {
    /// What modules and the default retry are told.
    pub settings: InForce,
    /// The name of this replica; no other one has it.
    pub replica: String,
    /// Where the other replicas reach its HTTP API.
    pub base_url: String,
    /// The program's version.
    pub version: String,
    /// `lease.ttl`: within it a replica that died is replaced.
    pub lease_ttl_ms: u64,
    /// Units of work at the same time; the store's pool has four connections more (`spec/database.md`).
    pub units: usize,
    /// How often the slow pass goes over all rows that no event announced.
    pub sweep_ms: u64,
    /// How long what is over is kept.
    pub retention: Retention,
}

/// What all parts of the bridge share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) ports: Ports,
    pub(crate) tuning: Tuning,
    pub(crate) registry: Registry,
    pub(crate) waiters: Waiters,
    pub(crate) feed: Feed,
    pub(crate) counts: Arc<Counts>,
    pub(crate) alarm: Alarm,
    pub(crate) rings: Rings,
    pub(crate) beats: Beats,
    pub(crate) goodbyes: Goodbyes,
    /// Whether there can be other replicas.
    pub(crate) several: bool,
    pub(crate) started_at: Millis,
    pub(crate) units: Semaphore,
    pub(crate) tasks: TaskTracker,
    pub(crate) stop: CancellationToken,
    setbacks: Mutex<HashMap<String, u32>>,
}

/// The first wait of an item that failed alone; it doubles with each time.
const SETBACK_FIRST_MS: u64 = 5_000;
/// The longest.
const SETBACK_CAP_MS: u64 = 600_000;

impl Shared {
    /// What the database remembers: agents that were on this replica are awaited, and what it had left half way ends.
    async fn recall(&self) -> Result<(), StoreError> {
        let now = self.ports.clock.now();
        let replica = &self.tuning.replica;
        let seen = self.ports.memory.agents_changed().await?;
        for agent in self.ports.memory.agents().await? {
            self.registry.put(agent);
        }
        self.registry.start_at(seen);
        for agent in self.registry.all() {
            let ours = !self.several || agent.replica == *replica;
            if ours && agent.presence != Presence::Gone {
                let session = agent.session.clone();
                let awaited = Agent { presence: Presence::Awaited, presence_since: now, ..agent };
                if let Some(awaited) = self.put_agent(awaited, Some(&session)).await? {
                    self.registry.put(awaited);
                }
            }
        }
        // It has begun nothing yet since it started, whatever its clock says.
        let half = self.ports.records.close_half_begun(replica.clone(), Millis::MAX).await?;
        if half > 0 {
            warn!(
                requests = half,
                "this replica stopped before it had begun all items of these; they have the rest only"
            );
        }
        info!(agents = self.registry.all().len(), "the bridge knows these agents");
        Ok(())
    }

    /// How long an item that failed alone is left alone now.
    pub(crate) fn setback(&self, name: &str) -> u64 {
        let mut setbacks = self.setbacks.lock().unwrap_or_else(PoisonError::into_inner);
        let times = setbacks.entry(name.to_owned()).or_insert(0);
        let wait = SETBACK_FIRST_MS.saturating_mul(1 << (*times).min(10));
        *times += 1;
        wait.min(SETBACK_CAP_MS)
    }

    /// These items are well again.
    pub(crate) fn recovered(&self, names: &[String]) {
        let mut setbacks = self.setbacks.lock().unwrap_or_else(PoisonError::into_inner);
        if !setbacks.is_empty() {
            for name in names {
                setbacks.remove(name);
            }
        }
    }
}

/// The running bridge. Implements the ports that the HTTP API ([`crate::intake::Intake`]) and the agent link
/// ([`host_core::port::link::AgentEvents`]) call. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Bridge {
    pub(crate) shared: Arc<Shared>,
}

/// Why a stream ends that somebody wants to end.
pub(crate) const ASKED_FOR: &str = "an operator asked for it";

impl Bridge {
    /// Starts the bridge: agents that were there when it stopped are awaited, what was left half way is taken up again,
    /// and the timers run.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn start(ports: Ports, tuning: Tuning) -> Result<Self, StoreError> {
        Self::start_counting(ports, tuning, Arc::default()).await
    }

    /// The same with counts that somebody else counts into as well.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_counting(
        ports: Ports,
        tuning: Tuning,
        counts: Arc<Counts>,
    ) -> Result<Self, StoreError> {
        let shared = Arc::new(Shared {
            registry: Registry::default(),
            waiters: Waiters::default(),
            feed: Feed::new(Arc::clone(&ports.events), Arc::clone(&ports.clock)),
            counts,
            alarm: Alarm::default(),
            rings: Rings::default(),
            beats: Beats::default(),
            goodbyes: Goodbyes::default(),
            several: ports.replicas.can_be_several(),
            started_at: ports.clock.now(),
            units: Semaphore::new(tuning.units.max(1)),
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            setbacks: Mutex::default(),
            ports,
            tuning,
        });
        shared.recall().await?;
        let bridge = Self { shared };
        keeper::spawn(&bridge);
        Ok(bridge)
    }

    /// Another replica has committed something.
    pub(crate) async fn take_ring(&self, ring: Ring) {
        self.shared.rung(&ring);
        if ring.presence
            && let Err(error) = self.shared.refresh().await
        {
            warn!("what another replica said of agents is not seen yet: {error}");
        }
        for agent in &ring.disconnect {
            self.shared.ports.link.disconnect(agent, ASKED_FOR).await;
        }
    }

    /// The steps of all accounts, for whoever listens. Whoever learns that another replica has committed something calls
    /// its [`Feed::stir`].
    #[must_use]
    pub fn feed(&self) -> Feed {
        self.shared.feed.clone()
    }

    /// What this replica has done so far, counted.
    #[must_use]
    pub fn counts(&self) -> Arc<Counts> {
        Arc::clone(&self.shared.counts)
    }

    /// Calls the module with an event as it would be called now, with definitions by handle, and applies nothing: what it wants is in the record that
    /// whoever takes records is given.
    ///
    /// # Errors
    /// [`CallError`]: the call did not end well.
    pub async fn rehearse(
        &self,
        event: Event,
        definitions: HashMap<String, KeptDefinition>,
    ) -> Result<Answer, CallError> {
        self.shared.rehearse(event, definitions).await
    }

    /// A definition as a request brings it: its handle, and what is kept behind that.
    #[must_use]
    pub fn seal(&self, account: &str, definition: Definition) -> (DefinitionRef, KeptDefinition) {
        let kept = world::keep(&*self.shared.ports.vault, account, definition, "api");
        (world::handle(&kept.definition), kept)
    }

    /// The clock that the bridge goes by.
    #[must_use]
    pub fn clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.shared.ports.clock)
    }

    /// Stops: nothing new begins, what has begun is seen through.
    pub async fn stop(&self) {
        self.shared.stop.cancel();
        self.shared.registry.end();
        self.shared.feed.end().await;
        self.shared.tasks.close();
        self.shared.tasks.wait().await;
    }

    /// Runs something in a task of its own, so that a caller who stops waiting cancels nothing. Nothing is answered if
    /// the task panicked, which is logged.
    pub(crate) async fn own<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> Option<T> {
        match self.shared.tasks.spawn(work).await {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::error!("a task of the bridge ended badly: {error}");
                None
            }
        }
    }
}

/// A time on the bridge's clock.
pub(crate) fn later(now: Millis, by: u64) -> Millis {
    now.saturating_add(by)
}
