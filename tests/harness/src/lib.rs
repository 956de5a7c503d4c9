//! What tests stand on: a bridge in this process or as a process of its own, agents, and a clock that moves when told.
//!
//! A library like any other, so that the integration tests, the benchmarks and whoever tries something by hand start
//! bridges alike. Nobody sleeps: what takes time waits for a fact.

mod agent;
mod api;
mod apiserver;
mod bridge;
mod cable;
mod child;
mod clock;
mod cost;
mod data;
mod ids;
mod native;
mod process;

pub use agent::{AgentClock, TestAgent};
pub use api::{Answer, Api};
pub use apiserver::{ApiServer, Authority, Habit, Rights};
pub use bridge::{TestBridge, TestBridgeOptions};
pub use cable::Cable;
pub use clock::ManualClock;
pub use cost::Cost;
pub use data::{CLOUDDRIVER_ROWS, CLOUDDRIVER_ROWS_WITH_BAD, clouddriver_database, clouddriver_on};
pub use ids::SeededIds;
pub use native::{NATIVE_DIGEST, NativeLifecycle};
pub use process::{AgentProcess, BridgeProcess, ProcessOptions, swingbridge};
pub use tests_databases::{Cell, CommitFate, DatabaseServer, Disk, Kind, Proxy, TestDatabase};
