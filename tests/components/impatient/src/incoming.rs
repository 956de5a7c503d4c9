//! What comes in, as in the built-in module; of the retry policy's answers it hears only one.

#[allow(dead_code, reason = "one of them is answered here")]
#[path = "../../../../guest/component/src/incoming.rs"]
mod original;

use guest_lifecycle::Backoff;

pub(crate) use self::original::*;
use crate::bindings::policy;

/// Never again.
pub(crate) fn backoff(_: &policy::Backoff) -> Backoff {
    Backoff::GiveUp
}
