//! The simulation: bridges, agents, the database and the clock in one thread, with a schedule from a seed.
//!
//! What runs is real: `host-control`'s bridges, the lifecycle, the ledger of the reference agent, and the conversion of
//! words between them. What is around them is not: the database is `host-trial`'s, the wire is a queue, time stands
//! still until the schedule moves it, and everything that takes time (an action of the database, a message, a look at a
//! cluster) waits until the schedule lets it go on, or fails. Each bridge lives in a runtime of its own, so that it can be
//! driven, left alone for a while, or dropped at whatever it awaits, which is its crash.
//!
//! After every step, what must always be true is asked ([`check`]); when the faults stop, everything has to settle. The
//! same seed gives the same run, to the last word of its trace.
//!
//! Read [`world`] for what there is, [`moves`] for what can happen, [`mutant`] for the faults that are put in on purpose.

pub mod agent;
pub mod calm;
pub mod chance;
pub mod check;
pub mod clock;
pub mod gate;
pub mod ids;
pub mod lifecycle;
pub mod link;
pub mod moves;
pub mod mutant;
pub mod options;
pub mod ports;
pub mod replica;
pub mod requests;
pub mod run;
pub mod trace;
pub mod wire;
pub mod world;
pub mod year;

pub use mutant::Mutant;
pub use options::Options;
pub use run::{Outcome, simulate};
