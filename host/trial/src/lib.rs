//! The scripted world (`spec/trial.md`): trials of a module on a laptop, without a server, a cluster or a network.
//!
//! [`MemoryStore`] keeps everything that a database keeps, by the same rules: a unit applies whole or not at all, rows
//! are compared and swapped, a call applies once, fences hold. [`world::World`] puts the real bridge into it, with its
//! real HTTP API, scripted agents, sources and policies, and a clock that moves only when told; [`scenario`] reads what
//! people write and holds the world against it. Nothing here reads the machine's clock or draws a number of its own, and
//! everything is kept in order, so that the same steps always give the same run.
//!
//! What it does not know: SQL, gRPC, sockets, the command line.

pub mod bench;
mod kit;
pub mod replay;
pub mod report;
pub mod scenario;
mod store;
pub mod suite;
pub mod tables;
pub mod world;
pub mod yaml;

pub use kit::{Kit, Modules};
pub use store::MemoryStore;
