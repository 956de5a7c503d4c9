//! The floor of `engine.fresh_call`: the same component on bare wasmtime, with the same pool, imports that answer the
//! same rows from memory and drop what is written. No limits, no checks, no counts, no deadline of ours.

use anyhow::{Result, ensure};
use wasmtime::component::{Component, HasSelf, Linker};
use wasmtime::{
    Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store,
};

use self::contract::exports::swingbridge::lifecycle::events::{Action, Item, Outcome, Request};
use self::contract::swingbridge::lifecycle::{
    accounts, agents, clock, ids, log, policy, settings, sources, types,
};
use self::contract::{Lifecycle, LifecyclePre};
use super::memory::NOW;

mod contract {
    #![allow(missing_docs, reason = "generated; the documentation is in the WIT files")]
    wasmtime::component::bindgen!({
        path: "../../wit/lifecycle",
        world: "lifecycle",
        imports: {
            "swingbridge:lifecycle/settings": trappable,
            "swingbridge:lifecycle/clock": trappable,
            "swingbridge:lifecycle/ids": trappable,
            "swingbridge:lifecycle/log": trappable,
            "swingbridge:lifecycle/accounts.insert": trappable,
            "swingbridge:lifecycle/accounts.change": trappable,
            "swingbridge:lifecycle/accounts.remove": trappable,
            "swingbridge:lifecycle/agents.submit": trappable,
            default: async | trappable,
        },
        exports: { default: async },
    });
}

/// The component, ready to be called.
pub(crate) struct Bare {
    engine: Engine,
    pre: LifecyclePre<Memory>,
    memory: Memory,
    request: Request,
}

/// What the imports answer.
#[derive(Clone)]
struct Memory {
    account: types::Account,
    agent: agents::Agent,
    settings: Vec<(String, String)>,
}

impl Bare {
    pub(crate) fn new(bytes: &[u8]) -> Result<Self> {
        let mut pool = PoolingAllocationConfig::default();
        pool.total_component_instances(20)
            .total_stacks(20)
            .total_core_instances(20 * 64)
            .total_memories(40)
            .total_tables(160)
            .max_core_instances_per_component(64)
            .max_memories_per_component(2)
            .max_tables_per_component(8)
            .table_elements(20_000)
            .max_memory_size(64 << 20)
            .linear_memory_keep_resident(1 << 20)
            .table_keep_resident(64 << 10)
            .max_unused_warm_slots(16)
            .pagemap_scan(Enabled::Auto);
        let mut config = Config::new();
        config
            .concurrency_support(false)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        let engine = Engine::new(&config).map_err(plain)?;
        let component = Component::from_binary(&engine, bytes).map_err(plain)?;
        let mut linker = Linker::new(&engine);
        Lifecycle::add_to_linker::<_, HasSelf<_>>(&mut linker, |memory: &mut Memory| memory)
            .map_err(plain)?;
        let pre = linker.instantiate_pre(&component).map_err(plain)?;
        let pre = LifecyclePre::new(pre).map_err(plain)?;
        Ok(Self { engine, pre, memory: Memory::new(), request: request() })
    }

    /// One decision in a fresh instance.
    pub(crate) async fn call(&self) -> Result<()> {
        let mut store = Store::new(&self.engine, self.memory.clone());
        let instance = self.pre.instantiate_async(&mut store).await.map_err(plain)?;
        let events = instance.swingbridge_lifecycle_events();
        let outcomes = events.call_handle(&mut store, &self.request).await.map_err(plain)?;
        ensure!(matches!(outcomes.as_slice(), [Outcome::Pending]), "the activation is under way");
        Ok(())
    }
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn plain(error: wasmtime::Error) -> anyhow::Error {
    anyhow::anyhow!("{error:#}")
}

fn request() -> Request {
    let item =
        Item { name: "prod-eu-1".into(), zone: None, definition: None, attributes: Vec::new() };
    Request {
        id: "01KAN0REQUEST0000000000000".into(),
        action: Action::Activate,
        who: "somebody".into(),
        items: vec![item],
        attributes: Vec::new(),
    }
}

impl Memory {
    fn new() -> Self {
        let account = types::Account {
            name: "prod-eu-1".into(),
            state: "INACTIVE".into(),
            revision: NOW,
            state_revision: NOW,
            definition_revision: NOW,
            zone: Some("eu".into()),
            declared_by: None,
            identity: None,
            failed_count: 0,
            error: None,
            state_since: NOW,
            due_at: None,
            requests: Vec::new(),
            attributes: Vec::new(),
        };
        let agent = agents::Agent {
            id: "agent-a".into(),
            instance: "agent-a-1".into(),
            zone: "eu".into(),
            presence: agents::Presence::Connected,
        };
        Self { account, agent, settings: host_core::settings::Settings::default().pairs() }
    }
}

type Answer<T> = wasmtime::Result<Result<T, types::ReadError>>;
type Written<T> = wasmtime::Result<Result<T, types::Denial>>;

impl types::Host for Memory {}

impl accounts::Host for Memory {
    async fn get(&mut self, _: Vec<String>) -> Answer<Vec<types::Account>> {
        Ok(Ok(vec![self.account.clone()]))
    }
    async fn page(&mut self, _: String, _: u32) -> Answer<Vec<types::Account>> {
        Ok(Ok(Vec::new()))
    }
    async fn due_before(&mut self, _: u64, _: u32) -> Answer<Vec<String>> {
        Ok(Ok(Vec::new()))
    }
    fn insert(&mut self, _: Vec<accounts::NewAccount>) -> Written<()> {
        Ok(Ok(()))
    }
    fn change(&mut self, _: Vec<accounts::RowChange>) -> Written<()> {
        Ok(Ok(()))
    }
    fn remove(&mut self, _: Vec<accounts::Removal>) -> Written<()> {
        Ok(Ok(()))
    }
}

impl sources::Host for Memory {
    async fn find(&mut self, _: Vec<String>) -> Answer<Vec<sources::SourceAccount>> {
        Ok(Ok(Vec::new()))
    }
    async fn page(&mut self, _: String, _: u32) -> Answer<Vec<sources::SourceAccount>> {
        Ok(Ok(Vec::new()))
    }
}

impl agents::Host for Memory {
    async fn connected(&mut self, _: Vec<String>) -> Answer<Vec<agents::Agent>> {
        Ok(Ok(vec![self.agent.clone()]))
    }
    async fn holdings(&mut self, _: Vec<String>) -> Answer<Vec<agents::Holding>> {
        Ok(Ok(Vec::new()))
    }
    fn submit(&mut self, operations: Vec<agents::Submission>) -> Written<Vec<String>> {
        Ok(Ok(operations.iter().map(|_| "01KAN00PERATION00000000000".to_owned()).collect()))
    }
}

impl policy::Host for Memory {
    async fn admit(&mut self, subjects: Vec<policy::Subject>) -> Answer<Vec<policy::Verdict>> {
        Ok(Ok(subjects.iter().map(|_| policy::Verdict::Allow).collect()))
    }
    async fn place(&mut self, subjects: Vec<policy::Subject>) -> Answer<Vec<policy::Placement>> {
        Ok(Ok(subjects.iter().map(|_| policy::Placement::Keep).collect()))
    }
    async fn retry(&mut self, tries: Vec<policy::Failed>) -> Answer<Vec<policy::Backoff>> {
        Ok(Ok(tries.iter().map(|_| policy::Backoff::After(5_000)).collect()))
    }
}

impl settings::Host for Memory {
    fn all(&mut self) -> wasmtime::Result<Vec<(String, String)>> {
        Ok(self.settings.clone())
    }
}

impl clock::Host for Memory {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(NOW)
    }
}

impl ids::Host for Memory {
    fn next(&mut self, count: u32) -> wasmtime::Result<Vec<String>> {
        Ok((0..count).map(|_| String::new()).collect())
    }
}

impl log::Host for Memory {
    fn write(&mut self, _: log::Level, _: String) -> wasmtime::Result<()> {
        Ok(())
    }
}
