//! What two agents say at the same time: each word is taken in by a unit of its own, which knows the other's holding as
//! it was before.
//!
//! Neither changes what the other one reads, so both commit, and each may have left the account waiting for the other.
//! Whoever learns of a holding looks at the account's other ones again after his commit: one of the two sees the other,
//! and asks the module once more. No lock is needed for it, as with those who come and go ([`crate::presence`]).

use std::collections::{BTreeMap, BTreeSet};

use host_core::unit::Unit;
use host_core::unit::assemble::Call;
use tracing::warn;

use crate::bridge::Shared;

/// An account and an agent.
type Key = (String, String);

/// The holdings of accounts of which something was learnt, at the revisions at which they were read.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    read: BTreeMap<Key, Option<u64>>,
    /// What the unit writes itself.
    written: BTreeSet<Key>,
}

impl Beside {
    /// What a call knows beside its lessons. Nothing, where no account has a second agent.
    pub(crate) fn of(call: &Call) -> Self {
        let learnt = call.holdings.iter().filter(|(_, state)| state.changed);
        let accounts: BTreeSet<&str> = learnt.map(|((account, _), _)| account.as_str()).collect();
        let read: BTreeMap<Key, Option<u64>> = call
            .holdings
            .iter()
            .filter(|((account, _), _)| accounts.contains(account.as_str()))
            .map(|(key, state)| (key.clone(), state.expected))
            .collect();
        if read.len() > accounts.len() { Self { read, ..Self::default() } } else { Self::default() }
    }

    /// What the unit writes is compared by the unit.
    pub(crate) fn leave_out(&mut self, unit: &Unit) {
        if !self.read.is_empty() {
            let written = unit.holdings.iter();
            let key = |write: &host_core::unit::HoldingWrite| {
                (write.holding.account.clone(), write.holding.agent.clone())
            };
            self.written = written.map(key).collect();
        }
    }
}

impl Shared {
    /// Accounts of which somebody else has learnt something since.
    pub(crate) async fn moved_beside(&self, beside: Beside) -> Vec<String> {
        let accounts: BTreeSet<String> =
            beside.read.keys().map(|(account, _)| account.clone()).collect();
        if accounts.is_empty() {
            return Vec::new();
        }
        let accounts: Vec<String> = accounts.into_iter().collect();
        let now = match self.ports.rows.holdings(accounts.clone()).await {
            Ok(now) => now,
            Err(error) => {
                // What is not known may have moved: the tick that follows finds out, or the sweep does.
                warn!("whether another agent said something meanwhile is not known: {error}");
                return accounts;
            }
        };
        let moved = now.into_iter().filter(|holding| {
            let key = (holding.account.clone(), holding.agent.clone());
            let as_read = beside.read.get(&key) == Some(&Some(holding.revision));
            !as_read && !beside.written.contains(&key)
        });
        let moved: BTreeSet<String> = moved.map(|holding| holding.account).collect();
        moved.into_iter().collect()
    }
}
