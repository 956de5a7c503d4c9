//! The WIT contracts as Rust types, generated from `wit/`.

pub(crate) mod lifecycle;
pub(crate) mod policy;
