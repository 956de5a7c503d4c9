//! The lifecycle library linked natively behind the port that the engine serves: the floor that the component is
//! measured against, and its double in tests.
//!
//! What the component does in `guest/component` is done here without a sandbox: reads, questions, writes, each write
//! checked by the same collector. It is as good as we can make it, since a floor that is slow on purpose is a lie.

mod incoming;
mod outgoing;

use std::sync::Arc;

use async_trait::async_trait;
use guest_lifecycle::{Answers, Decisions, Questions, Settings, Snapshot, Zones, decide, reads};
use host_core::description::Description;
use host_core::error::{CallClass, CallError};
use host_core::event::{Answer, Event};
use host_core::port::lifecycle::{Called, Lifecycle, ModuleId};
use host_core::port::world::World;
use host_core::unit::collect::{Collector, Denial};

/// The digest that units of the native lifecycle carry in the place of a module's.
pub const NATIVE_DIGEST: &str = "native";

/// As many writes as a call of the component may make.
const WRITES_MAX: usize = 20_000;

/// The library, linked.
#[derive(Debug)]
pub struct NativeLifecycle {
    id: ModuleId,
    description: Arc<Description>,
}

impl NativeLifecycle {
    /// Serving at a slot generation.
    #[must_use]
    pub fn serving(slot_generation: u64) -> Self {
        let id = ModuleId { digest: NATIVE_DIGEST.to_owned(), slot_generation };
        Self { id, description: Arc::new(outgoing::description()) }
    }

    async fn run(&self, event: Event, world: &dyn World) -> Result<Called, CallError> {
        let names = event.names();
        let collector = Collector::new(Arc::clone(&self.description), names, WRITES_MAX);
        let mut call = Run { world, collector };
        let handles = matches!(event, Event::Handle(_));
        let ticks = matches!(event, Event::Tick { .. });
        let event = incoming::event(event);
        let mut snapshot = call.read(&event).await?;
        let mut answers = Answers::default();
        let decisions = loop {
            match decide(&event, &snapshot, &answers) {
                Ok(decisions) => break decisions,
                Err(questions) => call.ask(questions, &mut snapshot, &mut answers).await?,
            }
        };
        let outcomes = call.write(decisions).map_err(|denial| denied(&denial))?;
        let answer = match (handles, ticks) {
            (true, _) => Answer::Outcomes(outcomes),
            (false, true) => Answer::Wake(None),
            (false, false) => Answer::Nothing,
        };
        Ok(Called { answer, writes: call.collector.into_writes() })
    }
}

#[async_trait]
impl Lifecycle for NativeLifecycle {
    fn id(&self) -> &ModuleId {
        &self.id
    }

    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    async fn call(&self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError> {
        self.run(event, &*world).await
    }
}

struct Run<'w> {
    world: &'w dyn World,
    collector: Collector,
}

impl Run<'_> {
    async fn read(&mut self, event: &guest_lifecycle::Event) -> Result<Snapshot, CallError> {
        let wanted = reads(event);
        let names = wanted.names;
        let (mut rows, mut known, mut offered) = (Vec::new(), Vec::new(), Vec::new());
        if !names.is_empty() {
            rows = self.world.accounts(names.clone()).await?;
            self.collector.has_read(&names, &rows);
            if wanted.holdings {
                known = self.world.holdings(names.clone()).await?;
                self.collector.has_read_holdings(known.iter().map(|known| &known.holding));
            }
            if wanted.sources {
                offered = self.world.sources(names).await?;
            }
        }
        let pairs = self.world.settings();
        let pairs = pairs.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let settings = Settings::read(pairs)
            .map_err(|sentence| CallError { class: CallClass::Contract, sentence })?;
        Ok(Snapshot::new(
            self.world.now(),
            settings,
            rows.into_iter().map(incoming::account).collect(),
            known.into_iter().map(incoming::holding).collect(),
            offered.into_iter().map(incoming::source).collect(),
        ))
    }

    async fn ask(
        &mut self,
        questions: Questions,
        snapshot: &mut Snapshot,
        answers: &mut Answers,
    ) -> Result<(), CallError> {
        if let Some(zones) = questions.agents {
            let named = match &zones {
                Zones::All => Vec::new(),
                Zones::Of(zones) => zones.clone(),
            };
            let agents = self.world.agents(named).await?;
            let agents = agents.into_iter().filter_map(incoming::agent).collect();
            snapshot.add_agents(&zones, agents);
        }
        if !questions.admit.is_empty() {
            let subjects = questions.admit.iter().map(outgoing::subject).collect();
            let verdicts = self.world.admit(subjects).await?;
            answers.admit(&questions.admit, verdicts.into_iter().map(incoming::verdict).collect());
        }
        if !questions.place.is_empty() {
            let subjects = questions.place.iter().map(outgoing::subject).collect();
            let places = self.world.place(subjects).await?;
            answers.place(&questions.place, places.into_iter().map(incoming::placement).collect());
        }
        if !questions.retry.is_empty() {
            let tries = questions.retry.iter().map(outgoing::failed_try).collect();
            let backoffs = self.world.retry(tries).await?;
            answers.retry(&questions.retry, backoffs.into_iter().map(incoming::backoff).collect());
        }
        Ok(())
    }

    fn write(&mut self, decisions: Decisions) -> Result<Vec<host_core::event::Outcome>, Denial> {
        let Decisions { outcomes, inserts, changes, removals, submissions } = decisions;
        if !inserts.is_empty() {
            self.collector.insert(inserts.into_iter().map(outgoing::insert).collect())?;
        }
        if !changes.is_empty() {
            self.collector.change(changes.into_iter().map(outgoing::change).collect())?;
        }
        if !removals.is_empty() {
            self.collector.remove(removals.into_iter().map(outgoing::removal).collect())?;
        }
        if !submissions.is_empty() {
            let world = self.world;
            let named = submissions.into_iter().map(|s| outgoing::submission(s, world.next_id()));
            self.collector.submit(named.collect())?;
        }
        Ok(outcomes.into_iter().map(outgoing::outcome).collect())
    }
}

fn denied(denial: &Denial) -> CallError {
    let sentence = format!("a write for {} was denied: {}", denial.name, denial.reason);
    CallError { class: CallClass::Denied, sentence }
}
