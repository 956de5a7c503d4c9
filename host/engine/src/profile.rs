//! Where a module spends its time, by function of the guest, in the format of the Firefox profiler.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wasmtime::component::Component;
use wasmtime::{AsContext, GuestProfiler};

use crate::engine::Engine;

/// Samples of a module's calls.
#[derive(Clone)]
pub struct Profile {
    profiler: Arc<Mutex<Option<GuestProfiler>>>,
    interval: Duration,
}

impl std::fmt::Debug for Profile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Profile").field("interval", &self.interval).finish_non_exhaustive()
    }
}

impl Profile {
    /// Of a component, sampled whenever the epoch moves.
    pub(crate) fn of(engine: &Engine, name: &str, component: &Component) -> Option<Self> {
        let interval = engine.options.tick;
        let component = component.clone();
        let profiler =
            GuestProfiler::new_component(&engine.wasmtime, name, interval, component, []).ok()?;
        Some(Self { profiler: Arc::new(Mutex::new(Some(profiler))), interval })
    }

    /// Takes a sample.
    pub(crate) fn sample(&self, store: impl AsContext) {
        let mut profiler = self.profiler.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(profiler) = profiler.as_mut() {
            profiler.sample(store, self.interval);
        }
    }

    /// Writes what was sampled, once. The viewer is profiler.firefox.com, or any other that reads its format.
    ///
    /// # Errors
    /// It has been written already, or cannot be.
    pub fn write(&self, output: impl Write) -> Result<(), String> {
        let taken = self.profiler.lock().unwrap_or_else(PoisonError::into_inner).take();
        let profiler = taken.ok_or("the profile has been written already")?;
        profiler.finish(output).map_err(|error| format!("{error:#}"))
    }
}
