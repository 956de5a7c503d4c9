//! The HTTP API: what people and scripts call.
//!
//! [`router()`] is the table of contents: one line per path. A handler reads a request into the words of `host-core`,
//! hands it to the [`Intake`](host_control::intake::Intake) or reads from the ports, and writes the answer; it decides
//! nothing about an account. The work of a request is done by tasks of the intake: a client that hangs up ends its own
//! wait and nothing else.
//!
//! Nothing here knows about databases, agents' streams, or modules.

mod accounts;
mod agent_answers;
mod agents;
mod answer;
mod body;
mod caller;
mod clouddrivers;
mod events;
mod fields;
mod health;
mod metrics;
mod names;
mod openapi;
mod operation_events;
mod operation_history;
mod operations;
mod paging;
mod params;
mod problem;
mod records;
mod refusal;
mod replicas;
mod router;
mod state;
mod streams;
mod wait;
mod who;

#[cfg(test)]
mod tests;

pub use replicas::HttpPeers;
pub use router::router;
pub use state::{ApiOptions, ApiState, BODY_LIMIT_DEFAULT, Meters};
