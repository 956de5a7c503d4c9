//! The module that decides.

use std::sync::Arc;

use async_trait::async_trait;

use crate::description::Description;
use crate::error::CallError;
use crate::event::{Answer, Event};
use crate::port::world::World;
use crate::unit::Writes;

/// Which module this is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleId {
    /// SHA-256 of its bytes, `sha256:` and hexadecimal digits.
    pub digest: String,
    /// The slot generation that it serves at.
    pub slot_generation: u64,
}

/// What a call that ended well brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Called {
    /// What the export answered.
    pub answer: Answer,
    /// What it asked for, checked.
    pub writes: Writes,
}

/// A lifecycle module, ready to be called. The engine has one made of WebAssembly; a benchmark has one that is linked.
#[async_trait]
pub trait Lifecycle: std::fmt::Debug + Send + Sync {
    /// Which module this is.
    fn id(&self) -> &ModuleId;

    /// What it declares.
    fn description(&self) -> &Arc<Description>;

    /// Calls it with one event, in an instance of its own.
    ///
    /// # Errors
    /// [`CallError`]; nothing of the call remains then.
    async fn call(&self, event: Event, world: Arc<dyn World>) -> Result<Called, CallError>;
}

/// The slot of the lifecycle module on this replica.
#[async_trait]
pub trait LifecycleSlot: std::fmt::Debug + Send + Sync {
    /// The module that serves here now.
    fn serving(&self) -> Arc<dyn Lifecycle>;

    /// Another module serves by now, says the database: takes it. Returns when it serves here.
    ///
    /// # Errors
    /// Why it cannot, as a sentence; the module from before stays, and its units are refused by the database.
    async fn reload(&self) -> Result<(), String>;
}
