//! Other people's servers in tests: processes and folders that are gone when the test process is gone, however it ends,
//! and ports that stay theirs while they are down.
//!
//! `tests/databases` and `tests/clusters` stand on it. It knows no server.

mod guarded;
mod port;
mod scratch;

pub use guarded::{Guarded, Owner};
pub use port::Port;
pub use scratch::Scratch;
