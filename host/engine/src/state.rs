//! What a store carries during one call: the world, what was collected, and what was used.

use std::sync::Arc;

use host_core::account::Account;
use host_core::description::Description;
use host_core::error::{CallClass, CallError};
use host_core::port::world::World;
use host_core::unit::collect::Collector;
use wasmtime::ResourceLimiter;

use crate::limits::Limits;

/// The data of a store.
pub(crate) struct CallState {
    pub(crate) world: Arc<dyn World>,
    pub(crate) collector: Collector,
    pub(crate) usage: Usage,
    pub(crate) log: LogBudget,
    limits: Arc<Limits>,
    /// Why the host stopped the call, if it did: what the guest is told is not what the operator is.
    pub(crate) stopped: Option<CallError>,
}

/// What a call has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) hostcalls: u64,
    pub(crate) rows: usize,
    pub(crate) bytes_in: usize,
    pub(crate) bytes_out: usize,
    pub(crate) memory_peak: usize,
    pub(crate) log_dropped: u64,
}

/// What is left to be logged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogBudget {
    pub(crate) lines: usize,
    pub(crate) bytes: usize,
}

impl CallState {
    pub(crate) fn new(
        world: Arc<dyn World>,
        description: Arc<Description>,
        batch: Vec<String>,
        limits: Arc<Limits>,
    ) -> Self {
        Self {
            world,
            collector: Collector::new(description, batch, limits.writes),
            usage: Usage::default(),
            log: LogBudget { lines: limits.log_lines, bytes: limits.log_bytes },
            limits,
            stopped: None,
        }
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

    /// A read could not be answered: the host's error ends the call.
    pub(crate) fn host(&mut self, error: CallError) -> wasmtime::Error {
        let trap = wasmtime::Error::msg(error.sentence.clone());
        self.stopped.get_or_insert(error);
        trap
    }

    /// Counts a read: so many rows, so many bytes.
    pub(crate) fn read(&mut self, rows: usize, bytes: usize) -> wasmtime::Result<()> {
        self.usage.rows += rows;
        self.usage.bytes_in += bytes;
        if self.usage.rows > self.limits.read_rows {
            let limit = self.limits.read_rows;
            return Err(self.stop(CallClass::Reads, format!("it read more than {limit} rows")));
        }
        if self.usage.bytes_in > self.limits.read_bytes {
            let limit = self.limits.read_bytes;
            return Err(self.stop(CallClass::Reads, format!("it read more than {limit} bytes")));
        }
        Ok(())
    }

    /// Refuses a list that is longer than the contract allows.
    pub(crate) fn bound(&mut self, length: usize, most: usize) -> wasmtime::Result<()> {
        self.usage.hostcalls += 1;
        if length <= most {
            return Ok(());
        }
        let sentence = format!("it asked about {length} elements at once; {most} are allowed");
        Err(self.stop(CallClass::Reads, sentence))
    }
}

impl ResourceLimiter for CallState {
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
        self.usage.memory_peak = self.usage.memory_peak.max(desired);
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
        64
    }

    fn tables(&self) -> usize {
        8
    }

    fn memories(&self) -> usize {
        2
    }
}

/// The bytes that a row takes on its way into a module, near enough to limit and to compare by.
pub(crate) fn weight(row: &Account) -> usize {
    let attributes: usize = row.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    let requests: usize = row.requests.iter().map(|r| r.id.len() + r.action.len()).sum();
    let error = row.error.as_ref().map_or(0, |error| error.code.len() + error.text.len());
    160 + row.name.len() + row.state.len() + attributes + requests + error
}
