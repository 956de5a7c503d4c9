//! Where rows live: the only crate that has heard of SQL.
//!
//! [`Store::open`] is the way in; everything else is reached through the ports of [`host_core::port::store`] and
//! [`host_core::port::vault`]. What happens to a statement, in the order of the files: `sql` and `tables` hold its text
//! and columns, `setwise` and `statement` put it together, `dialect` runs it, `store` sees to it that no caller ever
//! drops it half way.

mod apply;
mod clouddriver;
pub mod dialect;
mod events;
pub mod example;
mod figures;
mod housekeeping;
mod idempotency;
mod key;
mod memory;
mod migrate;
mod open;
mod outbox;
mod plan;
mod recordings;
mod records;
mod replicas;
mod rows;
mod sealer;
mod setwise;
mod slots;
mod sql;
mod statement;
mod store;
mod tables;
mod value;
mod vault;

pub use clouddriver::ClouddriverTable;
pub use key::{KeyError, KeySource};
pub use open::{OpenError, OpenOptions};
pub use store::{Statements, Store};

#[cfg(test)]
mod tests;
