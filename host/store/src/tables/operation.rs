//! Rows of `swingbridge_operations`.

use host_core::operation::Operation;
use host_core::unit::OperationEnd;

use super::{failure_values, read_failure};
use crate::setwise::{Guarded, Swap, Table};
use crate::value::{self, Cells, Value, Wrong};

/// The name in errors.
pub(crate) const NAME: &str = "swingbridge_operations";

/// For changes by id.
pub(crate) const GUARDED: Guarded = Guarded { table: NAME, key: "id", guard: "state" };

/// Every column but `session`, which only sending sets, and `sight`, which only an answer does.
pub(crate) const TABLE: Table = Table {
    name: NAME,
    columns: &[
        "id",
        "parent",
        "account",
        "agent",
        "instance",
        "kind",
        "definition_revision",
        "generation",
        "state",
        "not_before",
        "deadline",
        "context",
        "module",
        "data_version",
        "created_at",
        "attempts",
        "sent_at",
        "ended_at",
        "failure_code",
        "failure_text",
        "slot_generation",
    ],
};

/// The columns that its end writes.
pub(crate) const ENDING: &[&str] = &["state", "ended_at", "failure_code", "failure_text", "sight"];

/// The values of [`TABLE`].
pub(crate) fn inserted(operation: &Operation, slot: u64) -> Vec<Value> {
    let mut values = vec![
        Value::from(&operation.id),
        Value::from(&operation.parent),
        Value::from(&operation.account),
        Value::from(&operation.agent),
        Value::from(&operation.instance),
        Value::from(operation.kind.as_str()),
        Value::from(operation.definition_revision),
        Value::from(operation.generation),
        Value::from(operation.state.as_str()),
        Value::from(operation.not_before),
        Value::from(operation.deadline),
        Value::from(&operation.context),
        Value::from(&operation.module),
        Value::from(operation.data_version),
        Value::from(operation.created_at),
        Value::from(operation.attempts),
        Value::from(operation.sent_at),
        Value::from(operation.ended_at),
    ];
    values.extend(failure_values(operation.failure.as_ref()));
    values.push(Value::from(slot));
    values
}

/// The values of [`ENDING`].
pub(crate) fn ended(end: &OperationEnd, at: u64) -> Swap {
    let mut values = vec![Value::from(end.state.as_str()), Value::from(at)];
    values.extend(failure_values(end.failure.as_ref()));
    values.push(end.sight.as_ref().map_or(Value::Text(None), value::json));
    Swap { key: end.id.clone(), expected: 0, values }
}

/// Reads the columns of `operation!()`.
pub(crate) fn read(cells: &mut Cells) -> Result<Operation, Wrong> {
    Ok(Operation {
        id: cells.text()?,
        parent: cells.maybe_text()?,
        account: cells.text()?,
        agent: cells.text()?,
        instance: cells.text()?,
        kind: cells.word()?,
        definition_revision: cells.number()?,
        generation: cells.number()?,
        state: cells.word()?,
        not_before: cells.maybe_number()?,
        deadline: cells.maybe_number()?,
        context: cells.text()?,
        module: cells.text()?,
        data_version: cells.small()?,
        created_at: cells.number()?,
        attempts: cells.small()?,
        sent_at: cells.maybe_number()?,
        ended_at: cells.maybe_number()?,
        failure: read_failure(cells)?,
        sight: cells.maybe_json()?,
    })
}
