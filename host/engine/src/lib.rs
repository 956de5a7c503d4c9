//! The only crate that has heard of WebAssembly: loads, checks, limits and calls modules.
//!
//! One [`Engine`] a process. A component becomes a [`Module`] by [`Module::load`], or a [`PolicyModule`]: its bytes, its
//! contract and its description are checked before anything may call it. They implement the ports `Lifecycle` and
//! `Policy`: each call runs in a fresh instance, under limits that belong to the module, and leaves nothing behind but
//! what it asked for.
//!
//! Read in this order: [`limits`], `engine.rs`, `component.rs`, `module.rs`, `call.rs`, `policy.rs`; the folder `imports`
//! has one file per interface of `wit/lifecycle`. Nothing here knows a database, an agent or HTTP: what a module reads comes through the port
//! `World`.

mod anatomy;
mod bindings;
mod call;
mod component;
mod contract;
mod convert;
mod engine;
mod imports;
mod inspect;
pub mod limits;
mod meter;
mod module;
mod policy;
mod profile;
mod state;
mod stats;
mod stop;
mod store;
mod warm;

pub use anatomy::Anatomy;
pub use call::CallReport;
pub use component::digest;
pub use engine::{Engine, EngineError, EngineOptions};
pub use inspect::{GATES, Inspection, Kind, inspect};
pub use limits::Limits;
pub use module::{LoadError, Module};
pub use policy::{PolicyDescription, PolicyModule, WarmPolicy};
pub use profile::Profile;
pub use warm::Warm;
