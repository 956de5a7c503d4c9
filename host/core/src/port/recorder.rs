//! Who takes the calls that were made.

use crate::record::Record;

/// Takes records of calls. It must return at once, and may drop what it has no room for.
pub trait Recorder: std::fmt::Debug + Send + Sync {
    /// Whether records are wanted now; where not, nothing is copied.
    fn wants(&self) -> bool;

    /// Takes one.
    fn take(&self, record: Record);
}

/// Wants none.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn wants(&self) -> bool {
        false
    }

    fn take(&self, _record: Record) {}
}
