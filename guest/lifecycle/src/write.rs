//! What is decided: the writes that a driver carries out.

use crate::account::{Attributes, Definition, Failure, Identity, Millis, OpenRequest};
use crate::agent::OperationKind;
use crate::event::Outcome;
use crate::state::State;
use crate::table::Trigger;

/// One move along an edge of the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// What happened.
    pub on: Trigger,
    /// Where it leads; absent: the row is removed.
    pub to: Option<State>,
    /// A sentence for the journal.
    pub reason: String,
}

/// What may be set on a row. Written whole.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields {
    /// See [`crate::Account::zone`].
    pub zone: Option<String>,
    /// See [`crate::Account::identity`].
    pub identity: Option<Identity>,
    /// See [`crate::Account::failed_count`].
    pub failed_count: u32,
    /// See [`crate::Account::error`].
    pub error: Option<Failure>,
    /// See [`crate::Account::due_at`].
    pub due_at: Option<Millis>,
    /// See [`crate::Account::attributes`].
    pub attributes: Attributes,
}

/// How an open request ends for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// As asked.
    Done,
    /// It did not work.
    Failed(Failure),
    /// A later instruction took its place.
    Superseded,
}

/// An open request that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The request.
    pub request: String,
    /// How.
    pub finish: Finish,
}

/// Where a new row's definition comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// A source's account, with overrides laid over it.
    Source {
        /// What the source says.
        definition: Definition,
        /// What the request adds.
        overrides: Option<Definition>,
    },
    /// The request brought it.
    Given(Definition),
    /// The configuration of this agent: a static row.
    Declared(String),
}

/// What becomes of a row's definition.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum DefinitionChange {
    /// Nothing.
    #[default]
    Keep,
    /// An update is laid over it.
    Merge(Definition),
    /// The overrides of an activation are laid over it.
    Override(Definition),
}

/// A row that is to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewAccount {
    /// The key.
    pub name: String,
    /// Its steps; the first comes from no row.
    pub steps: Vec<Step>,
    /// Its fields.
    pub fields: Fields,
    /// Its definition.
    pub origin: Origin,
    /// The request that waits for it.
    pub open: Option<OpenRequest>,
}

/// A change of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The key.
    pub name: String,
    /// The revision that was read.
    pub revision: u64,
    /// Edges taken; empty: only fields change.
    pub steps: Vec<Step>,
    /// The fields after it.
    pub fields: Fields,
    /// The definition after it.
    pub definition: DefinitionChange,
    /// The request that now waits for the row.
    pub open: Option<OpenRequest>,
    /// Requests that end.
    pub finished: Vec<Finished>,
}

/// The end of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removal {
    /// The key.
    pub name: String,
    /// The revision that was read.
    pub revision: u64,
    /// Edges taken; the last leads nowhere.
    pub steps: Vec<Step>,
    /// Requests that end.
    pub finished: Vec<Finished>,
}

/// An operation for an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submission {
    /// The account.
    pub account: String,
    /// The row's revision that was read; absent: there is no row.
    pub account_revision: Option<u64>,
    /// The agent.
    pub agent: String,
    /// Its instance.
    pub instance: String,
    /// The holding's revision that was read; absent: nothing was known.
    pub holding_revision: Option<u64>,
    /// What is asked.
    pub kind: OperationKind,
    /// Not to be sent before.
    pub not_before: Option<Millis>,
    /// By when an answer is expected.
    pub deadline: Option<Millis>,
    /// The request behind it.
    pub parent: Option<String>,
}

/// Everything that one event leads to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decisions {
    /// For a request: one per item, in their order.
    pub outcomes: Vec<Outcome>,
    /// Rows that are to be.
    pub inserts: Vec<NewAccount>,
    /// Rows that change.
    pub changes: Vec<Change>,
    /// Rows that end.
    pub removals: Vec<Removal>,
    /// Operations.
    pub submissions: Vec<Submission>,
}
