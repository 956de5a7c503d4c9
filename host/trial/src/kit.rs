//! What trials are made with: the engine that serves in production, and the modules that scenarios name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use host_core::port::policy::Policy;
use host_engine::{Anatomy, Engine, EngineOptions, Limits, Module, PolicyModule, digest};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

use crate::bench::Subject;

/// Finds the component that a path names: a file, or a folder that builds one.
pub trait Modules: std::fmt::Debug + Send + Sync {
    /// Its bytes.
    ///
    /// # Errors
    /// Why there is none, and what to do.
    fn bytes(&self, path: &Path) -> Result<Vec<u8>, String>;
}

/// The engine with what it has compiled.
#[derive(Debug)]
pub struct Kit {
    engine: Engine,
    limits: Limits,
    modules: Arc<dyn Modules>,
    /// What paths have named so far.
    named: Mutex<HashMap<PathBuf, Arc<PolicyModule>>>,
    /// What has been compiled, by digest.
    compiled: Mutex<HashMap<String, Arc<PolicyModule>>>,
    runtime: Runtime,
}

impl Kit {
    /// An engine as `serve` has one.
    ///
    /// # Errors
    /// It cannot start.
    pub fn new(modules: Arc<dyn Modules>) -> Result<Self, String> {
        Self::with(modules, EngineOptions::default())
    }

    /// An engine that counts instructions: slower by that.
    ///
    /// # Errors
    /// It cannot start.
    pub fn counting(modules: Arc<dyn Modules>) -> Result<Self, String> {
        Self::with(modules, EngineOptions { fuel: true, ..EngineOptions::default() })
    }

    /// An engine whose modules keep a profile of their calls.
    ///
    /// # Errors
    /// It cannot start.
    pub fn profiling(modules: Arc<dyn Modules>) -> Result<Self, String> {
        let tick = std::time::Duration::from_micros(200);
        Self::with(modules, EngineOptions { profile: true, tick, ..EngineOptions::default() })
    }

    fn with(modules: Arc<dyn Modules>, mut options: EngineOptions) -> Result<Self, String> {
        // A world's bridge runs in one thread, and the order of its calls is the run's.
        options.yields = false;
        let engine = Engine::new(options).map_err(|error| error.to_string())?;
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("there is no thread to run in: {error}"))?;
        Ok(Self {
            engine,
            limits: Limits::default(),
            modules,
            named: Mutex::default(),
            compiled: Mutex::default(),
            runtime,
        })
    }

    /// The engine.
    #[must_use]
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// Sees a future of the engine through.
    pub fn wait<T>(&self, work: impl Future<Output = T>) -> T {
        self.runtime.block_on(work)
    }

    /// The bytes that a path names.
    ///
    /// # Errors
    /// Why there are none, and what to do.
    pub fn bytes(&self, path: &Path) -> Result<Vec<u8>, String> {
        self.modules.bytes(path)
    }

    /// A lifecycle module.
    ///
    /// # Errors
    /// What the gates say.
    pub fn lifecycle(&self, bytes: Vec<u8>) -> Result<Module, String> {
        let settings = host_core::settings::Settings::default().pairs();
        let loaded = Module::load(&self.engine, bytes, self.limits.clone(), &settings);
        let module = self.wait(loaded).map_err(|error| error.to_string())?;
        Ok(module.serving(1))
    }

    /// A policy module with its settings.
    ///
    /// # Errors
    /// What the gates say.
    pub fn policy(&self, bytes: Vec<u8>, settings: &Value) -> Result<PolicyModule, String> {
        let settings = settings.to_string();
        let loaded = PolicyModule::load(&self.engine, bytes, self.limits.clone(), &settings);
        self.wait(loaded).map_err(|error| error.to_string())
    }

    /// The policy module that a path names, with these settings. The same bytes are compiled once.
    ///
    /// # Errors
    /// There is none, or what the gates say.
    pub fn policy_at(&self, path: &Path, settings: &Value) -> Result<Arc<dyn Policy>, String> {
        let known = lock(&self.named).get(path).cloned();
        let first = match known {
            Some(first) => first,
            None => {
                let bytes = self.bytes(path)?;
                let digest = digest(&bytes);
                let compiled = lock(&self.compiled).get(&digest).cloned();
                let first = match compiled {
                    Some(compiled) => compiled,
                    // The first time with the settings that are asked for: a module may accept no others.
                    None => Arc::new(self.policy(bytes, settings)?),
                };
                lock(&self.compiled).insert(digest, Arc::clone(&first));
                lock(&self.named).insert(path.to_owned(), Arc::clone(&first));
                first
            }
        };
        let again = self.wait(first.with_settings(&settings.to_string()));
        Ok(Arc::new(again.map_err(|error| error.to_string())?))
    }

    /// A module of either kind, to be measured.
    ///
    /// # Errors
    /// What the gates say.
    pub fn subject(&self, bytes: Vec<u8>, settings: &Value) -> Result<Subject, String> {
        let anatomy = Anatomy::of(&bytes, self.limits.file_bytes).map_err(|e| e.to_string())?;
        match anatomy.is_of_policies() {
            true => self.policy(bytes, settings).map(Subject::Policy),
            false => self.lifecycle(bytes).map(Subject::Lifecycle),
        }
    }

    /// Files may have changed: what a path names is looked for again. What is the same is not compiled again.
    pub fn look_again(&self) {
        lock(&self.named).clear();
    }
}

fn lock<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}
