//! Lets go of old rows, a piece at a time.

use std::collections::BTreeMap;
use std::ops::Bound;

use async_trait::async_trait;
use host_core::agent::Presence;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::holding::Observed;
use host_core::operation::OperationState;
use host_core::port::housekeeping::{Housekeeping, Kept, Piece};
use host_core::request::ItemOutcome;

use super::MemoryStore;
use crate::tables::Tables;

/// A piece of a table: the keys that are looked at, and where the next piece begins.
fn piece<T>(
    table: &BTreeMap<String, T>,
    after: &str,
    limit: usize,
) -> (Vec<String>, Option<String>) {
    let range = (Bound::Excluded(after.to_owned()), Bound::Unbounded);
    let keys: Vec<String> = table.range(range).take(limit).map(|(key, _)| key.clone()).collect();
    let next = keys.last().filter(|_| keys.len() >= limit).cloned();
    (keys, next)
}

fn journal(tables: &mut Tables, id: &str, before: Millis) -> bool {
    let Some(step) = tables.journal.get(id).filter(|step| step.at < before) else { return false };
    let range = (Bound::Excluded(id.to_owned()), Bound::Unbounded);
    let is_last = tables.journal.range(range).all(|(_, later)| later.account != step.account);
    let stays = is_last && tables.accounts.contains_key(&step.account);
    !stays && tables.journal.remove(id).is_some()
}

fn operation(tables: &mut Tables, id: &str, before: Millis) -> bool {
    let row = tables.operations.get(id).map(|row| &row.operation);
    let old = row.is_some_and(|operation| {
        operation.state != OperationState::Pending
            && operation.ended_at.is_some_and(|at| at < before)
    });
    old && tables.operations.remove(id).is_some()
}

/// Takes at most `most` rows out of a table, those that belong to something else that is old. Answers how many went.
fn take<K: Ord + Clone, T>(
    table: &mut BTreeMap<K, T>,
    most: usize,
    belongs: impl Fn(&K) -> bool,
) -> usize {
    let keys: Vec<K> = table.keys().filter(|key| belongs(key)).take(most).cloned().collect();
    keys.iter().for_each(|key| {
        table.remove(key);
    });
    keys.len()
}

/// The request's items, then the request, at most so many rows: how many went.
fn request(tables: &mut Tables, id: &str, before: Millis, most: usize) -> usize {
    let old = tables.requests.get(id).is_some_and(|request| request.created_at < before);
    let mut items = tables.items.iter().filter(|((of, _), _)| of == id);
    if !old || items.any(|(_, item)| item.outcome == ItemOutcome::Pending) {
        return 0;
    }
    let went = take(&mut tables.items, most, |(of, _)| of == id);
    if went < most { went + usize::from(tables.requests.remove(id).is_some()) } else { went }
}

/// What was known of the agent, then the agent, at most so many rows: how many went.
fn agent(tables: &mut Tables, id: &str, before: Millis, most: usize) -> usize {
    let gone = tables.agents.get(id).is_some_and(|agent| {
        agent.presence == Presence::Gone
            && agent.settled == Presence::Gone
            && agent.presence_since < before
    });
    let mut known = tables.holdings.values().filter(|known| known.agent == id);
    let holds = known.any(|known| known.observed != Observed::NotHeld);
    if !gone || holds || tables.pending_of(id).next().is_some() {
        return 0;
    }
    let went = take(&mut tables.holdings, most, |(_, of)| of == id);
    tables.namespaces.retain(|(_, of), _| of != id);
    if went < most { went + usize::from(tables.agents.remove(id).is_some()) } else { went }
}

#[async_trait]
impl Housekeeping for MemoryStore {
    async fn purge(
        &self,
        what: Kept,
        before: Millis,
        after: String,
        limit: usize,
    ) -> Result<Piece, StoreError> {
        let tables = &mut *self.tables();
        let limit = limit.max(1);
        let (keys, next) = match what {
            Kept::Journal => piece(&tables.journal, &after, limit),
            Kept::Operations => piece(&tables.operations, &after, limit),
            Kept::Requests => piece(&tables.requests, &after, limit),
            Kept::Keys => piece(&tables.keys, &after, limit),
            Kept::Calls => piece(&tables.calls, &after, limit),
            Kept::Agents => piece(&tables.agents, &after, limit),
        };
        let (mut went, mut done) = (0, after);
        for key in keys {
            let most = limit - went;
            went += match what {
                Kept::Journal => usize::from(journal(tables, &key, before)),
                Kept::Operations => usize::from(operation(tables, &key, before)),
                Kept::Requests => request(tables, &key, before, most),
                Kept::Keys => {
                    let old = tables.keys.get(&key).is_some_and(|row| row.at < before);
                    usize::from(old && tables.keys.remove(&key).is_some())
                }
                Kept::Calls => {
                    let old = tables.calls.get(&key).is_some_and(|at| *at < before);
                    usize::from(old && tables.calls.remove(&key).is_some())
                }
                Kept::Agents => agent(tables, &key, before, most),
            };
            if went >= limit {
                // Some of it may be left: the next piece begins with the same key.
                return Ok(Piece { went, next: Some(done) });
            }
            done = key;
        }
        Ok(Piece { went, next })
    }
}
