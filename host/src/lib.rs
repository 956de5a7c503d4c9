//! The bridge put together: every room at its port, served over HTTP and gRPC until it is told to stop.
//!
//! The binary and the tests both start bridges through [`Running::start`], so that what is tested is what runs. Where
//! time and ids come from is the starter's to say: [`SystemClock`] and [`SystemIds`] are those of a real machine.
//!
//! Beside it stands what the command line does for people who write policies: [`project`].

mod allocator;
mod compose;
mod lifecycle_slot;
mod machine;
mod mortal;
pub mod project;

pub use compose::{BridgeOptions, Running, StartError};
pub use lifecycle_slot::SlotError;
pub use machine::{SystemClock, SystemIds};

/// The lifecycle module that the binary carries, built from `guest/component`.
pub static LIFECYCLE: &[u8] = include_bytes!(env!("SWINGBRIDGE_LIFECYCLE"));
