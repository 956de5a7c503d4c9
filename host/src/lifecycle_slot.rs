//! The slot of the lifecycle module on this replica: what the binary carries, or what another replica brought.
//!
//! While versions of the program are mixed, the module of the newest serves: a replica of an older one is refused by the
//! database's fence, finds the newer module's bytes there, and serves it too.

use std::sync::{Arc, PoisonError, RwLock};

use async_trait::async_trait;
use host_control::FixedSlot;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::lifecycle::{Lifecycle, LifecycleSlot};
use host_core::port::slots::{Offer, Serving, Slots};
use host_core::version;
use host_engine::{Engine, EngineOptions, Limits, LoadError, Module};
use thiserror::Error;
use tracing::info;

/// The slot that the lifecycle module serves in.
const SLOT: &str = "lifecycle";

/// Why a slot has no module.
#[derive(Debug, Error)]
pub enum SlotError {
    /// The engine.
    #[error(transparent)]
    Engine(#[from] host_engine::EngineError),
    /// The module.
    #[error("the lifecycle module cannot serve: {0}")]
    Load(#[from] LoadError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database names a module that it does not have.
    #[error(
        "the lifecycle module {0} serves, and its bytes are not in the database; start a bridge of the program that \
         brought it"
    )]
    NoBytes(String),
}

/// The slot, with WebAssembly modules in it.
#[derive(Debug)]
pub(crate) struct ModuleSlot {
    engine: Engine,
    slots: Arc<dyn Slots>,
    limits: Limits,
    settings: Vec<(String, String)>,
    serving: RwLock<Arc<dyn Lifecycle>>,
    loading: tokio::sync::Mutex<()>,
}

impl ModuleSlot {
    /// Offers these bytes to the slot, and serves what serves then.
    pub(crate) async fn open(
        slots: Arc<dyn Slots>,
        bytes: &[u8],
        limits: Limits,
        settings: Vec<(String, String)>,
        at: Millis,
    ) -> Result<Self, SlotError> {
        let permits = limits.permits;
        let engine =
            Engine::new(EngineOptions { lifecycle_permits: permits, ..EngineOptions::default() })?;
        let own = Module::load(&engine, bytes.to_vec(), limits.clone(), &settings).await?;
        let digest = own.id().digest.clone();
        let program = version::rank(env!("CARGO_PKG_VERSION"));
        let offer = Offer { digest: digest.clone(), program, bytes: bytes.to_vec() };
        let serving = slots.serve(SLOT.to_owned(), offer, at).await?;
        let module = if serving.digest == digest {
            own.serving(serving.generation)
        } else {
            load(&engine, &*slots, &serving, limits.clone(), &settings).await?
        };
        info!(module = %serving.digest, generation = serving.generation, "the lifecycle module serves");
        let serving = RwLock::new(Arc::new(module) as Arc<dyn Lifecycle>);
        Ok(Self {
            engine,
            slots,
            limits,
            settings,
            serving,
            loading: tokio::sync::Mutex::default(),
        })
    }
}

async fn load(
    engine: &Engine,
    slots: &dyn Slots,
    serving: &Serving,
    limits: Limits,
    settings: &[(String, String)],
) -> Result<Module, SlotError> {
    let bytes = slots.module(serving.digest.clone()).await?;
    let bytes = bytes.ok_or_else(|| SlotError::NoBytes(serving.digest.clone()))?;
    Ok(Module::load(engine, bytes, limits, settings).await?.serving(serving.generation))
}

#[async_trait]
impl LifecycleSlot for ModuleSlot {
    fn serving(&self) -> Arc<dyn Lifecycle> {
        Arc::clone(&self.serving.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn reload(&self) -> Result<(), String> {
        let _one = self.loading.lock().await;
        let serving = self.slots.serving(SLOT.to_owned()).await.map_err(|e| e.to_string())?;
        let Some(serving) = serving else { return Err("no lifecycle module serves".to_owned()) };
        if serving.generation == self.serving().id().slot_generation {
            return Ok(());
        }
        let limits = self.limits.clone();
        let module = load(&self.engine, &*self.slots, &serving, limits, &self.settings).await;
        let module = module.map_err(|error| error.to_string())?;
        info!(module = %serving.digest, generation = serving.generation, "another lifecycle module serves now");
        *self.serving.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(module);
        Ok(())
    }
}

/// A slot with a lifecycle that is no module but linked into the program: offered under a digest, without bytes.
pub(crate) async fn linked(
    slots: &dyn Slots,
    digest: &str,
    serving: impl FnOnce(u64) -> Arc<dyn Lifecycle>,
    at: Millis,
) -> Result<FixedSlot, SlotError> {
    let program = version::rank(env!("CARGO_PKG_VERSION"));
    let offer = Offer { digest: digest.to_owned(), program, bytes: Vec::new() };
    let generation = slots.serve(SLOT.to_owned(), offer, at).await?.generation;
    Ok(FixedSlot(serving(generation)))
}
