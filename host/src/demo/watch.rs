//! Watches the accounts by asking the bridge again and again, and tells what has changed since.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value as Json;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::cli::client::Client;
use crate::cli::output::{cell, write};

use super::narrate;

/// How often the bridge is asked.
const PACE: Duration = Duration::from_millis(50);
/// How long a scene may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// An account as it was seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its state.
    pub(crate) state: String,
    /// Its zone.
    pub(crate) zone: String,
    /// Why it is there, if that was said.
    pub(crate) why: String,
}

/// What changed: from, to (absent: gone), the account, why.
pub(crate) type Change = (Option<String>, Option<String>, String, String);

/// The accounts as they were seen last.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    accounts: BTreeMap<String, Seen>,
}

impl Watch {
    /// The accounts as they were seen last.
    pub(crate) fn accounts(&self) -> &BTreeMap<String, Seen> {
        &self.accounts
    }

    /// How many are in a state.
    pub(crate) fn in_state(&self, state: &str) -> usize {
        self.accounts.values().filter(|seen| seen.state == state).count()
    }

    /// Watches and tells until `there` says so.
    ///
    /// # Errors
    /// If that does not come in time; the sentence says what was waited for and how things stand.
    pub(crate) async fn until(
        &mut self,
        client: &Client,
        what: &str,
        mut there: impl FnMut(&Self) -> bool,
    ) -> Result<()> {
        let last = Instant::now() + PATIENCE;
        let mut ticks = interval(PACE);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let changes = self.look(client).await?;
            if !changes.is_empty() {
                write(&narrate::changes(&changes))?;
            }
            if there(self) {
                return Ok(());
            }
            if Instant::now() > last {
                bail!(
                    "{what} was awaited for {}s, and the accounts are {:#?}",
                    PATIENCE.as_secs(),
                    self.accounts
                );
            }
        }
    }

    /// Asks once; what is different from last time.
    pub(crate) async fn look(&mut self, client: &Client) -> Result<Vec<Change>> {
        let request = client.call(Method::GET, &["armory", "accounts"], &[("limit", "1000")]);
        let body = client.send(request).await?;
        let items = body
            .get("items")
            .and_then(Json::as_array)
            .context("the list of accounts has no items")?;
        let now: BTreeMap<String, Seen> = items
            .iter()
            .map(|item| {
                let seen = Seen {
                    state: cell(item, "status"),
                    zone: cell(item, "zoneId"),
                    why: cell(item, "errorMessage"),
                };
                (cell(item, "name"), seen)
            })
            .collect();
        let changes = changes(&self.accounts, &now);
        self.accounts = now;
        Ok(changes)
    }
}

fn changes(before: &BTreeMap<String, Seen>, now: &BTreeMap<String, Seen>) -> Vec<Change> {
    let moved = now.iter().filter_map(|(name, seen)| {
        let from = before.get(name).map(|seen| seen.state.clone());
        (from.as_ref() != Some(&seen.state))
            .then(|| (from, Some(seen.state.clone()), name.clone(), seen.why.clone()))
    });
    let gone = before
        .iter()
        .filter(|(name, _)| !now.contains_key(*name))
        .map(|(name, seen)| (Some(seen.state.clone()), None, name.clone(), String::new()));
    moved.chain(gone).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(accounts: &[(&str, &str)]) -> BTreeMap<String, Seen> {
        accounts
            .iter()
            .map(|(name, state)| {
                let seen =
                    Seen { state: (*state).to_owned(), zone: String::new(), why: String::new() };
                ((*name).to_owned(), seen)
            })
            .collect()
    }

    #[test]
    fn what_came_what_moved_and_what_went_are_changes_and_nothing_else_is() {
        let before = seen(&[("a", "ACTIVE"), ("b", "ACTIVE"), ("c", "ACTIVE")]);
        let now = seen(&[("a", "ACTIVE"), ("b", "ORPHANED"), ("d", "INACTIVE")]);
        let found: Vec<String> = changes(&before, &now)
            .into_iter()
            .map(|(from, to, name, _)| {
                format!("{name} {} {}", from.unwrap_or_default(), to.unwrap_or_default())
            })
            .collect();
        assert_eq!(found, ["b ACTIVE ORPHANED", "d  INACTIVE", "c ACTIVE "]);
    }
}
