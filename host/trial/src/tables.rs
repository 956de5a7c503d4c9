//! The tables of a [`MemoryStore`](crate::MemoryStore), as they stand between two units of work.
//!
//! They are open for reading, so that a test can ask of the whole database what no port tells, and for writing, so that
//! a scenario can begin in the middle of a life.

use std::collections::{BTreeMap, BTreeSet};

use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::holding::Holding;
use host_core::journal::JournalEntry;
use host_core::operation::{Operation, OperationState};
use host_core::port::recordings::KeptRecord;
use host_core::port::replicas::{Lease, Replica};
use host_core::port::slots::Serving;
use host_core::port::store::NameRow;
use host_core::request::{RequestItem, RequestRow};
use host_core::secret::Secret;

/// An account's row with what stands beside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRow {
    /// The row; its generation is that of [`Tables::names`].
    pub account: Account,
    /// Its definition, references in the place of secrets.
    pub definition: Definition,
    /// Where the definition came from.
    pub source: String,
    /// The handle of the source's definition; empty without a source.
    pub source_fingerprint: String,
    /// When the row last changed.
    pub last_updated: Millis,
}

/// An operation with the session that it was handed to last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OperationRow {
    /// The operation.
    pub operation: Operation,
    /// The session; absent: nobody was handed it yet.
    pub session: Option<String>,
}

/// A secret and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRow {
    /// The account.
    pub account: String,
    /// The value.
    pub value: Secret,
}

/// What serves in a slot, and which program brought it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlotRow {
    /// What serves.
    pub serving: Serving,
    /// See [`host_core::port::slots::Offer::program`].
    pub program: u64,
}

/// A key of a request that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    /// What was asked with it.
    pub fingerprint: String,
    /// The request.
    pub request: String,
    /// When.
    pub at: Millis,
}

/// All tables, by their keys.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Accounts by name.
    pub accounts: BTreeMap<String, AccountRow>,
    /// What is remembered of names.
    pub names: BTreeMap<String, NameRow>,
    /// Secrets by reference.
    pub secrets: BTreeMap<String, SecretRow>,
    /// Holdings by account and agent.
    pub holdings: BTreeMap<(String, String), Holding>,
    /// Operations by id.
    pub operations: BTreeMap<String, OperationRow>,
    /// The journal by id.
    pub journal: BTreeMap<String, JournalEntry>,
    /// Requests by id.
    pub requests: BTreeMap<String, RequestRow>,
    /// Items by request and account.
    pub items: BTreeMap<(String, String), RequestItem>,
    /// Keys of requests that may be repeated.
    pub keys: BTreeMap<String, KeyRow>,
    /// When calls were applied, by id; kept for an hour.
    pub calls: BTreeMap<String, Millis>,
    /// Agents by id.
    pub agents: BTreeMap<String, Agent>,
    /// The count of all changes of agents' rows.
    pub agents_changed: u64,
    /// Namespaces by account and agent.
    pub namespaces: BTreeMap<(String, String), Vec<String>>,
    /// Replicas by id.
    pub replicas: BTreeMap<String, Replica>,
    /// Leases by name.
    pub leases: BTreeMap<String, Lease>,
    /// Slots by name.
    pub slots: BTreeMap<String, SlotRow>,
    /// The bytes of modules by digest.
    pub modules: BTreeMap<String, Vec<u8>>,
    /// Recorded calls by id.
    pub recorded: BTreeMap<String, KeptRecord>,
    /// The pending operations of each agent, an index over [`Tables::operations`].
    pending: BTreeSet<(String, String)>,
    /// Folded names, an index over [`Tables::accounts`].
    folded: BTreeMap<String, String>,
}

impl Tables {
    /// The pending operations of an agent, oldest first.
    pub fn pending_of<'t>(&'t self, agent: &str) -> impl Iterator<Item = &'t OperationRow> {
        let agent = agent.to_owned();
        let first = (agent.clone(), String::new());
        let of_agent = self.pending.range(first..).take_while(move |(of, _)| *of == agent);
        of_agent.filter_map(|(_, id)| self.operations.get(id))
    }

    /// Every pending operation, by agent.
    pub fn pending(&self) -> impl Iterator<Item = &OperationRow> {
        self.pending.iter().filter_map(|(_, id)| self.operations.get(id))
    }

    /// A row with the generation of its name, as it is read.
    #[must_use]
    pub fn joined(&self, account: &Account) -> Account {
        let generation = self.names.get(&account.name).map(|name| name.generation);
        Account { generation, ..account.clone() }
    }

    /// A holding with the generation of its name, as it is read.
    #[must_use]
    pub fn known(&self, holding: &Holding) -> Holding {
        let generation = self.names.get(&holding.account).map(|name| name.generation);
        Holding { generation, ..holding.clone() }
    }

    /// Puts an operation in.
    pub fn put_operation(&mut self, row: OperationRow) {
        let key = (row.operation.agent.clone(), row.operation.id.clone());
        if row.operation.state == OperationState::Pending {
            self.pending.insert(key);
        } else {
            self.pending.remove(&key);
        }
        self.operations.insert(row.operation.id.clone(), row);
    }

    /// Puts an account in.
    pub fn put_account(&mut self, row: AccountRow) {
        let name = row.account.name.clone();
        self.folded.insert(host_core::name::fold(&name), name.clone());
        self.accounts.insert(name, row);
    }

    /// Takes an account out.
    pub fn remove_account(&mut self, name: &str) {
        self.folded.remove(&host_core::name::fold(name));
        self.accounts.remove(name);
    }

    /// The account whose name this one meets when case is ignored.
    #[must_use]
    pub fn met_by(&self, name: &str) -> Option<&AccountRow> {
        let met = self.folded.get(&host_core::name::fold(name))?;
        self.accounts.get(met)
    }
}
