//! What a store carries during one call: the world, what was collected, and what was used.

use std::sync::Arc;

use host_core::account::Account;
use host_core::description::Description;
use host_core::error::{CallClass, CallError};
use host_core::port::world::World;
use host_core::unit::collect::Collector;

use crate::limits::Limits;
use crate::meter::Meter;
use crate::store::Metered;

/// The data of a store.
pub(crate) struct CallState {
    pub(crate) world: Arc<dyn World>,
    pub(crate) collector: Collector,
    pub(crate) usage: Usage,
    pub(crate) log: LogBudget,
    pub(crate) meter: Meter,
}

impl Metered for CallState {
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }
}

/// What a call has used so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Usage {
    pub(crate) hostcalls: u64,
    pub(crate) rows: usize,
    pub(crate) bytes_in: usize,
    pub(crate) bytes_out: usize,
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
            meter: Meter::new(limits),
        }
    }

    /// Ends the call: the sentence is for the operator, the trap for the guest.
    pub(crate) fn stop(
        &mut self,
        class: CallClass,
        sentence: impl Into<String>,
    ) -> wasmtime::Error {
        self.meter.stop(class, sentence)
    }

    /// A read could not be answered: the host's error ends the call.
    pub(crate) fn host(&mut self, error: CallError) -> wasmtime::Error {
        let trap = wasmtime::Error::msg(error.sentence.clone());
        self.meter.stopped.get_or_insert(error);
        trap
    }

    /// Counts a read: so many rows, so many bytes.
    pub(crate) fn read(&mut self, rows: usize, bytes: usize) -> wasmtime::Result<()> {
        self.usage.rows += rows;
        self.usage.bytes_in += bytes;
        if self.usage.rows > self.meter.limits.read_rows {
            let limit = self.meter.limits.read_rows;
            return Err(self.stop(CallClass::Reads, format!("it read more than {limit} rows")));
        }
        if self.usage.bytes_in > self.meter.limits.read_bytes {
            let limit = self.meter.limits.read_bytes;
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

/// The bytes that a row takes on its way into a module, near enough to limit and to compare by.
pub(crate) fn weight(row: &Account) -> usize {
    let attributes: usize = row.attributes.iter().map(|(key, value)| key.len() + value.len()).sum();
    let requests: usize = row.requests.iter().map(|r| r.id.len() + r.action.len()).sum();
    let error = row.error.as_ref().map_or(0, |error| error.code.len() + error.text.len());
    160 + row.name.len() + row.state.len() + attributes + requests + error
}
