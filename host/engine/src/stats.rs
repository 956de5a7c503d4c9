//! How a module's calls have ended, counted since it was loaded.

use std::sync::atomic::{AtomicU64, Ordering};

use host_core::error::{CallClass, CallError};

/// How they ended.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    ended: AtomicU64,
    stopped: [AtomicU64; 12],
}

impl Stats {
    const CLASSES: [CallClass; 12] = [
        CallClass::Trap,
        CallClass::Deadline,
        CallClass::Memory,
        CallClass::Table,
        CallClass::Stack,
        CallClass::HostcallBytes,
        CallClass::Reads,
        CallClass::Writes,
        CallClass::Denied,
        CallClass::Contract,
        CallClass::Overload,
        CallClass::Host,
    ];

    pub(crate) fn count<T>(&self, result: &Result<T, CallError>) {
        let counter = match result {
            Ok(_) => &self.ended,
            Err(error) => {
                let place = Self::CLASSES.iter().position(|class| *class == error.class);
                &self.stopped[place.unwrap_or(0)]
            }
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// How many ended well, and how many were stopped, by the word of the class.
    pub(crate) fn ended(&self) -> (u64, Vec<(&'static str, u64)>) {
        let stopped = Self::CLASSES.iter().zip(&self.stopped);
        let stopped = stopped.map(|(class, n)| (class.as_str(), n.load(Ordering::Relaxed)));
        (self.ended.load(Ordering::Relaxed), stopped.collect())
    }
}
