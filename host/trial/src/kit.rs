//! What trials are made with: the engine that serves in production, and the modules that scenarios name.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use host_core::port::policy::Policy;
use host_engine::{Engine, EngineOptions, Limits, Module, PolicyModule};
use serde_json::Value;
use tokio::runtime::{Builder, Runtime};

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
    policies: Mutex<HashMap<PathBuf, Arc<PolicyModule>>>,
    runtime: Runtime,
}

impl Kit {
    /// An engine as `serve` has one; with `fuel`, one that counts instructions.
    ///
    /// # Errors
    /// It cannot start.
    pub fn new(modules: Arc<dyn Modules>, fuel: bool) -> Result<Self, String> {
        let options = EngineOptions { fuel, ..EngineOptions::default() };
        let engine = Engine::new(options).map_err(|error| error.to_string())?;
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.map_err(|error| format!("there is no thread to run in: {error}"))?;
        Ok(Self { engine, limits: Limits::default(), modules, policies: Mutex::default(), runtime })
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

    /// The policy module that a path names, with these settings. It is compiled once.
    ///
    /// # Errors
    /// There is none, or what the gates say.
    pub fn policy_at(&self, path: &Path, settings: &Value) -> Result<Arc<dyn Policy>, String> {
        let known = self.policies().get(path).cloned();
        let first = match known {
            Some(first) => first,
            None => {
                let bytes = self.bytes(path)?;
                // The first time with the settings that are asked for: a module may accept no others.
                let first = Arc::new(self.policy(bytes, settings)?);
                self.policies().insert(path.to_owned(), Arc::clone(&first));
                return Ok(first);
            }
        };
        let again = self.wait(first.with_settings(&settings.to_string()));
        Ok(Arc::new(again.map_err(|error| error.to_string())?))
    }

    fn policies(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, Arc<PolicyModule>>> {
        self.policies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
