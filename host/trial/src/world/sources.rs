//! Sources of a trial: what they have, and whether one of them fails; and secrets that somebody else keeps.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_core::error::SourceError;
use host_core::port::sources::Sources;
use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;
use host_core::source::SourceAccount;

/// What the sources have.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Offered {
    /// Accounts, of the source with precedence first.
    pub accounts: Vec<SourceAccount>,
    /// The source that cannot be read, and why.
    pub fails: Option<(String, String)>,
}

/// Sources that say what they are told to say. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct ScriptedSources(Arc<Mutex<Offered>>);

impl ScriptedSources {
    fn offered(&self) -> MutexGuard<'_, Offered> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From now on they have this.
    pub fn set(&self, offered: Offered) {
        *self.offered() = offered;
    }

    /// What they have of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<SourceAccount> {
        self.offered().accounts.iter().find(|account| account.name == name).cloned()
    }

    fn read<T>(&self, look: impl FnOnce(&Offered) -> T) -> Result<T, SourceError> {
        let offered = self.offered();
        match &offered.fails {
            Some((source, reason)) => {
                Err(SourceError { source_name: source.clone(), reason: reason.clone() })
            }
            None => Ok(look(&offered)),
        }
    }
}

#[async_trait]
impl Sources for ScriptedSources {
    async fn find(&self, names: Vec<String>) -> Result<Vec<SourceAccount>, SourceError> {
        self.read(|offered| {
            let find = |name: &String| offered.accounts.iter().find(|a| a.name == *name).cloned();
            names.iter().filter_map(find).collect()
        })
    }

    async fn page(&self, after: String, limit: usize) -> Result<Vec<SourceAccount>, SourceError> {
        self.read(|offered| {
            let behind = offered.accounts.iter().filter(|account| account.name > after);
            let mut behind: Vec<SourceAccount> = behind.cloned().collect();
            behind.sort_by(|one, other| one.name.cmp(&other.name));
            behind.dedup_by(|later, first| later.name == first.name);
            behind.truncate(limit);
            behind
        })
    }
}

/// Engines that know a value for every reference: which one is of no matter to a module, which never sees it.
#[derive(Debug, Clone, Copy, Default)]
pub struct AnySecret;

#[async_trait]
impl SecretEngines for AnySecret {
    async fn resolve(&self, _reference: &str) -> Result<Secret, String> {
        Ok(Secret::new("a value of a trial".to_owned()))
    }
}
