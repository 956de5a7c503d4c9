//! The life of an account as a pure library: states, edges, decisions.
//!
//! What the built-in module knows is here; how it is reached (a component's imports, a native adapter, a test) is not.
//! Nothing does I/O, reads a clock or draws a number: an [`Event`] and a [`Snapshot`] go in, [`Decisions`] come out.
//! If something is missing on the way, the answer is [`Questions`], all at once, and the driver calls again:
//!
//! 1. [`reads`] says which rows, holdings and source accounts an event needs.
//! 2. [`decide()`] either asks ([`Questions`]: agents of zones, the policies) or decides.
//! 3. The driver carries the [`Decisions`] out: rows first, then submissions.
//!
//! The words are those of `wit/lifecycle`, written a second time: this crate shares nothing with the bridge. The rules
//! that are named by number in the code are those of `spec/lifecycle.md`.

mod account;
mod agent;
mod case;
mod checks;
mod decide;
mod describe;
mod event;
mod finish;
mod happened;
mod memory;
mod parties;
mod question;
mod rebind;
mod reconcile;
mod request;
mod rules;
mod settings;
mod settle;
mod snapshot;
mod state;
mod statics;
mod table;
mod tries;
mod write;
mod zones;

pub use account::{Account, Attributes, Definition, Failure, Identity, Millis, OpenRequest};
pub use agent::{Agent, Holding, Observed, OperationKind, Presence, Refusal, Unanswered};
pub use decide::{Reads, decide, decide_by, reads};
pub use describe::{DATA_VERSION, NAME, SETTINGS_SCHEMA, TAKES_OVER, VERSION};
pub use event::{Action, AgentEvent, Answer, Event, Item, Outcome, Refused, Request};
pub use question::{Answers, Backoff, FailedTry, Placement, Questions, Subject, Verdict, Zones};
pub use rules::Rules;
pub use settings::Settings;
pub use snapshot::{Snapshot, SourceAccount};
pub use state::{Holder, Kind, State};
pub use table::{Edge, TABLE, Trigger};
pub use write::{
    Change, Decisions, DefinitionChange, Fields, Finish, Finished, NewAccount, Origin, Removal,
    Step, Submission,
};

#[cfg(test)]
mod tests;
