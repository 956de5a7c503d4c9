//! The integration tests: one binary, so that what they share is linked once.

mod clouddriver;
mod command_line;
mod floors;
mod generated;
mod link;
mod model;
mod store;
mod tidy;
mod cost;
mod engine;
mod road;
