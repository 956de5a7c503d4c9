//! The reference agent (`spec/agent-link.md`): it dials the bridge, holds accounts in memory, and says what it sees of
//! their clusters. It knows the bridge only by `proto/`.
//!
//! From the inside out: [`ledger`] remembers what is held and answered and decides about operations, purely; [`desk`]
//! has the work done; [`conversation`] talks on one stream; [`Agent`] keeps a stream open. Clusters are reached through
//! [`Clusters`], of which [`Simulated`] is one kind, and time and chance through [`Surroundings`].

mod agent;
mod backoff;
mod clusters;
mod conversation;
mod definition;
mod desk;
mod dial;
mod lanes;
pub mod ledger;
mod options;
mod register;
mod simulated;
mod surroundings;
#[cfg(test)]
mod testing;
mod words;

pub use agent::{Agent, AgentError, Status};
pub use clusters::{Account, Change, Clusters, Code, Identity, Refusal, Seen};
pub use definition::Definition;
pub use lanes::Lanes;
pub use options::{AgentOptions, BadAgentOptions, ConfiguredAccount};
pub use simulated::{BadScript, Script, Simulated};
pub use surroundings::Surroundings;
