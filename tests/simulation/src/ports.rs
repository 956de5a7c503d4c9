//! The store as a replica of a run reaches it: through the gate, with the database's failures, under the watch, and with
//! the faults that are put in on purpose.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::{ApplyError, StoreError};
use host_core::holding::Holding;
use host_core::journal::{JournalEntry, Transition};
use host_core::once::Once;
use host_core::operation::Operation;
use host_core::port::events::Events;
use host_core::port::housekeeping::{Housekeeping, Kept, Piece};
use host_core::port::idempotency::{Idempotency, KeyUse};
use host_core::port::replicas::{Lease, Replica, Replicas};
use host_core::port::store::{
    AccountRecord, AgentNamespaces, DefinitionRow, ListFilter, Memory, NameRow, Outbox, Page,
    Records, Rows,
};
use host_core::port::vault::Vault;
use host_core::request::{RequestItem, RequestRow};
use host_core::secret::Secret;
use host_core::unit::{ItemWrite, Unit};
use host_trial::MemoryStore;

use crate::check::watch::Watch;
use crate::gate::{Door, Fate};
use crate::mutant::Mutant;

/// A replica's store.
#[derive(Debug, Clone)]
pub struct SimStore {
    /// The database.
    pub store: MemoryStore,
    /// The replica's way to it.
    pub door: Door,
    /// Who looks at what is committed.
    pub watch: Arc<Watch>,
    /// What is wrong on purpose.
    pub mutant: Option<Mutant>,
    /// Whether the slow pass finds anything.
    pub sweeps: bool,
}

type Answer<T> = Result<T, StoreError>;

fn unavailable() -> StoreError {
    StoreError::Unavailable("the simulation lets it fail".to_owned())
}

impl SimStore {
    fn is(&self, mutant: Mutant) -> bool {
        self.mutant == Some(mutant)
    }

    async fn read<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        self.door.pass(what).await;
        if self.door.read_fails() {
            return Err(unavailable());
        }
        work.await
    }

    async fn write<T>(
        &self,
        what: &'static str,
        work: impl Future<Output = Answer<T>>,
    ) -> Answer<T> {
        self.door.pass(what).await;
        match self.door.fate() {
            Fate::Done => {
                let answer = work.await;
                self.door.pass(what).await;
                answer
            }
            Fate::DoneAndLost => {
                let _lost = work.await;
                Err(unavailable())
            }
            Fate::Fails | Fate::Lost | Fate::Busy => Err(unavailable()),
        }
    }

    /// Applies a unit, and has it looked at if it was not applied before.
    async fn commit(&self, unit: Unit) -> Result<(), ApplyError> {
        let unit = self.spoilt(unit);
        let known = self.store.with(|tables| tables.calls.contains_key(&unit.call));
        let applied = self.store.apply(unit.clone()).await;
        if applied.is_ok() && !known {
            self.watch.committed(&unit);
            if self.is(Mutant::GenerationOfTheRow) {
                self.store.with(|tables| {
                    for removal in &unit.removals {
                        tables.names.remove(&removal.name);
                    }
                });
            }
        }
        applied
    }

    fn spoilt(&self, mut unit: Unit) -> Unit {
        match self.mutant {
            Some(Mutant::SessionFenceIgnored) => unit.fences.session = None,
            Some(Mutant::LeaseFenceIgnored) => unit.fences.lease = None,
            Some(Mutant::Halves) => unit.ended.clear(),
            Some(Mutant::RevisionIgnored) => self.store.with(|tables| {
                for update in &mut unit.updates {
                    let Some(row) = tables.accounts.get(&update.account.name) else { continue };
                    let moved = update.account.state_revision == update.account.revision;
                    update.expected = row.account.revision;
                    update.account.revision = update.expected + 1;
                    if moved {
                        update.account.state_revision = update.account.revision;
                    }
                }
            }),
            Some(Mutant::HoldingIgnored) => self.store.with(|tables| {
                for write in &mut unit.holdings {
                    let key = (write.holding.account.clone(), write.holding.agent.clone());
                    write.expected = tables.holdings.get(&key).map(|known| known.revision);
                    write.holding.revision = write.expected.unwrap_or(0) + 1;
                }
            }),
            Some(_) | None => {}
        }
        unit
    }
}

#[async_trait]
impl Rows for SimStore {
    async fn accounts(&self, names: Vec<String>) -> Answer<Vec<Account>> {
        self.read("accounts", self.store.accounts(names)).await
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Answer<Vec<Account>> {
        if !self.sweeps {
            return Ok(Vec::new());
        }
        self.read("accounts-page", self.store.accounts_page(after, limit)).await
    }

    async fn due(&self, at: Millis, limit: usize) -> Answer<Vec<String>> {
        self.read("due", self.store.due(at, limit)).await
    }

    async fn next_due(&self) -> Answer<Option<Millis>> {
        self.read("next-due", self.store.next_due()).await
    }

    async fn definitions(&self, names: Vec<String>) -> Answer<Vec<DefinitionRow>> {
        self.read("definitions", self.store.definitions(names)).await
    }

    async fn names(&self, names: Vec<String>) -> Answer<Vec<NameRow>> {
        self.read("names", self.store.names(names)).await
    }

    async fn holdings(&self, accounts: Vec<String>) -> Answer<Vec<Holding>> {
        self.read("holdings", self.store.holdings(accounts)).await
    }

    async fn names_concerning(
        &self,
        agent: String,
        zone: String,
        after: String,
        limit: usize,
    ) -> Answer<Vec<String>> {
        let work = self.store.names_concerning(agent, zone, after, limit);
        self.read("names-concerning", work).await
    }

    async fn apply(&self, unit: Unit) -> Result<(), ApplyError> {
        self.door.pass("apply").await;
        let call = unit.call.clone();
        match self.door.fate() {
            Fate::Done => {
                let applied = self.commit(unit).await;
                self.door.pass("applied").await;
                applied
            }
            Fate::DoneAndLost => match self.commit(unit).await {
                Ok(()) => Err(ApplyError::Unknown(call)),
                refused => refused,
            },
            Fate::Lost => Err(ApplyError::Unknown(call)),
            Fate::Busy => Err(ApplyError::Busy("the simulation lets it meet a lock".to_owned())),
            Fate::Fails => Err(ApplyError::Unavailable("the simulation lets it fail".to_owned())),
        }
    }
}

#[async_trait]
impl Outbox for SimStore {
    async fn to_send(
        &self,
        agent: String,
        instance: String,
        session: String,
        now: Millis,
        limit: usize,
    ) -> Answer<Vec<Operation>> {
        if self.is(Mutant::OnlyTheFirstAgent) && agent != "agent-0" {
            return Ok(Vec::new());
        }
        let work = self.store.to_send(agent, instance, session.clone(), now, limit);
        let read = self.read("to-send", work).await?;
        if self.is(Mutant::SentBeforeDelivered) {
            let ids = read.iter().map(|operation| operation.id.clone()).collect();
            self.store.sent(ids, session, now).await?;
        }
        Ok(read)
    }

    async fn next_to_send(
        &self,
        agent: String,
        instance: String,
        now: Millis,
    ) -> Answer<Option<Millis>> {
        self.read("next-to-send", self.store.next_to_send(agent, instance, now)).await
    }

    async fn sent(&self, ids: Vec<String>, session: String, at: Millis) -> Answer<()> {
        self.write("sent", self.store.sent(ids, session, at)).await
    }

    async fn unsent(&self, now: Millis, limit: usize) -> Answer<Vec<String>> {
        if self.is(Mutant::NoLookForUnsent) {
            return Ok(Vec::new());
        }
        self.read("unsent", self.store.unsent(now, limit)).await
    }

    async fn operations(&self, ids: Vec<String>) -> Answer<Vec<Operation>> {
        self.read("operations", self.store.operations(ids)).await
    }
}

#[async_trait]
impl Memory for SimStore {
    async fn agents(&self) -> Answer<Vec<Agent>> {
        self.read("agents", self.store.agents()).await
    }

    async fn agents_since(&self, changed: u64) -> Answer<Vec<Agent>> {
        self.read("agents-since", self.store.agents_since(changed)).await
    }

    async fn agents_changed(&self) -> Answer<u64> {
        self.read("agents-changed", self.store.agents_changed()).await
    }

    async fn put_agent(&self, agent: Agent, session: Option<String>) -> Answer<Option<u64>> {
        self.write("put-agent", self.store.put_agent(agent, session)).await
    }

    async fn heard_of(&self, agents: Vec<(String, u64, Millis)>) -> Answer<()> {
        self.write("heard-of", self.store.heard_of(agents)).await
    }

    async fn count_in_zone(&self, zone: String) -> Answer<u64> {
        self.read("count-in-zone", self.store.count_in_zone(zone)).await
    }

    async fn put_namespaces(&self, seen: Vec<(String, String, Vec<String>)>) -> Answer<()> {
        self.write("put-namespaces", self.store.put_namespaces(seen)).await
    }
}

#[async_trait]
impl Records for SimStore {
    async fn begin_request(&self, request: RequestRow, decided: Vec<ItemWrite>) -> Answer<()> {
        self.write("begin-request", self.store.begin_request(request, decided)).await
    }

    async fn close_half_begun(&self, replica: String, before: Millis) -> Answer<u64> {
        self.write("close-half-begun", self.store.close_half_begun(replica, before)).await
    }

    async fn put_items(&self, items: Vec<ItemWrite>) -> Answer<()> {
        self.write("put-items", self.store.put_items(items)).await
    }

    async fn request(&self, id: String) -> Answer<Option<RequestRow>> {
        self.read("request", self.store.request(id)).await
    }

    async fn items(&self, id: String) -> Answer<Vec<RequestItem>> {
        self.read("items", self.store.items(id)).await
    }

    async fn pending_items(&self, id: String) -> Answer<u64> {
        self.read("pending-items", self.store.pending_items(id)).await
    }

    async fn account(&self, name: String) -> Answer<Option<AccountRecord>> {
        self.read("account", self.store.account(name)).await
    }

    async fn list(&self, filter: ListFilter, page: Page) -> Answer<Vec<AccountRecord>> {
        self.read("list", self.store.list(filter, page)).await
    }

    async fn count(&self, filter: ListFilter) -> Answer<u64> {
        self.read("count", self.store.count(filter)).await
    }

    async fn journal(
        &self,
        account: String,
        before: Option<String>,
        limit: usize,
    ) -> Answer<Vec<JournalEntry>> {
        self.read("journal", self.store.journal(account, before, limit)).await
    }

    async fn operation_history(&self, page: Page) -> Answer<Vec<Operation>> {
        self.read("operation-history", self.store.operation_history(page)).await
    }

    async fn operations_of_request(&self, id: String, limit: usize) -> Answer<Vec<Operation>> {
        self.read("operations-of-request", self.store.operations_of_request(id, limit)).await
    }

    async fn held_by(&self, agents: Vec<String>) -> Answer<Vec<(String, String)>> {
        self.read("held-by", self.store.held_by(agents)).await
    }

    async fn namespaces(&self, account: String) -> Answer<Vec<AgentNamespaces>> {
        self.read("namespaces", self.store.namespaces(account)).await
    }

    async fn ping(&self) -> Answer<()> {
        self.read("ping", self.store.ping()).await
    }
}

#[async_trait]
impl Replicas for SimStore {
    fn can_be_several(&self) -> bool {
        self.store.can_be_several()
    }

    async fn put_replica(&self, replica: Replica) -> Answer<()> {
        self.write("put-replica", self.store.put_replica(replica)).await
    }

    async fn replicas(&self) -> Answer<Vec<Replica>> {
        self.read("replicas", self.store.replicas()).await
    }

    async fn remove_replica(&self, id: String, beat: u64) -> Answer<bool> {
        self.write("remove-replica", self.store.remove_replica(id, beat)).await
    }

    async fn lease(&self, name: String) -> Answer<Option<Lease>> {
        self.read("lease", self.store.lease(name)).await
    }

    async fn swap_lease(&self, seen: Option<Lease>, lease: Lease) -> Answer<bool> {
        self.write("swap-lease", self.store.swap_lease(seen, lease)).await
    }
}

#[async_trait]
impl Vault for SimStore {
    fn reference(&self, account: &str, value: &Secret) -> String {
        self.store.reference(account, value)
    }

    async fn open(&self, references: Vec<String>) -> Answer<Vec<Option<Secret>>> {
        self.read("open", self.store.open(references)).await
    }
}

#[async_trait]
impl Idempotency for SimStore {
    async fn key_use(&self, once: Once, now: Millis) -> Answer<KeyUse> {
        self.read("key-use", self.store.key_use(once, now)).await
    }

    async fn begin_once(
        &self,
        once: Once,
        request: RequestRow,
        decided: Vec<ItemWrite>,
    ) -> Answer<KeyUse> {
        self.write("begin-once", self.store.begin_once(once, request, decided)).await
    }

    async fn take_up(&self, id: String, replica: String, cut_to: u64, total: u64) -> Answer<bool> {
        self.write("take-up", self.store.take_up(id, replica, cut_to, total)).await
    }
}

#[async_trait]
impl Events for SimStore {
    async fn newest(&self) -> Answer<Option<String>> {
        self.read("newest", self.store.newest()).await
    }

    async fn reaches_back_to(&self, id: String) -> Answer<bool> {
        self.read("reaches-back-to", self.store.reaches_back_to(id)).await
    }

    async fn ids_behind(&self, after: String, limit: usize) -> Answer<Vec<String>> {
        self.read("ids-behind", self.store.ids_behind(after, limit)).await
    }

    async fn transitions(&self, ids: Vec<String>) -> Answer<Vec<Transition>> {
        self.read("transitions", self.store.transitions(ids)).await
    }

    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Answer<Vec<Transition>> {
        self.read("behind", self.store.behind(account, after, limit)).await
    }

    async fn next_step(&self, account: String, after: String) -> Answer<Option<JournalEntry>> {
        self.read("next-step", self.store.next_step(account, after)).await
    }
}

#[async_trait]
impl Housekeeping for SimStore {
    async fn purge(
        &self,
        what: Kept,
        before: Millis,
        after: String,
        limit: usize,
    ) -> Answer<Piece> {
        self.write("purge", self.store.purge(what, before, after, limit)).await
    }
}
