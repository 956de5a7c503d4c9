//! The words of the bridge: accounts, events, units of work, and the ports through which everything else is reached.
//!
//! Nothing here does I/O, starts a task or reads a clock, and no type of a library stands in a port. Whoever wants to
//! know what the bridge is made of reads the modules in this order: [`account`], [`holding`], [`event`], [`mod@unit`], then
//! [`port`].

pub mod account;
pub mod agent;
pub mod clock;
pub mod definition;
pub mod description;
pub mod error;
pub mod event;
pub mod holding;
pub mod id;
pub mod journal;
pub mod knowledge;
pub mod name;
pub mod once;
pub mod operation;
pub mod policy;
pub mod port;
pub mod record;
pub mod request;
pub mod secret;
pub mod settings;
pub mod source;
pub mod unit;
pub mod version;

/// The largest batch of accounts that one guest call, one statement or one read is given.
///
/// `reference` for the number: list lengths of statements are 1, 16, 128 or 500 (`spec/database.md`).
pub const BATCH_MAX: usize = 500;
