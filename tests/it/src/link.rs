//! The agent link over a real connection: the bridge's end against bare clients, and the reference agent against the
//! bridge's end. What the bridge would decide and store is scripted.

mod agent;
mod alike;
pub(crate) mod clock;
mod clusters;
mod delivery;
pub(crate) mod dialler;
mod liveness;
mod operations;
mod registration;
mod services;
pub(crate) mod station;
mod words;
