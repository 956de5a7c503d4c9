//! The ports: what the decisions of the bridge need from elsewhere, as traits over our own words.
//!
//! Adapters implement them (the store, the agent link, the engine, the readers of Clouddriver); the binary puts them
//! together. No type of a library stands in one: a test reads these files and says so if one does.

pub mod events;
pub mod failpoints;
pub mod figures;
pub mod housekeeping;
pub mod idempotency;
pub mod ids;
pub mod lifecycle;
pub mod link;
pub mod policy;
pub mod recorder;
pub mod recordings;
pub mod replicas;
pub mod slots;
pub mod sources;
pub mod store;
pub mod time;
pub mod vault;
pub mod world;
