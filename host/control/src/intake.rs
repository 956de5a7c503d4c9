//! The door for requests: what the HTTP API hands in, and what it gets back.
//!
//! It knows nothing of HTTP. Whoever stands behind it works in tasks of its own: a caller that stops waiting cancels
//! nothing that it has asked for.

use std::fmt::Debug;

use async_trait::async_trait;
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::event::{Action, Refused};
use host_core::once::Once;
use host_core::port::replicas::{Replica, Ring};
use host_core::request::{RequestItem, RequestRow};
use thiserror::Error;

/// One account of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AskedItem {
    /// The account; checked by [`host_core::name::check`], and named once in a request.
    pub name: String,
    /// The zone that is asked for.
    pub zone: Option<String>,
    /// The definition, the change or the overrides, secrets still in clear.
    pub definition: Option<Definition>,
    /// See [`host_core::event::Item::attributes`].
    pub attributes: Vec<(String, String)>,
}

/// A request, checked as far as that needs no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Who asks.
    pub who: String,
    /// What is asked for which accounts. More than one group where one call asks different things of different accounts
    /// (a PATCH with both states): it still is one request, with one handle.
    pub groups: Vec<(Action, Vec<AskedItem>)>,
    /// Items refused before anyone was asked, with the name to show.
    pub refused: Vec<(String, Refused)>,
    /// The caller's key, if it gave one: asked again with it, the request is the one that was begun before.
    pub once: Option<Once>,
}

impl Asked {
    /// How many accounts it names.
    #[must_use]
    pub fn total(&self) -> usize {
        self.refused.len() + self.groups.iter().map(|(_, items)| items.len()).sum::<usize>()
    }
}

/// What is left in the caller's hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handle {
    /// The request; its id is the one in `/operations/{id}`.
    pub request: RequestRow,
    /// Every item as it stands after the commits, the refused ones included. Fewer than the request has, while a request
    /// that was asked before still is being begun.
    pub items: Vec<RequestItem>,
}

/// Why a request could not be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AskError {
    /// Nothing was begun: the database does not answer.
    #[error("{0}")]
    Unavailable(String),
    /// Nothing was begun: no module serves just now.
    #[error("{0}")]
    Paused(String),
    /// Nothing was begun: the caller's key stands for something else.
    #[error("the key was used for another request within the last day")]
    OtherUse,
    /// It was begun, and what became of some of its items is not known (`spec/database.md`, "A unit of work").
    #[error("{reason}")]
    Interrupted {
        /// The request's id.
        request: String,
        /// What happened.
        reason: String,
    },
}

/// Whether this replica can do its work.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Readiness {
    /// It can.
    pub ready: bool,
    /// Why it cannot, in sentences.
    pub reasons: Vec<String>,
}

/// Takes requests in.
#[async_trait]
pub trait Intake: Send + Sync + Debug {
    /// Returns when every batch is committed (not when agents have answered).
    ///
    /// # Errors
    /// [`AskError`].
    async fn ask(&self, asked: Asked) -> Result<Handle, AskError>;

    /// The request that was begun with a key, and how it stands; nothing if none was.
    ///
    /// # Errors
    /// [`AskError::Unavailable`], [`AskError::OtherUse`].
    async fn asked_before(&self, once: &Once) -> Result<Option<Handle>, AskError>;

    /// Returns when the request has no pending item, or at `until`: the items as they stand.
    ///
    /// # Errors
    /// [`AskError::Unavailable`].
    async fn wait(&self, id: &str, until: Millis) -> Result<Vec<RequestItem>, AskError>;

    /// Returns when the items of a request are no longer the ones that are known, or at `until`: the items as they stand.
    ///
    /// # Errors
    /// [`AskError::Unavailable`], also when the bridge stops.
    async fn moved(
        &self,
        id: &str,
        known: &[RequestItem],
        until: Millis,
    ) -> Result<Vec<RequestItem>, AskError>;

    /// Ends an agent's stream, to this replica or another one. Answers whether it had one.
    async fn disconnect_agent(&self, agent: &str) -> bool;

    /// Another replica has committed something.
    async fn rung(&self, ring: Ring);

    /// Every replica of the bridge, this one included, by id.
    ///
    /// # Errors
    /// [`AskError::Unavailable`].
    async fn replicas(&self) -> Result<Vec<Replica>, AskError>;

    /// Whether this replica can do its work.
    fn readiness(&self) -> Readiness;
}
