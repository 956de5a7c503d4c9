//! The promises of the lifecycle, tested against a world of one account and a few agents.

mod agents;
mod checks;
mod conflicts;
mod grid;
mod rebind;
mod requests;
mod shape;
mod statics;
mod tries;
mod world;
