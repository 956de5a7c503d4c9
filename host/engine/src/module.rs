//! A module: a component that has passed its checks and can be called.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::description::Description;
use host_core::error::{CallClass, CallError};
use host_core::event::Event;
use host_core::holding::KnownHolding;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::lifecycle::{Called, Lifecycle, ModuleId};
use host_core::port::world::{OfferedAccount, World};
use host_core::record::LogLevel;
use thiserror::Error;
use tokio::sync::Semaphore;
use wasmtime::component::{HasSelf, Linker};

use crate::bindings::lifecycle::{Lifecycle as Bindings, LifecyclePre};
use crate::engine::Engine;
use crate::limits::Limits;
use crate::profile::Profile;
use crate::state::CallState;
use crate::stats::Stats;
use crate::store::store;
use crate::{component, contract, convert, stop};

/// Why a component does not become a module. Each sentence says what was wrong and what would be accepted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum LoadError {
    /// Too large, not a component, or broken.
    #[error("the file is no component that can be loaded: {0}")]
    Bytes(String),
    /// Its imports or exports are not those of the module that it is to be.
    #[error("the component does not keep the contract: {}", .0.join("; "))]
    Contract(Vec<String>),
    /// It could not be compiled.
    #[error("the component cannot be compiled: {0}")]
    Build(String),
    /// `describe` did not answer.
    #[error("the module does not say what it is: {0}")]
    Describe(String),
    /// Its states and edges cannot be.
    #[error("the module's states and edges cannot be: {}", .0.join("; "))]
    Words(Vec<String>),
    /// It does not accept its settings.
    #[error("the module does not accept its settings: {0}")]
    Settings(String),
}

/// A lifecycle module, ready to be called.
pub struct Module {
    pub(crate) engine: Engine,
    pub(crate) pre: LifecyclePre<CallState>,
    pub(crate) id: ModuleId,
    pub(crate) description: Arc<Description>,
    pub(crate) limits: Arc<Limits>,
    pub(crate) permits: Semaphore,
    pub(crate) stats: Stats,
    pub(crate) profile: Option<Profile>,
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = &self.description.name;
        f.debug_struct("Module").field("name", name).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Module {
    /// Takes a component in: its bytes, its contract, its build, its words and its settings are checked in this order,
    /// and the first that fails says why. Compiles on a thread for blocking work.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn load(
        engine: &Engine,
        bytes: Vec<u8>,
        limits: Limits,
        settings: &[(String, String)],
    ) -> Result<Self, LoadError> {
        let digest = component::digest(&bytes);
        let pre = {
            let (engine, most) = (engine.clone(), limits.file_bytes);
            component::aside(move || compile(&engine, &bytes, most)).await?
        };
        let permits = Semaphore::new(limits.permits.max(1));
        let profile = engine.options.profile.then(|| pre.instance_pre().component());
        let profile = profile.and_then(|component| Profile::of(engine, &digest, component));
        let mut module = Self {
            engine: engine.clone(),
            pre,
            id: ModuleId { digest, slot_generation: 0 },
            description: Arc::new(unknown()),
            limits: Arc::new(limits),
            permits,
            stats: Stats::default(),
            profile,
        };
        let description = module.describe().await?;
        let faults = description.faults();
        if !faults.is_empty() {
            return Err(LoadError::Words(faults));
        }
        module.description = Arc::new(description);
        module.validate(settings).await?;
        Ok(module)
    }

    /// The module at the slot generation that it serves at.
    #[must_use]
    pub fn serving(mut self, slot_generation: u64) -> Self {
        self.id.slot_generation = slot_generation;
        self
    }

    /// How many calls ended well, and how many were stopped, by the word of the class.
    #[must_use]
    pub fn ended(&self) -> (u64, Vec<(&'static str, u64)>) {
        self.stats.ended()
    }

    /// Whether it can serve with these settings.
    ///
    /// # Errors
    /// What it says, or why it says nothing.
    pub async fn accepts(&self, settings: &[(String, String)]) -> Result<(), String> {
        self.validate(settings).await.map_err(|error| error.to_string())
    }

    /// The profile of its calls, if the engine keeps profiles.
    #[must_use]
    pub fn profile(&self) -> Option<Profile> {
        self.profile.clone()
    }

    async fn describe(&self) -> Result<Description, LoadError> {
        let described = self.ask(async |instance, store| {
            instance.swingbridge_lifecycle_module().call_describe(store).await
        });
        convert::description(described.await.map_err(LoadError::Describe)?)
            .map_err(LoadError::Describe)
    }

    async fn validate(&self, settings: &[(String, String)]) -> Result<(), LoadError> {
        let answer = self.ask(async |instance, store| {
            instance.swingbridge_lifecycle_module().call_validate_settings(store, settings).await
        });
        answer.await.map_err(LoadError::Settings)?.map_err(LoadError::Settings)
    }

    /// Calls an export of `module`: under the same limits as any other, with a world that answers nothing.
    async fn ask<R>(
        &self,
        call: impl AsyncFnOnce(&Bindings, &mut wasmtime::Store<CallState>) -> wasmtime::Result<R>,
    ) -> Result<R, String> {
        let limits = Arc::clone(&self.limits);
        let world = Arc::new(Nowhere);
        let state = CallState::new(world, Arc::clone(&self.description), Vec::new(), limits);
        let mut store = store(&self.engine, state, self.limits.deadline, None);
        let run = async {
            let instance = self.pre.instantiate_async(&mut store).await?;
            call(&instance, &mut store).await
        };
        let answer = tokio::time::timeout(self.limits.deadline, run).await;
        let stopped = store.into_data().meter.stopped.take();
        match answer {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => {
                Err(stopped.unwrap_or_else(|| stop::classify(&error, &self.limits)).sentence)
            }
            Err(_) => Err(format!("it did not end within {:?}", self.limits.deadline)),
        }
    }
}

#[async_trait]
impl Lifecycle for Module {
    fn id(&self) -> &ModuleId {
        &self.id
    }

    fn description(&self) -> &Arc<Description> {
        &self.description
    }

    async fn call(&self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError> {
        self.call_measured(event, world).await.0
    }
}

fn compile(
    engine: &Engine,
    bytes: &[u8],
    most: usize,
) -> Result<LifecyclePre<CallState>, LoadError> {
    let component = component::compile(engine, bytes, most)?;
    let faults = contract::lifecycle_faults(engine, &component);
    if !faults.is_empty() {
        return Err(LoadError::Contract(faults));
    }
    let build = |error: wasmtime::Error| LoadError::Build(format!("{error:#}"));
    let mut linker = Linker::new(&engine.wasmtime);
    Bindings::add_to_linker::<_, HasSelf<_>>(&mut linker, |state| state).map_err(build)?;
    let misfit = |error: wasmtime::Error| LoadError::Contract(vec![format!("{error:#}")]);
    let pre = linker.instantiate_pre(&component).map_err(misfit)?;
    LifecyclePre::new(pre).map_err(misfit)
}

/// What is known of a module before it has been asked.
fn unknown() -> Description {
    Description {
        name: "not yet described".into(),
        version: String::new(),
        data_version: 0,
        takes_over: Vec::new(),
        settings_schema: String::new(),
        states: Vec::new(),
        edges: Vec::new(),
    }
}

/// The world of `describe` and `validate-settings`: nothing is answered in it.
#[derive(Debug)]
struct Nowhere;

impl Nowhere {
    fn nothing<T>() -> Result<T, CallError> {
        Err(CallError {
            class: CallClass::Contract,
            sentence: "it asked for something while it was to describe itself or check settings"
                .into(),
        })
    }
}

#[async_trait]
impl World for Nowhere {
    fn now(&self) -> Millis {
        0
    }
    fn next_id(&self) -> String {
        String::new()
    }
    fn settings(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    fn log(&self, _: LogLevel, _: String) {}
    async fn accounts(&self, _: Vec<String>) -> Result<Vec<Account>, CallError> {
        Self::nothing()
    }
    async fn accounts_page(&self, _: String, _: usize) -> Result<Vec<Account>, CallError> {
        Self::nothing()
    }
    async fn accounts_due(&self, _: Millis, _: usize) -> Result<Vec<String>, CallError> {
        Self::nothing()
    }
    async fn sources(&self, _: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        Self::nothing()
    }
    async fn sources_page(&self, _: String, _: usize) -> Result<Vec<OfferedAccount>, CallError> {
        Self::nothing()
    }
    async fn agents(&self, _: Vec<String>) -> Result<Vec<Agent>, CallError> {
        Self::nothing()
    }
    async fn holdings(&self, _: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        Self::nothing()
    }
    async fn admit(&self, _: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        Self::nothing()
    }
    async fn place(&self, _: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        Self::nothing()
    }
    async fn retry(&self, _: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        Self::nothing()
    }
}
