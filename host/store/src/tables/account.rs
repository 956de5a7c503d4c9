//! Rows of `kubesvc_accounts`.

use host_core::account::{Account, OpenRequest};
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::name;
use host_core::port::store::AccountRecord;
use host_core::unit::{RowInsert, RowUpdate};
use serde_json::{Map, Value as Json, json};

use super::{failure_values, identity_values, read_failure, read_identity};
use crate::setwise::{Guarded, Swap, Table};
use crate::value::{self, Cells, Value, Wrong};

/// The name in errors.
pub(crate) const NAME: &str = "kubesvc_accounts";

/// For compare-and-swap.
pub(crate) const GUARDED: Guarded = Guarded { table: NAME, key: "name", guard: "revision" };

/// Every column. `connections` of a new row is 0; a change counts it again.
pub(crate) const TABLE: Table = Table {
    name: NAME,
    columns: &[
        "name",
        "name_folded",
        "declared_by",
        "dynamic",
        "source",
        "source_fingerprint",
        "connections",
        "revision",
        "state_revision",
        "definition",
        "props",
        "max_watch_age_seconds",
        "status",
        "definition_revision",
        "zone_id",
        "kube_host",
        "cert_fingerprint",
        "kube_version",
        "failed_count",
        "error_code",
        "error_message",
        "state_since",
        "due_at",
        "requests",
        "attributes",
        "last_updated",
        "slot_generation",
    ],
};

/// The columns that a change writes; the revisions of row and state beside them, as expressions.
pub(crate) const CHANGING: &[&str] = &[
    "status",
    "definition_revision",
    "zone_id",
    "kube_host",
    "cert_fingerprint",
    "kube_version",
    "failed_count",
    "error_code",
    "error_message",
    "state_since",
    "due_at",
    "requests",
    "attributes",
    "last_updated",
    "slot_generation",
];

/// What a change of the state sets beside its columns.
pub(crate) const MOVED: &str = "state_revision = revision + 1";

/// The columns that a change of the definition writes beside them.
pub(crate) const DEFINING: &[&str] = &["definition", "props", "max_watch_age_seconds"];

/// The values of [`TABLE`].
pub(crate) fn inserted(row: &RowInsert, at: Millis, slot: u64) -> Vec<Value> {
    let account = &row.account;
    let mut values = vec![
        Value::from(&account.name),
        Value::from(name::fold(&account.name)),
        Value::from(&account.declared_by),
        Value::from(account.declared_by.is_none()),
        Value::from(&row.source),
        Value::from(&row.source_fingerprint),
        Value::from(0_u64),
        Value::from(account.revision),
        Value::from(account.state_revision),
    ];
    values.extend(defining(&row.definition));
    values.extend(changing(account, at, slot));
    values
}

/// Whether a change moves the row into a state: its state's revision is the row's new one then, and stays otherwise.
pub(crate) fn moves(row: &RowUpdate) -> bool {
    row.account.state_revision == row.account.revision
}

/// A change as a compare-and-swap over [`CHANGING`], and [`DEFINING`] if the definition changes.
pub(crate) fn updated(row: &RowUpdate, at: Millis, slot: u64) -> Swap {
    let mut values = changing(&row.account, at, slot);
    if let Some(definition) = &row.definition {
        values.extend(defining(definition));
    }
    Swap { key: row.account.name.clone(), expected: row.expected, values }
}

fn changing(account: &Account, at: Millis, slot: u64) -> Vec<Value> {
    let mut values = vec![
        Value::from(&account.state),
        Value::from(account.definition_revision),
        Value::from(&account.zone),
    ];
    values.extend(identity_values(account.identity.as_ref()));
    values.push(Value::from(account.failed_count));
    values.extend(failure_values(account.error.as_ref()));
    values.extend([
        Value::from(account.state_since),
        Value::from(account.due_at),
        value::json(&account.requests),
        attributes(&account.attributes),
        Value::from(at),
        Value::from(slot),
    ]);
    values
}

fn defining(definition: &Definition) -> [Value; 3] {
    let props = match definition.get("permissions") {
        Some(permissions) if !permissions.is_null() => json!({ "permissions": permissions }),
        _ => json!({}),
    };
    let age = definition.get("maxResumableResourceAgeMs").and_then(Json::as_u64);
    [
        Value::from(definition.to_text()),
        Value::from(props.to_string()),
        Value::from(age.map(|ms| ms / 1_000)),
    ]
}

fn attributes(pairs: &[(String, String)]) -> Value {
    let map: Map<String, Json> =
        pairs.iter().map(|(key, value)| (key.clone(), Json::from(value.as_str()))).collect();
    Value::from(Json::Object(map).to_string())
}

/// Reads the columns of `account!()`.
pub(crate) fn read(cells: &mut Cells) -> Result<Account, Wrong> {
    Ok(Account {
        name: cells.text()?,
        state: cells.text()?,
        revision: cells.number()?,
        state_revision: cells.number()?,
        definition_revision: cells.number()?,
        zone: cells.maybe_text()?,
        declared_by: cells.maybe_text()?,
        identity: read_identity(cells)?,
        failed_count: cells.small()?,
        error: read_failure(cells)?,
        state_since: cells.number()?,
        due_at: cells.maybe_number()?,
        requests: cells.json::<Vec<OpenRequest>>()?,
        attributes: read_attributes(cells)?,
        generation: cells.maybe_number()?,
    })
}

fn read_attributes(cells: &mut Cells) -> Result<Vec<(String, String)>, Wrong> {
    let map = cells.json::<Map<String, Json>>()?;
    map.into_iter()
        .map(|(key, value)| match value.as_str() {
            Some(text) => Ok((key, text.to_owned())),
            None => Err(format!("the attribute {key:?} is no text")),
        })
        .collect()
}

/// Reads the columns of an account as people see it.
pub(crate) fn read_record(cells: &mut Cells) -> Result<AccountRecord, Wrong> {
    Ok(AccountRecord {
        account: read(cells)?,
        definition: read_definition(cells)?,
        source: cells.text()?,
        last_updated: cells.number()?,
    })
}

/// Reads a definition.
pub(crate) fn read_definition(cells: &mut Cells) -> Result<Definition, Wrong> {
    Definition::from_text(&cells.text()?).map_err(|error| error.to_string())
}
