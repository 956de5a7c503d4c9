//! A lifecycle module's instance that is called more than once: for measuring what a fresh one costs. Production never
//! does this.

use std::sync::Arc;

use host_core::error::CallError;
use host_core::event::Event;
use host_core::port::lifecycle::Called;
use host_core::port::world::World;
use wasmtime::Store;

use crate::bindings::lifecycle::Lifecycle;
use crate::module::Module;
use crate::state::CallState;
use crate::stop;
use crate::store::store;

/// An instance that stays.
pub struct Warm<'m> {
    module: &'m Module,
    store: Store<CallState>,
    instance: Lifecycle,
}

impl std::fmt::Debug for Warm<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Warm").field("module", self.module).finish_non_exhaustive()
    }
}

impl Module {
    /// An instance of it that stays.
    ///
    /// # Errors
    /// It cannot be instantiated.
    pub async fn warm(&self, world: Arc<dyn World>) -> Result<Warm<'_>, CallError> {
        let state = self.call_state(world, Vec::new());
        let mut store = store(&self.engine, state, None, self.profile.clone());
        let instance = self.pre.instantiate_async(&mut store).await;
        let instance = instance.map_err(|error| stop::classify(&error, &self.limits))?;
        Ok(Warm { module: self, store, instance })
    }
}

impl Warm<'_> {
    /// Calls it. After an error it may not be called again.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call(&mut self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError> {
        *self.store.data_mut() = self.module.call_state(world, event.names());
        let answer = self.module.export(&self.instance, &mut self.store, event).await;
        let answer = answer.map_err(|error| stop::classify(&error, &self.module.limits))?;
        let empty = self.module.call_state(Arc::clone(&self.store.data().world), Vec::new());
        let state = std::mem::replace(self.store.data_mut(), empty);
        Ok(Called { answer, writes: state.collector.into_writes() })
    }
}
