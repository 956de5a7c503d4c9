//! The lifecycle of a run: the library linked natively, or the component that ships; and one that is hard of hearing.

use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use host_core::description::Description;
use host_core::error::CallError;
use host_core::event::{Answer, Event, TickReason};
use host_core::port::lifecycle::{Called, Lifecycle, ModuleId};
use host_core::port::world::World;
use host_core::unit::Writes;
use host_engine::{Engine, EngineOptions, Limits, Module};
use tests_harness::NativeLifecycle;

use crate::options::settings;

/// The library, linked.
#[must_use]
pub fn native() -> Arc<dyn Lifecycle> {
    Arc::new(NativeLifecycle::serving(1))
}

/// The component that ships. A call of it is slower by far.
///
/// # Errors
/// When it cannot be loaded.
pub fn component() -> Result<Arc<dyn Lifecycle>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    let engine = Engine::new(EngineOptions::default())?;
    let bytes = host::LIFECYCLE.to_vec();
    let pairs = settings().pairs();
    let loaded = runtime.block_on(Module::load(&engine, bytes, Limits::default(), &pairs))?;
    Ok(Arc::new(loaded.serving(1)))
}

/// A lifecycle that is never asked to look again: neither after an agent moved under a call, nor by the slow pass.
#[derive(Debug)]
pub struct NeverAgain(pub Arc<dyn Lifecycle>);

#[async_trait]
impl Lifecycle for NeverAgain {
    fn id(&self) -> &ModuleId {
        self.0.id()
    }

    fn description(&self) -> &Arc<Description> {
        self.0.description()
    }

    async fn call(&self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError> {
        match &event {
            Event::Tick { reason: TickReason::Sweep, .. } => {
                Ok(Called { answer: Answer::Wake(None), writes: Writes::default() })
            }
            Event::Tick { .. } | Event::Handle(_) | Event::OnAgent { .. } => {
                self.0.call(event, world).await
            }
        }
    }
}
