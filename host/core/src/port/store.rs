//! The database, as the bridge uses it: four narrow ports, all of them kept by one store.
//!
//! Every method's work is done by a task that owns its connection. A caller that stops waiting only stops waiting: no
//! database future is ever dropped half way (design §2, point 3).

use async_trait::async_trait;

use crate::account::Account;
use crate::agent::Agent;
use crate::clock::Millis;
use crate::definition::Definition;
use crate::error::{ApplyError, StoreError};
use crate::holding::Holding;
use crate::journal::JournalEntry;
use crate::operation::Operation;
use crate::request::{RequestItem, RequestRow};
use crate::unit::{ItemWrite, Unit};

/// Rows as guest calls read and change them. Lists have at most [`crate::BATCH_MAX`] elements.
#[async_trait]
pub trait Rows: std::fmt::Debug + Send + Sync {
    /// The rows of these names, and rows whose name differs from one of them only by case.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, StoreError>;

    /// The rows behind `after` by name, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, StoreError>;

    /// Names whose due time is not after `at`, earliest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn due(&self, at: Millis, limit: usize) -> Result<Vec<String>, StoreError>;

    /// The earliest due time of any row.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_due(&self) -> Result<Option<Millis>, StoreError>;

    /// The definitions of these names' rows, with the name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn definitions(&self, names: Vec<String>) -> Result<Vec<DefinitionRow>, StoreError>;

    /// What is remembered of these names, also of those that have no row any more.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn names(&self, names: Vec<String>) -> Result<Vec<NameRow>, StoreError>;

    /// What is known of these accounts and any agent.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<Holding>, StoreError>;

    /// Accounts that an agent's coming or going may concern, behind `after` by name: rows of its zone or of none, and
    /// names that something is known about with this agent.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn names_concerning(
        &self,
        agent: String,
        zone: String,
        after: String,
        limit: usize,
    ) -> Result<Vec<String>, StoreError>;

    /// Applies a unit in one transaction, or nothing of it. A unit whose call has been applied already is not applied
    /// again.
    ///
    /// # Errors
    /// [`ApplyError`].
    async fn apply(&self, unit: Unit) -> Result<(), ApplyError>;
}

/// What is remembered of a name, for ever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameRow {
    /// The name.
    pub name: String,
    /// The generation of its last operation.
    pub generation: u64,
    /// The revision of its last row when that was removed; 0: none was.
    pub removed_at: u64,
}

/// The definition of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DefinitionRow {
    /// The account.
    pub name: String,
    /// See [`Account::definition_revision`].
    pub definition_revision: u64,
    /// The definition, references in the place of secrets.
    pub definition: Definition,
}

/// The outbox.
#[async_trait]
pub trait Outbox: std::fmt::Debug + Send + Sync {
    /// Operations of an agent's instance that are pending, may be sent at `now`, and were not yet handed to this
    /// session, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn to_send(
        &self,
        agent: String,
        instance: String,
        session: String,
        now: Millis,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError>;

    /// When the next pending operation of this instance may be sent that may not yet.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn next_to_send(
        &self,
        agent: String,
        instance: String,
        now: Millis,
    ) -> Result<Option<Millis>, StoreError>;

    /// Operations were handed to a session's stream.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn sent(&self, ids: Vec<String>, session: String, at: Millis) -> Result<(), StoreError>;

    /// Agents with operations that may be sent at `now` and that nobody has been handed yet, at most `limit`: what was
    /// committed on another replica, if its ring was lost.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn unsent(&self, now: Millis, limit: usize) -> Result<Vec<String>, StoreError>;

    /// Operations by id; unknown ids are left out.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn operations(&self, ids: Vec<String>) -> Result<Vec<Operation>, StoreError>;
}

/// Agents: what the bridge itself remembers across a restart.
#[async_trait]
pub trait Memory: std::fmt::Debug + Send + Sync {
    /// Every agent that was ever there.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn agents(&self) -> Result<Vec<Agent>, StoreError>;

    /// The agents whose rows have changed since the count of changes was this one, in the order of their changes.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn agents_since(&self, changed: u64) -> Result<Vec<Agent>, StoreError>;

    /// The count of all changes of agents' rows.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn agents_changed(&self) -> Result<u64, StoreError>;

    /// Writes an agent's row: with `session`, if that still is its session; without, in any case, new or not. Answers
    /// its [`Agent::changed`]; nothing, if another session has taken the agent over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_agent(
        &self,
        agent: Agent,
        session: Option<String>,
    ) -> Result<Option<u64>, StoreError>;

    /// When agents last said something: id, the [`Agent::changed`] that this was read with, and the time. A row that has
    /// changed since stays as it is, and no row counts as changed by this.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn heard_of(&self, agents: Vec<(String, u64, Millis)>) -> Result<(), StoreError>;

    /// How many rows an agent of this zone may be asked to hold.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count_in_zone(&self, zone: String) -> Result<u64, StoreError>;

    /// What agents see of their clusters: account, agent, namespaces.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_namespaces(
        &self,
        seen: Vec<(String, String, Vec<String>)>,
    ) -> Result<(), StoreError>;
}

/// Requests, and everything that people read.
#[async_trait]
pub trait Records: std::fmt::Debug + Send + Sync {
    /// A request begins, with the items that were decided before any module was asked.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn begin_request(
        &self,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Result<(), StoreError>;

    /// Requests that a replica had begun when it stopped and whose later items it never came to: they have only the
    /// items that they have. `before` leaves out what the replica has begun since it started again. Answers how many
    /// there were.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn close_half_begun(&self, replica: String, before: Millis) -> Result<u64, StoreError>;

    /// Items whose outcome no unit wrote: what failed alone.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_items(&self, items: Vec<ItemWrite>) -> Result<(), StoreError>;

    /// A request; absent if there is none of this id.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn request(&self, id: String) -> Result<Option<RequestRow>, StoreError>;

    /// The items of a request, by name; pending ones with the present state of their account.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn items(&self, id: String) -> Result<Vec<RequestItem>, StoreError>;

    /// How many items of a request are pending.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn pending_items(&self, id: String) -> Result<u64, StoreError>;

    /// One account with its definition.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn account(&self, name: String) -> Result<Option<AccountRecord>, StoreError>;

    /// A page of accounts by name.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn list(&self, filter: ListFilter, page: Page) -> Result<Vec<AccountRecord>, StoreError>;

    /// How many accounts a filter finds.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn count(&self, filter: ListFilter) -> Result<u64, StoreError>;

    /// An account's journal, newest first, behind `before` by id, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn journal(
        &self,
        account: String,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError>;

    /// Operations, newest first.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn operation_history(&self, page: Page) -> Result<Vec<Operation>, StoreError>;

    /// Operations that were sent for a request, oldest first, at most `limit`.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn operations_of_request(
        &self,
        request: String,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError>;

    /// What these agents were last seen to hold: agent and account, in this order.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn held_by(&self, agents: Vec<String>) -> Result<Vec<(String, String)>, StoreError>;

    /// The namespaces that agents see for an account, by agent.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn namespaces(&self, account: String) -> Result<Vec<AgentNamespaces>, StoreError>;

    /// Answers if the database does.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn ping(&self) -> Result<(), StoreError>;
}

/// The namespaces that an agent sees in an account's cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentNamespaces {
    /// The agent.
    pub agent: String,
    /// Their names, in the order in which the agent told them.
    pub namespaces: Vec<String>,
}

/// An account as people read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountRecord {
    /// Its row.
    pub account: Account,
    /// Its definition, references in the place of secrets.
    pub definition: Definition,
    /// Where the definition came from: `clouddriver.accounts`, a file, `api`, or `agent`.
    pub source: String,
    /// When the row last changed.
    pub last_updated: Millis,
}

/// Which accounts a list is of.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ListFilter {
    /// Of this state.
    pub state: Option<String>,
    /// Of this zone.
    pub zone: Option<String>,
    /// From this source.
    pub source: Option<String>,
    /// Whose name contains this.
    pub contains: Option<String>,
}

/// Which part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// By key: behind this one.
    pub after: Option<String>,
    /// Otherwise by number: so many are left out.
    pub skip: u64,
    /// At most so many.
    pub limit: usize,
}
