//! A store in memory: as much of the ports as the API reads.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use host_core::account::{Account, Identity};
use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::{ApplyError, StoreError};
use host_core::holding::{Holding, Observed};
use host_core::journal::{JournalEntry, Transition};
use host_core::operation::{Operation, OperationKind, OperationState};
use host_core::port::events::Events;
use host_core::port::figures::{Figures, Watch};
use host_core::port::recordings::{KeptRecord, ListedRecord, RecordFilter, Recordings, RingBounds};
use host_core::port::store::{
    AccountRecord, AgentNamespaces, DefinitionRow, ListFilter, Memory, NameRow, Outbox, Page,
    Records, Rows,
};
use host_core::request::{RequestItem, RequestRow};
use host_core::unit::{ItemWrite, Unit};
use serde_json::Value;

use super::world::NOW;

/// What the store holds, for tests to fill in.
#[derive(Debug, Default)]
pub(super) struct Content {
    pub(super) accounts: BTreeMap<String, AccountRecord>,
    pub(super) holdings: Vec<Holding>,
    pub(super) agents: Vec<Agent>,
    pub(super) journal: Vec<JournalEntry>,
    pub(super) requests: Vec<RequestRow>,
    pub(super) items: Vec<RequestItem>,
    pub(super) operations: Vec<Operation>,
    pub(super) namespaces: Vec<AgentNamespaces>,
    pub(super) recorded: BTreeMap<String, KeptRecord>,
}

/// The store.
#[derive(Debug, Default)]
pub(super) struct MemoryStore {
    pub(super) content: Mutex<Content>,
    /// What every read answers instead.
    pub(super) trouble: Mutex<Option<StoreError>>,
    /// How often figures were read.
    pub(super) looks: AtomicUsize,
    /// How often records were read.
    pub(super) pieces: AtomicUsize,
    /// Pings are never answered.
    pub(super) hangs: AtomicBool,
}

impl MemoryStore {
    pub(super) fn fill(&self, fill: impl FnOnce(&mut Content)) {
        fill(&mut self.content.lock().expect("no panic"));
    }

    pub(super) fn put(&self, record: AccountRecord) {
        self.fill(|content| {
            content.accounts.insert(record.account.name.clone(), record);
        });
    }

    fn read<T>(&self, read: impl FnOnce(&Content) -> T) -> Result<T, StoreError> {
        match self.trouble.lock().expect("no panic").clone() {
            Some(trouble) => Err(trouble),
            None => Ok(read(&self.content.lock().expect("no panic"))),
        }
    }
}

/// An account, active since a minute, seen at a cluster.
pub(super) fn record(name: &str, definition: Value) -> AccountRecord {
    AccountRecord {
        account: Account {
            name: name.to_owned(),
            state: "ACTIVE".into(),
            revision: 7,
            state_revision: 6,
            definition_revision: 1,
            zone: Some("eu".into()),
            declared_by: None,
            identity: Some(cluster(name)),
            failed_count: 0,
            error: None,
            state_since: NOW - 60_000,
            due_at: None,
            requests: Vec::new(),
            attributes: Vec::new(),
            generation: Some(3),
        },
        definition: Definition::from_json(definition).expect("a good definition"),
        source: "clouddriver.accounts".into(),
        last_updated: NOW - 60_000,
    }
}

pub(super) fn cluster(name: &str) -> Identity {
    Identity {
        host: format!("https://{name}.simulated:6443"),
        fingerprint: "27:5E".into(),
        version: "v1.33.1".into(),
    }
}

pub(super) fn agent(id: &str, presence: Presence) -> Agent {
    Agent {
        id: id.to_owned(),
        instance: "01INSTANCE".into(),
        zone: "eu".into(),
        session: "01SESSION".into(),
        presence,
        presence_since: NOW - 5_000,
        last_seen: NOW - 1_000,
        settled: presence,
        version: "0.1.0".into(),
        replica: "bridge-a".into(),
        changed: 1,
    }
}

pub(super) fn holding(account: &str, agent: &str, observed: Observed) -> Holding {
    let identity = Some(cluster(account));
    Holding { observed, identity, ..Holding::unheard_of(account, agent, "01INSTANCE") }
}

pub(super) fn operation(id: &str, account: &str, state: OperationState) -> Operation {
    let answered = matches!(state, OperationState::Done | OperationState::Refused);
    Operation {
        id: id.to_owned(),
        parent: Some(super::world::REQUEST.into()),
        account: account.to_owned(),
        agent: "agent-a".into(),
        instance: "01INSTANCE".into(),
        kind: OperationKind::Add,
        definition_revision: 1,
        generation: 3,
        state,
        not_before: None,
        deadline: Some(NOW + 60_000),
        context: String::new(),
        module: "sha256:d1".into(),
        data_version: 1,
        created_at: NOW - 900,
        attempts: 1,
        sent_at: Some(NOW - 800),
        ended_at: answered.then_some(NOW - 300),
        failure: (state == OperationState::Refused).then(|| super::world::failure("unreachable")),
        sight: None,
    }
}

/// What the API must never call.
fn not_for_the_api<T>() -> Result<T, StoreError> {
    Err(StoreError::Refused("the API only reads".into()))
}

#[async_trait]
impl Rows for MemoryStore {
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, StoreError> {
        use host_core::name::fold;
        self.read(|content| {
            let alike = |record: &&AccountRecord| {
                names.iter().any(|name| fold(name) == fold(&record.account.name))
            };
            content.accounts.values().filter(alike).map(|record| record.account.clone()).collect()
        })
    }

    async fn accounts_page(&self, _: String, _: usize) -> Result<Vec<Account>, StoreError> {
        not_for_the_api()
    }

    async fn due(&self, _: Millis, _: usize) -> Result<Vec<String>, StoreError> {
        not_for_the_api()
    }

    async fn next_due(&self) -> Result<Option<Millis>, StoreError> {
        not_for_the_api()
    }

    async fn definitions(&self, _: Vec<String>) -> Result<Vec<DefinitionRow>, StoreError> {
        not_for_the_api()
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<Holding>, StoreError> {
        assert!(accounts.len() <= host_core::BATCH_MAX, "a list of {}", accounts.len());
        self.read(|content| {
            let asked = |holding: &&Holding| accounts.contains(&holding.account);
            content.holdings.iter().filter(asked).cloned().collect()
        })
    }

    async fn names(&self, _: Vec<String>) -> Result<Vec<NameRow>, StoreError> {
        not_for_the_api()
    }

    async fn names_concerning(
        &self,
        _: String,
        _: String,
        _: String,
        _: usize,
    ) -> Result<Vec<String>, StoreError> {
        not_for_the_api()
    }

    async fn apply(&self, _: Unit) -> Result<(), ApplyError> {
        Err(ApplyError::Unavailable("the API only reads".into()))
    }
}

#[async_trait]
impl Outbox for MemoryStore {
    async fn to_send(
        &self,
        _: String,
        _: String,
        _: String,
        _: Millis,
        _: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        not_for_the_api()
    }

    async fn next_to_send(
        &self,
        _: String,
        _: String,
        _: Millis,
    ) -> Result<Option<Millis>, StoreError> {
        not_for_the_api()
    }

    async fn sent(&self, _: Vec<String>, _: String, _: Millis) -> Result<(), StoreError> {
        not_for_the_api()
    }

    async fn unsent(&self, _: Millis, _: usize) -> Result<Vec<String>, StoreError> {
        not_for_the_api()
    }

    async fn operations(&self, ids: Vec<String>) -> Result<Vec<Operation>, StoreError> {
        self.read(|content| {
            content.operations.iter().filter(|o| ids.contains(&o.id)).cloned().collect()
        })
    }
}

#[async_trait]
impl Events for MemoryStore {
    async fn newest(&self) -> Result<Option<String>, StoreError> {
        self.read(|content| content.journal.iter().map(|entry| entry.id.clone()).max())
    }

    async fn reaches_back_to(&self, id: String) -> Result<bool, StoreError> {
        self.read(|content| content.journal.iter().any(|entry| entry.id <= id))
    }

    async fn ids_behind(&self, after: String, limit: usize) -> Result<Vec<String>, StoreError> {
        let steps = self.behind(None, after, limit).await?;
        Ok(steps.into_iter().map(|step| step.entry.id).collect())
    }

    async fn transitions(&self, ids: Vec<String>) -> Result<Vec<Transition>, StoreError> {
        let all = self.behind(None, String::new(), usize::MAX).await?;
        Ok(all.into_iter().filter(|step| ids.contains(&step.entry.id)).collect())
    }

    async fn behind(
        &self,
        account: Option<String>,
        after: String,
        limit: usize,
    ) -> Result<Vec<Transition>, StoreError> {
        self.read(|content| {
            let wanted = content.journal.iter().filter(|entry| {
                entry.id > after && account.as_ref().is_none_or(|name| entry.account == *name)
            });
            let step = |entry: &JournalEntry| Transition { entry: entry.clone(), there: None };
            wanted.take(limit).map(step).collect()
        })
    }

    async fn next_step(
        &self,
        account: String,
        after: String,
    ) -> Result<Option<JournalEntry>, StoreError> {
        let next = self.behind(Some(account), after, 1).await?.into_iter().next();
        Ok(next.map(|step| step.entry))
    }
}

#[async_trait]
impl Recordings for MemoryStore {
    async fn keep(&self, _: Vec<KeptRecord>, _: RingBounds) -> Result<(), StoreError> {
        not_for_the_api()
    }

    async fn listed(
        &self,
        filter: RecordFilter,
        limit: usize,
    ) -> Result<Vec<ListedRecord>, StoreError> {
        let listed = |record: &KeptRecord| ListedRecord {
            id: record.id.clone(),
            bytes: record.body.len() as u64,
        };
        self.read(|content| {
            let newest = content.recorded.values().rev().filter(|record| filter.takes(record));
            newest.take(limit).map(listed).collect()
        })
    }

    async fn of_ids(&self, ids: Vec<String>) -> Result<Vec<KeptRecord>, StoreError> {
        self.pieces.fetch_add(1, Ordering::Relaxed);
        self.read(|content| {
            let newest = content.recorded.values().rev();
            newest.filter(|record| ids.contains(&record.id)).cloned().collect()
        })
    }
}

#[async_trait]
impl Watch for MemoryStore {
    async fn figures(&self, _: Millis, _: Vec<String>) -> Result<Figures, StoreError> {
        self.looks.fetch_add(1, Ordering::Relaxed);
        self.read(|content| Figures {
            accounts: vec![("ACTIVE".to_owned(), content.accounts.len() as u64)],
            ..Figures::default()
        })
    }
}

#[async_trait]
impl Memory for MemoryStore {
    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        self.read(|content| content.agents.clone())
    }

    async fn agents_since(&self, _: u64) -> Result<Vec<Agent>, StoreError> {
        not_for_the_api()
    }

    async fn agents_changed(&self) -> Result<u64, StoreError> {
        not_for_the_api()
    }

    async fn put_agent(&self, _: Agent, _: Option<String>) -> Result<Option<u64>, StoreError> {
        not_for_the_api()
    }

    async fn heard_of(&self, _: Vec<(String, u64, Millis)>) -> Result<(), StoreError> {
        not_for_the_api()
    }

    async fn count_in_zone(&self, _: String) -> Result<u64, StoreError> {
        not_for_the_api()
    }

    async fn put_namespaces(
        &self,
        _: Vec<(String, String, Vec<String>)>,
    ) -> Result<(), StoreError> {
        not_for_the_api()
    }
}

#[async_trait]
impl Records for MemoryStore {
    async fn close_half_begun(&self, _: String, _: u64) -> Result<u64, StoreError> {
        Ok(0)
    }

    async fn begin_request(&self, _: RequestRow, _: Vec<ItemWrite>) -> Result<(), StoreError> {
        not_for_the_api()
    }

    async fn put_items(&self, _: Vec<ItemWrite>) -> Result<(), StoreError> {
        not_for_the_api()
    }

    async fn request(&self, id: String) -> Result<Option<RequestRow>, StoreError> {
        self.read(|content| content.requests.iter().find(|row| row.id == id).cloned())
    }

    async fn items(&self, _: String) -> Result<Vec<RequestItem>, StoreError> {
        self.read(|content| content.items.clone())
    }

    async fn pending_items(&self, _: String) -> Result<u64, StoreError> {
        not_for_the_api()
    }

    async fn account(&self, name: String) -> Result<Option<AccountRecord>, StoreError> {
        self.read(|content| content.accounts.get(&name).cloned())
    }

    async fn list(&self, filter: ListFilter, page: Page) -> Result<Vec<AccountRecord>, StoreError> {
        self.read(|content| {
            found(content, &filter)
                .filter(|record| {
                    page.after.as_ref().is_none_or(|after| record.account.name > *after)
                })
                .skip(usize::try_from(page.skip).expect("a small number"))
                .take(page.limit)
                .cloned()
                .collect()
        })
    }

    async fn count(&self, filter: ListFilter) -> Result<u64, StoreError> {
        self.read(|content| found(content, &filter).count() as u64)
    }

    async fn journal(
        &self,
        account: String,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        self.read(|content| {
            let steps = content.journal.iter().rev();
            steps
                .filter(|entry| entry.account == account)
                .filter(|entry| before.as_ref().is_none_or(|before| entry.id < *before))
                .take(limit)
                .cloned()
                .collect()
        })
    }

    async fn operation_history(&self, page: Page) -> Result<Vec<Operation>, StoreError> {
        let skip = usize::try_from(page.skip).expect("a small number");
        self.read(|content| {
            content.operations.iter().rev().skip(skip).take(page.limit).cloned().collect()
        })
    }

    async fn operations_of_request(
        &self,
        request: String,
        limit: usize,
    ) -> Result<Vec<Operation>, StoreError> {
        self.read(|content| {
            let sent = content.operations.iter();
            sent.filter(|o| o.parent.as_ref() == Some(&request)).take(limit).cloned().collect()
        })
    }

    async fn held_by(&self, agents: Vec<String>) -> Result<Vec<(String, String)>, StoreError> {
        self.read(|content| {
            let held = content.holdings.iter().filter(|h| matches!(h.observed, Observed::Held(_)));
            let held = held.filter(|holding| agents.contains(&holding.agent));
            held.map(|holding| (holding.agent.clone(), holding.account.clone())).collect()
        })
    }

    async fn namespaces(&self, _: String) -> Result<Vec<AgentNamespaces>, StoreError> {
        self.read(|content| content.namespaces.clone())
    }

    async fn ping(&self) -> Result<(), StoreError> {
        if self.hangs.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        self.read(|_| ())
    }
}

fn found<'a>(
    content: &'a Content,
    filter: &'a ListFilter,
) -> impl Iterator<Item = &'a AccountRecord> {
    content.accounts.values().filter(|record| {
        let account = &record.account;
        filter.state.as_ref().is_none_or(|state| account.state == *state)
            && filter.zone.as_ref().is_none_or(|zone| account.zone.as_ref() == Some(zone))
            && filter.source.as_ref().is_none_or(|source| record.source == *source)
            && filter.contains.as_ref().is_none_or(|part| account.name.contains(part))
    })
}
