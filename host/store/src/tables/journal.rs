//! Rows of `swingbridge_journal`.

use host_core::journal::{JournalEntry, Place, Transition};

use crate::setwise::Table;
use crate::value::{Cells, Value, Wrong};

/// Every column.
pub(crate) const TABLE: Table = Table {
    name: "swingbridge_journal",
    columns: &[
        "id",
        "at",
        "account",
        "from_state",
        "to_state",
        "event",
        "reason",
        "who",
        "request",
        "operation",
        "module",
        "revision",
    ],
};

/// The values of [`TABLE`].
pub(crate) fn inserted(entry: &JournalEntry) -> Vec<Value> {
    vec![
        Value::from(&entry.id),
        Value::from(entry.at),
        Value::from(&entry.account),
        Value::from(&entry.from),
        Value::from(&entry.to),
        Value::from(&entry.event),
        Value::from(&entry.reason),
        Value::from(&entry.who),
        Value::from(&entry.request),
        Value::from(&entry.operation),
        Value::from(&entry.module),
        Value::from(entry.revision),
    ]
}

/// Reads the columns of `journal!()`.
pub(crate) fn read(cells: &mut Cells) -> Result<JournalEntry, Wrong> {
    Ok(JournalEntry {
        id: cells.text()?,
        at: cells.number()?,
        account: cells.text()?,
        from: cells.maybe_text()?,
        to: cells.maybe_text()?,
        event: cells.text()?,
        reason: cells.text()?,
        who: cells.text()?,
        request: cells.maybe_text()?,
        operation: cells.maybe_text()?,
        module: cells.text()?,
        revision: cells.number()?,
    })
}

/// Reads the columns of `transition!()`.
pub(crate) fn read_transition(cells: &mut Cells) -> Result<Transition, Wrong> {
    let entry = read(cells)?;
    let (zone, source) = (cells.maybe_text()?, cells.maybe_text()?);
    Ok(Transition { entry, there: source.map(|source| Place { zone, source }) })
}
