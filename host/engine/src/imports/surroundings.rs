//! `settings`, `clock`, `ids` and `log`: what needs no waiting.

use host_core::BATCH_MAX;
use host_core::record::LogLevel;

use crate::bindings::lifecycle::swingbridge::lifecycle::{clock, ids, log, settings};
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
        let level = match level {
            log::Level::Debug => LogLevel::Debug,
            log::Level::Info => LogLevel::Info,
            log::Level::Warn => LogLevel::Warn,
            log::Level::Error => LogLevel::Error,
        };
        self.world.log(level, message);
        Ok(())
    }
}
