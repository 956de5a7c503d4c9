//! What the bridge reads of a Clouddriver: its accounts, in its own notation.
//!
//! Knows what an account looks like where Clouddriver stores it, and how its secrets are written; not how a table is
//! read, which is the store's.

mod body;
mod secrets;
mod sources;

pub use secrets::Engines;
pub use sources::{ClouddriverSources, SOURCE};

#[cfg(test)]
mod tests;
