//! `settings`, `clock`, `ids` and `log`: what needs no waiting.

use host_core::BATCH_MAX;
use tracing::{debug, error, info, warn};

use crate::bindings::swingbridge::lifecycle::{clock, ids, log, settings};
use crate::state::CallState;

impl settings::Host for CallState {
    fn all(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        self.bound(1, 1)?;
        Ok(self.world.settings())
    }
}

impl clock::Host for CallState {
    fn now(&mut self) -> wasmtime::Result<u64> {
        self.bound(1, 1)?;
        Ok(self.world.now())
    }
}

impl ids::Host for CallState {
    fn next(&mut self, count: u32) -> wasmtime::Result<Vec<String>> {
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        self.bound(count, BATCH_MAX)?;
        Ok((0..count).map(|_| self.world.next_id()).collect())
    }
}

impl log::Host for CallState {
    fn write(&mut self, level: log::Level, message: String) -> wasmtime::Result<()> {
        self.bound(1, 1)?;
        if self.log.lines == 0 || message.len() > self.log.bytes {
            self.usage.log_dropped += 1;
            return Ok(());
        }
        self.log.lines -= 1;
        self.log.bytes -= message.len();
        let message: String =
            message.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        match level {
            log::Level::Debug => debug!(target: "module", "{message}"),
            log::Level::Info => info!(target: "module", "{message}"),
            log::Level::Warn => warn!(target: "module", "{message}"),
            log::Level::Error => error!(target: "module", "{message}"),
        }
        Ok(())
    }
}
