//! The bridge's end of the agent link (`spec/agent-link.md`): a gRPC server that keeps one stream per agent.
//!
//! It reads what agents say ([`words`]), puts the parts of a registration together ([`registration`]), keeps the streams
//! that are open ([`registry`]), talks on each of them ([`conversation`]) and puts operations on them ([`link`]). It
//! decides nothing about accounts and stores nothing: what it hears goes to
//! [`AgentEvents`](host_core::port::link::AgentEvents), and what is to be said comes through
//! [`AgentLink`](host_core::port::link::AgentLink). How far a connection is trusted is decided in [`exposure`] alone.

mod conversation;
mod exposure;
mod link;
mod options;
mod reader;
mod registration;
mod registry;
mod seat;
mod server;
mod service;
pub mod words;

pub use options::{BadOptions, Options};
pub use server::{AgentServer, BindError, ServeError};
