//! Applies a unit of work: first everything is compared, then everything is written, so that nothing is done by halves.

use std::collections::BTreeSet;

use host_core::clock::Millis;
use host_core::error::ApplyError;
use host_core::name::fold;
use host_core::operation::OperationState;
use host_core::port::store::NameRow;
use host_core::request::ItemOutcome;
use host_core::unit::{GenerationWrite, ItemWrite, RowUpdate, Unit};

use crate::tables::{AccountRow, OperationRow, SecretRow, Tables};

/// See [`host_core::port::store::Rows::apply`].
pub(super) fn apply(tables: &mut Tables, unit: Unit) -> Result<(), ApplyError> {
    if unit.is_empty() || tables.calls.contains_key(&unit.call) {
        return Ok(());
    }
    fences(tables, &unit)?;
    compare(tables, &unit)?;
    tables.calls.insert(unit.call.clone(), unit.at);
    write(tables, unit);
    Ok(())
}

fn fences(tables: &Tables, unit: &Unit) -> Result<(), ApplyError> {
    let serving = tables.slots.get("lifecycle").map(|slot| slot.serving.generation);
    if serving != Some(unit.slot_generation) {
        return Err(ApplyError::Fenced);
    }
    if let Some((lease, fence)) = &unit.fences.lease
        && tables.leases.get(lease).is_none_or(|lease| lease.fence != *fence)
    {
        return Err(ApplyError::Overtaken("another replica has the lease by now".to_owned()));
    }
    if let Some((agent, session)) = &unit.fences.session
        && tables.agents.get(agent).is_none_or(|agent| agent.session != *session)
    {
        let why = format!("the agent {agent} has been heard on a newer stream since");
        return Err(ApplyError::Overtaken(why));
    }
    Ok(())
}

fn compare(tables: &Tables, unit: &Unit) -> Result<(), ApplyError> {
    for write in &unit.generations {
        let known = tables.names.get(&write.name).map(|name| name.generation);
        let key = ("swingbridge_names", write.name.as_str());
        as_read(known, write.expected, key)?;
    }
    for write in &unit.holdings {
        let key = (write.holding.account.clone(), write.holding.agent.clone());
        let known = tables.holdings.get(&key).map(|holding| holding.revision);
        as_read(known, write.expected, ("swingbridge_holdings", &key.0))?;
    }
    let mut names = BTreeSet::new();
    for row in &unit.inserts {
        if tables.met_by(&row.account.name).is_some() || !names.insert(fold(&row.account.name)) {
            return Err(appeared());
        }
    }
    let updates = unit.updates.iter().map(|row| (&row.account.name, row.expected));
    let removals = unit.removals.iter().map(|row| (&row.name, row.expected));
    for (name, expected) in updates.chain(removals) {
        let known = tables.accounts.get(name).map(|row| row.account.revision);
        as_read(known, Some(expected), ("kubesvc_accounts", name))?;
    }
    let taken = unit.operations.iter().any(|row| tables.operations.contains_key(&row.id))
        || unit.journal.iter().any(|row| tables.journal.contains_key(&row.id))
        || unit.new_items.iter().any(|item| tables.items.contains_key(&key(item)));
    if taken { Err(appeared()) } else { Ok(()) }
}

/// Whether a row still is as it was read. `expected` is absent where there must be none.
fn as_read(
    known: Option<u64>,
    expected: Option<u64>,
    (table, key): (&str, &str),
) -> Result<(), ApplyError> {
    match (known, expected) {
        (None, None) => Ok(()),
        (Some(known), Some(expected)) if known == expected => Ok(()),
        (Some(_), None) => Err(appeared()),
        (_, Some(_)) => Err(ApplyError::Stale(format!("{key} of {table} has moved on"))),
    }
}

fn appeared() -> ApplyError {
    ApplyError::Stale("a row has appeared meanwhile".to_owned())
}

fn write(tables: &mut Tables, unit: Unit) {
    let at = unit.at;
    for write in unit.generations {
        count(tables, write);
    }
    for removal in &unit.removals {
        tables.secrets.retain(|_, secret| secret.account != removal.name);
        tables.namespaces.retain(|(account, _), _| *account != removal.name);
    }
    for reference in &unit.dropped_secrets {
        tables.secrets.remove(reference);
    }
    for secret in unit.secrets {
        let row = SecretRow { account: secret.account, value: secret.value };
        tables.secrets.insert(secret.reference, row);
    }
    for write in unit.holdings {
        let key = (write.holding.account.clone(), write.holding.agent.clone());
        tables.holdings.insert(key, write.holding);
    }
    for row in unit.inserts {
        tables.put_account(AccountRow {
            account: row.account,
            definition: row.definition,
            source: row.source,
            source_fingerprint: row.source_fingerprint,
            last_updated: at,
        });
    }
    for update in unit.updates {
        change(tables, update, at);
    }
    for removal in &unit.removals {
        tables.remove_account(&removal.name);
    }
    for operation in unit.operations {
        tables.put_operation(OperationRow { operation, session: None });
    }
    for end in unit.ended {
        if let Some(mut row) = tables.operations.get(&end.id).cloned() {
            row.operation.state = end.state;
            row.operation.ended_at = Some(at);
            row.operation.failure = end.failure;
            row.operation.sight = end.sight;
            debug_assert!(row.operation.state != OperationState::Pending, "an end is no beginning");
            tables.put_operation(row);
        }
    }
    tables.journal.extend(unit.journal.into_iter().map(|row| (row.id.clone(), row)));
    for item in unit.new_items {
        put_item(tables, item);
    }
    for item in unit.finished_items {
        let before = tables.items.get(&key(&item));
        if before.is_some_and(|before| before.outcome == ItemOutcome::Pending) {
            put_item(tables, item);
        }
    }
}

fn count(tables: &mut Tables, write: GenerationWrite) {
    let known = tables.names.get(&write.name).map_or(0, |name| name.removed_at);
    let removed_at = write.removed_at.unwrap_or(known);
    let row = NameRow { name: write.name.clone(), generation: write.generation, removed_at };
    tables.names.insert(write.name, row);
}

/// What a change does not name stays: who declared the row, where it came from, and its state's revision if it did not
/// move.
fn change(tables: &mut Tables, update: RowUpdate, at: Millis) {
    let Some(row) = tables.accounts.get_mut(&update.account.name) else { return };
    let before = &row.account;
    let revision = update.expected + 1;
    let moves = update.account.state_revision == update.account.revision;
    row.account = host_core::account::Account {
        revision,
        state_revision: if moves { revision } else { before.state_revision },
        declared_by: before.declared_by.clone(),
        ..update.account
    };
    if let Some(definition) = update.definition {
        row.definition = definition;
    }
    row.last_updated = at;
}

/// The key of an item.
pub(super) fn key(item: &ItemWrite) -> (String, String) {
    (item.request.clone(), item.name.clone())
}

/// Writes an item as it stands now.
pub(super) fn put_item(tables: &mut Tables, item: ItemWrite) {
    let key = key(&item);
    let ItemWrite { name, outcome, state, .. } = item;
    tables.items.insert(key, host_core::request::RequestItem { name, outcome, state });
}
