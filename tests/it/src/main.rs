//! The integration tests: one binary, so that what they share is linked once.
#![expect(
    clippy::large_enum_variant,
    clippy::unwrap_used,
    clippy::wildcard_enum_match_arm,
    reason = "this binary is nothing but tests: what fails here fails one of them"
)]

#[macro_use]
mod kinds;

mod chaos;
mod clouddriver;
mod clusters;
mod command_line;
mod cost;
mod crash;
mod engine;
mod engine_policies;
mod floors;
mod full_disk;
mod generated;
mod kubernetes;
mod link;
mod model;
mod replicas;
mod road;
mod shell;
mod store;
mod tidy;
mod trial;
