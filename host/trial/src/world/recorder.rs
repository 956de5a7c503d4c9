//! Keeps every call of a trial, for whoever explains it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::port::recorder::Recorder;
use host_core::record::Record;

/// The calls so far. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Calls(Arc<Mutex<Vec<Record>>>);

impl Calls {
    fn records(&self) -> MutexGuard<'_, Vec<Record>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How many there were.
    #[must_use]
    pub fn len(&self) -> usize {
        self.records().len()
    }

    /// Whether there was none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records().is_empty()
    }

    /// The calls behind the first so many.
    #[must_use]
    pub fn behind(&self, first: usize) -> Vec<Record> {
        self.records().get(first..).unwrap_or_default().to_vec()
    }
}

impl Recorder for Calls {
    fn wants(&self) -> bool {
        true
    }

    fn take(&self, record: Record) {
        self.records().push(record);
    }
}
