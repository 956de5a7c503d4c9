//! Decisions over time, against ports only: intake, comings and goings of agents, dispatch, timers.
//!
//! What an account may do is the module's to say; what is here makes sure that it is asked: with every request
//! ([`intake`]), with every word of an agent (`agents`), and when time has passed (`timers`). Each asks through `units`,
//! the one place where a call becomes a unit of work and is applied. What is committed is sent by `dispatch`, and told
//! to other replicas by `rings`; what only one replica may do is done by the `keeper`.
//!
//! Nothing here knows SQL, gRPC, WebAssembly or HTTP.

mod agents;
mod batches;
mod beside;
mod bridge;
mod chain;
mod counts;
mod dispatch;
pub mod explain;
mod feed;
mod goodbyes;
mod heard;
mod housekeeping;
pub mod intake;
mod keeper;
mod lessons;
mod presence;
mod recorder;
mod recording;
mod registry;
mod replicas;
mod requests;
mod rings;
mod slot;
mod timers;
mod units;
mod waiters;
mod world;

pub use bridge::{Bridge, Ports, Tuning};
pub use chain::{Chain, ChainPorts, Member};
pub use counts::{Counter, Counts, Labels};
pub use feed::{Feed, Filter, Heard, ListenError, Listener};
pub use recorder::{RecordRing, packed, unpacked, unpacked_aside};
pub use slot::FixedSlot;
