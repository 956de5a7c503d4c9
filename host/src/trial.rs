//! Work on modules without a bridge: what `test`, `run`, `replay`, `bench` and `inspect` share.

pub(crate) use host::LIFECYCLE;

pub(crate) mod modules;
pub(crate) mod paths;
