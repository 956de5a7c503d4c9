//! Recorded calls.

use host_core::port::recordings::KeptRecord;

use crate::setwise::Table;
use crate::value::{Cells, Value, Wrong, json};

/// The table.
pub(crate) const TABLE: Table = Table {
    name: "swingbridge_records",
    columns: &[
        "id", "at", "slot", "module", "export", "outcome", "took_us", "size", "accounts", "body",
    ],
};

/// A row of the table.
pub(crate) fn inserted(record: KeptRecord) -> Vec<Value> {
    let (size, accounts) = (record.bytes(), json(&record.accounts));
    vec![
        Value::from(record.id),
        Value::from(record.at),
        Value::from(record.slot),
        Value::from(record.module),
        Value::from(record.export),
        Value::from(record.outcome),
        Value::from(record.took_us),
        Value::from(size),
        accounts,
        Value::from(record.body),
    ]
}

/// Reads a row.
pub(crate) fn read(cells: &mut Cells) -> Result<KeptRecord, Wrong> {
    Ok(KeptRecord {
        id: cells.text()?,
        at: cells.number()?,
        slot: cells.text()?,
        module: cells.text()?,
        export: cells.text()?,
        outcome: cells.text()?,
        took_us: cells.number()?,
        accounts: cells.json()?,
        body: cells.bytes()?,
    })
}
