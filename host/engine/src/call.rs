//! One call: a permit, a fresh instance, one export, and the deadline around all of it.

use std::sync::Arc;

use host_core::error::{CallClass, CallError};
use host_core::event::{Answer, Event};
use host_core::port::lifecycle::Called;
use host_core::port::world::World;
use tracing::warn;
use wasmtime::Store;

use crate::bindings::lifecycle::Lifecycle;
use crate::convert;
use crate::module::Module;
use crate::state::CallState;
use crate::stop;
use crate::store::{fuel, store};

/// What a call cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CallReport {
    /// Host calls made.
    pub hostcalls: u64,
    /// Rows read.
    pub rows: usize,
    /// Bytes that went into the module, near enough.
    pub bytes_in: usize,
    /// Bytes that came out of it, near enough.
    pub bytes_out: usize,
    /// The largest linear memory that the instance had, in bytes.
    pub memory_peak: usize,
    /// Log lines that were over the limit.
    pub log_dropped: u64,
    /// Instructions, if the engine counts fuel.
    pub fuel: Option<u64>,
}

impl Module {
    /// Calls the module and says what the call cost. The port's `call` is this without the report.
    ///
    /// # Errors
    /// [`CallError`]: its sentence names the module, its digest and what stopped it.
    pub async fn call_measured(
        &self,
        event: Event,
        world: Arc<dyn World>,
    ) -> (Result<Called, CallError>, CallReport) {
        let mut report = CallReport::default();
        let run = self.run(event, world, &mut report);
        let result = match tokio::time::timeout(self.limits.deadline, run).await {
            Ok(result) => result,
            Err(_) => Err(self.late()),
        };
        let result = result.map_err(|error| self.name_it(&error));
        self.stats.count(&result);
        if report.log_dropped > 0 {
            let dropped = report.log_dropped;
            warn!(module = %self.id.digest, dropped, "the module logged more than it may");
        }
        (result, report)
    }

    async fn run(
        &self,
        event: Event,
        world: Arc<dyn World>,
        report: &mut CallReport,
    ) -> Result<Called, CallError> {
        let _permit = self.permits.acquire().await.map_err(|_| CallError {
            class: CallClass::Overload,
            sentence: "the module is being taken away".to_owned(),
        })?;
        let state = self.call_state(world, event.names());
        let mut store = store(&self.engine, state, self.limits.deadline, self.profile.clone());
        let answer = match self.pre.instantiate_async(&mut store).await {
            Ok(instance) => self.export(&instance, &mut store, event).await,
            Err(error) => Err(error),
        };
        fill(report, &store);
        let mut state = store.into_data();
        match answer {
            Ok(answer) => Ok(Called { answer, writes: state.collector.into_writes() }),
            Err(error) => Err(state.meter.stopped.take().unwrap_or_else(|| self.classify(&error))),
        }
    }

    /// What a store carries for a call about these accounts.
    pub(crate) fn call_state(&self, world: Arc<dyn World>, batch: Vec<String>) -> CallState {
        CallState::new(world, Arc::clone(&self.description), batch, Arc::clone(&self.limits))
    }

    pub(crate) async fn export(
        &self,
        instance: &Lifecycle,
        store: &mut Store<CallState>,
        event: Event,
    ) -> wasmtime::Result<Answer> {
        let events = instance.swingbridge_lifecycle_events();
        match event {
            Event::Handle(request) => {
                let items = request.items.len();
                let outcomes =
                    events.call_handle(&mut *store, &convert::event::request(request)).await?;
                store.data_mut().usage.bytes_out += outcomes.len() * 16;
                if outcomes.len() != items {
                    let text = format!("it gave {} outcomes for {items} items", outcomes.len());
                    return Err(store.data_mut().stop(CallClass::Contract, text));
                }
                Ok(Answer::Outcomes(outcomes.into_iter().map(convert::event::outcome).collect()))
            }
            Event::OnAgent { agent, instance, event, accounts } => {
                let event = convert::event::agent_event(event);
                events.call_on_agent(&mut *store, &agent, &instance, &event, &accounts).await?;
                Ok(Answer::Nothing)
            }
            Event::Tick { reason, accounts } => {
                let reason = convert::event::reason(reason);
                Ok(Answer::Wake(events.call_tick(&mut *store, &reason, &accounts).await?))
            }
        }
    }

    fn classify(&self, error: &wasmtime::Error) -> CallError {
        stop::classify(error, &self.limits)
    }

    fn late(&self) -> CallError {
        let deadline = self.limits.deadline;
        CallError {
            class: CallClass::Deadline,
            sentence: format!("it did not end within {deadline:?}, host calls included"),
        }
    }

    /// Puts the module's name and digest in front of what happened.
    fn name_it(&self, error: &CallError) -> CallError {
        let (name, version) = (&self.description.name, &self.description.version);
        let digest = &self.id.digest;
        let sentence =
            format!("module {name} {version} ({digest}) was stopped: {}", error.sentence);
        CallError { class: error.class, sentence }
    }
}

fn fill(report: &mut CallReport, store: &Store<CallState>) {
    let fuel = fuel(store);
    let memory_peak = store.data().meter.memory_peak;
    let usage = store.data().usage;
    *report = CallReport {
        hostcalls: usage.hostcalls,
        rows: usage.rows,
        bytes_in: usage.bytes_in,
        bytes_out: usage.bytes_out,
        memory_peak,
        log_dropped: usage.log_dropped,
        fuel,
    };
}
