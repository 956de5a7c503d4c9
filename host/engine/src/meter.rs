//! What one call may use and has used of the engine's own things: memory, tables, instances. The same for every module.

use std::sync::Arc;

use host_core::error::{CallClass, CallError};
use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// Counts against the limits, and keeps why the host stopped the call, if it did: what the guest is told is not what
/// the operator is.
#[derive(Debug)]
pub(crate) struct Meter {
    pub(crate) limits: Arc<Limits>,
    pub(crate) stopped: Option<CallError>,
    pub(crate) memory_peak: usize,
}

impl Meter {
    pub(crate) fn new(limits: Arc<Limits>) -> Self {
        Self { limits, stopped: None, memory_peak: 0 }
    }

    /// Ends the call: the sentence is for the operator, the trap for the guest.
    pub(crate) fn stop(
        &mut self,
        class: CallClass,
        sentence: impl Into<String>,
    ) -> wasmtime::Error {
        let sentence = sentence.into();
        let trap = wasmtime::Error::msg(sentence.clone());
        self.stopped.get_or_insert(CallError { class, sentence });
        trap
    }
}

impl ResourceLimiter for Meter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limits.memory_bytes {
            let limit = self.limits.memory_bytes >> 20;
            return Err(
                self.stop(CallClass::Memory, format!("it wanted more than {limit} MiB of memory"))
            );
        }
        self.memory_peak = self.memory_peak.max(desired);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        if desired > self.limits.table_elements {
            let limit = self.limits.table_elements;
            let sentence = format!("it wanted a table of more than {limit} elements");
            return Err(self.stop(CallClass::Table, sentence));
        }
        Ok(true)
    }

    fn instances(&self) -> usize {
        Limits::INSTANCES
    }

    fn tables(&self) -> usize {
        Limits::TABLES
    }

    fn memories(&self) -> usize {
        Limits::MEMORIES
    }
}
