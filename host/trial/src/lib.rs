//! The scripted world (`spec/trial.md`): the ports of the bridge in memory, for trials of a module and for tests.
//!
//! [`MemoryStore`] keeps everything that a database keeps, by the same rules: a unit applies whole or not at all, rows
//! are compared and swapped, a call applies once, fences hold. [`MemoryLink`] is the bridge's end of the agent link
//! without a wire, and [`ScriptedAgent`] an agent that says only what it is told to say. Nothing here reads a clock or
//! draws a number, and everything is kept in order, so that the same steps always give the same run.
//!
//! What it does not know: SQL, gRPC, WebAssembly, HTTP, and who uses it.

mod agent;
mod link;
mod store;
pub mod tables;

pub use agent::ScriptedAgent;
pub use link::{MemoryLink, Said};
pub use store::MemoryStore;
