//! The unit of work: what one guest call changes, applied in one transaction or not at all.
//!
//! Three steps, each pure: a module's writes are checked and collected while it runs ([`collect`]), then written out as
//! rows with everything that the host adds (revisions, generations, journal, holdings, request items: [`assemble`]); a
//! [`Unit`] is the result, and applying it is the store's.

pub mod assemble;
pub mod collect;

use crate::account::{Account, Change, Failure, NewAccount, Removal};
use crate::clock::Millis;
use crate::definition::Definition;
use crate::holding::Holding;
use crate::journal::JournalEntry;
use crate::operation::{Operation, OperationKind, OperationState, Sight};
use crate::request::ItemOutcome;
use crate::secret::Secret;

/// An operation that a module asks for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Submission {
    /// Its id, given by the host when it was collected.
    pub id: String,
    /// The account.
    pub account: String,
    /// The row's revision that was read; absent: there is no row.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account_revision: Option<u64>,
    /// The agent.
    pub agent: String,
    /// Its instance.
    pub instance: String,
    /// The holding's revision that was read; absent: nothing was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holding_revision: Option<u64>,
    /// What is asked.
    pub kind: OperationKind,
    /// Not to be sent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Millis>,
    /// By when an answer is expected.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Millis>,
    /// The request behind it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// The module's own, at most [`collect::CONTEXT_MAX`] bytes.
    pub context: String,
}

/// What a module asked for in one call, checked.
#[derive(Debug, Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Writes {
    /// Rows that are to be.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub inserts: Vec<NewAccount>,
    /// Rows that change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<Change>,
    /// Rows that end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removals: Vec<Removal>,
    /// Operations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub submissions: Vec<Submission>,
}

impl Writes {
    /// Whether nothing was asked for.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty()
            && self.changes.is_empty()
            && self.removals.is_empty()
            && self.submissions.is_empty()
    }
}

/// A row to be inserted, with its definition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowInsert {
    /// The row as it will be.
    pub account: Account,
    /// Its definition.
    pub definition: Definition,
    /// Where the definition came from: `clouddriver.accounts`, a file, `api`, or `agent`.
    pub source: String,
    /// The handle of the source's definition, to see drift by. Empty if there is no source.
    pub source_fingerprint: String,
}

/// A row to be updated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowUpdate {
    /// The revision that it must still have.
    pub expected: u64,
    /// The row as it will be, the revision one higher.
    pub account: Account,
    /// Its definition, if that changes.
    pub definition: Option<Definition>,
}

/// A row to be removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowRemoval {
    /// The key.
    pub name: String,
    /// The revision that it must still have.
    pub expected: u64,
}

/// A holding to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingWrite {
    /// The revision that it must still have; absent: there must be none.
    pub expected: Option<u64>,
    /// The holding as it will be, the revision one higher.
    pub holding: Holding,
}

/// An operation that ends with the unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationEnd {
    /// The operation.
    pub id: String,
    /// What was asked.
    pub kind: OperationKind,
    /// How.
    pub state: OperationState,
    /// Why, if it was refused.
    pub failure: Option<Failure>,
    /// What was seen, if it was a check.
    pub sight: Option<Sight>,
}

/// A name's count of generations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenerationWrite {
    /// The name.
    pub name: String,
    /// The count that it must still have; absent: there must be none.
    pub expected: Option<u64>,
    /// The count after the unit.
    pub generation: u64,
    /// The revision at which the row of this name is removed, if it is.
    pub removed_at: Option<u64>,
}

/// What becomes of one item of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemWrite {
    /// The request.
    pub request: String,
    /// The account.
    pub name: String,
    /// How it stands.
    pub outcome: ItemOutcome,
    /// The state of the account after the unit; absent: no row.
    pub state: Option<String>,
}

/// A secret to be kept, for an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretWrite {
    /// The reference that stands in the definition.
    pub reference: String,
    /// The account that it belongs to.
    pub account: String,
    /// The value.
    pub value: Secret,
}

/// What a unit was decided under, beside its rows. The store holds it in the unit's first statement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fences {
    /// A lease and its fencing number: it has had no other holder since.
    pub lease: Option<(String, u64)>,
    /// An agent and its session: it has not been heard on a newer one since.
    pub session: Option<(String, String)>,
}

/// Everything that one call changes. Applied in one transaction, tables in a fixed order, rows by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Unit {
    /// The call's id (ULID), by which a lost answer to COMMIT is settled.
    pub call: String,
    /// When.
    pub at: Millis,
    /// The slot generation that the module served at.
    pub slot_generation: u64,
    /// What must still be so, or nothing of the unit is applied.
    pub fences: Fences,
    /// Rows that are to be.
    pub inserts: Vec<RowInsert>,
    /// Rows that change.
    pub updates: Vec<RowUpdate>,
    /// Rows that end.
    pub removals: Vec<RowRemoval>,
    /// What is known of agents and accounts.
    pub holdings: Vec<HoldingWrite>,
    /// New operations.
    pub operations: Vec<Operation>,
    /// Operations that end.
    pub ended: Vec<OperationEnd>,
    /// Counts of generations.
    pub generations: Vec<GenerationWrite>,
    /// The journal.
    pub journal: Vec<JournalEntry>,
    /// Items of requests that begin with this unit.
    pub new_items: Vec<ItemWrite>,
    /// Items of earlier requests that end with it.
    pub finished_items: Vec<ItemWrite>,
    /// Secrets to be kept.
    pub secrets: Vec<SecretWrite>,
    /// References of this bridge that no definition holds any more. Those of accounts that end are not among them: they
    /// go with the row.
    pub dropped_secrets: Vec<String>,
}

impl Unit {
    /// Whether there is nothing to apply, so that no transaction is opened.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.inserts.is_empty()
            && self.updates.is_empty()
            && self.removals.is_empty()
            && self.holdings.is_empty()
            && self.operations.is_empty()
            && self.ended.is_empty()
            && self.new_items.is_empty()
            && self.finished_items.is_empty()
    }

    /// The agents that have something new to be sent.
    #[must_use]
    pub fn agents_to_wake(&self) -> Vec<&str> {
        let mut agents: Vec<&str> = self.operations.iter().map(|o| o.agent.as_str()).collect();
        agents.sort_unstable();
        agents.dedup();
        agents
    }

    /// The earliest time at which something of this unit is due by the clock.
    #[must_use]
    pub fn next_due(&self) -> Option<Millis> {
        let rows = self.updates.iter().map(|u| &u.account);
        rows.chain(self.inserts.iter().map(|i| &i.account)).filter_map(|a| a.due_at).min()
    }
}
