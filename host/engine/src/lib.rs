//! The only crate that has heard of WebAssembly: loads, checks, limits and calls modules.
//!
//! One [`Engine`] a process. A component becomes a [`Module`] by [`Module::load`]: its bytes, its contract and its
//! description are checked before anything may call it. [`Module`] implements the port `Lifecycle`: each call runs in a
//! fresh instance, under limits that belong to the module, and leaves nothing behind but what it asked for.
//!
//! Read in this order: [`limits`], `engine.rs`, `module.rs`, `call.rs`; the folder `imports` has one file per interface
//! of `wit/lifecycle`. Nothing here knows a database, an agent or HTTP: what a module reads comes through the port
//! `World`.

mod bindings;
mod call;
mod contract;
mod convert;
mod engine;
mod imports;
pub mod limits;
mod module;
mod state;
mod stop;

pub use call::CallReport;
pub use engine::{Engine, EngineError, EngineOptions};
pub use limits::Limits;
pub use module::{LoadError, Module};
