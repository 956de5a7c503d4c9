//! The imports of world `lifecycle`, one file per interface of `wit/lifecycle`.
//!
//! Reads go to the port `World` and are awaited; writes are collected and answered at once. A read that the host cannot
//! answer ends the call, since the same event is given again; a write that cannot be is answered with a denial.

mod accounts;
mod agents;
mod policy;
mod sources;
mod surroundings;

use host_core::BATCH_MAX;
use host_core::unit::collect::Denial;

use crate::bindings::lifecycle::swingbridge::lifecycle::types;

impl types::Host for crate::state::CallState {}

/// Answers a write's outcome to the module.
fn answer(outcome: Result<(), Denial>) -> Result<(), types::Denial> {
    outcome.map_err(|denial| types::Denial { name: denial.name, reason: denial.reason })
}

/// What could not be understood, as a denial.
fn misunderstood(reason: String) -> types::Denial {
    types::Denial { name: String::new(), reason }
}

/// A page's limit, held to what one answer may have.
fn page(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(BATCH_MAX).clamp(1, BATCH_MAX)
}
