//! What is still to be told: of each account the newest of everything that was seen.

use std::collections::BTreeMap;

use host_agent::Change;

/// Changes that were not told yet, by account.
#[derive(Debug, Default)]
pub(super) struct News(BTreeMap<String, Change>);

impl News {
    /// Something was seen. What was not looked at this time stays as it waits to be told.
    pub(super) fn add(&mut self, change: Change) {
        let newest = match self.0.remove(&change.account) {
            None => change,
            Some(waiting) => Change {
                identity: change.identity.or(waiting.identity),
                namespaces: change.namespaces.or(waiting.namespaces),
                ..change
            },
        };
        self.0.insert(newest.account.clone(), newest);
    }

    /// Nothing of this account is to be told any more.
    pub(super) fn forget(&mut self, account: &str) {
        self.0.remove(account);
    }

    /// All of it, which is told now.
    pub(super) fn take(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.0).into_values().collect()
    }
}
