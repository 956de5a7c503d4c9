//! Rows of `swingbridge_request_items`, and of `swingbridge_requests`.

use host_core::account::Failure;
use host_core::event::Refused;
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use host_core::unit::ItemWrite;

use crate::setwise::{Guarded, Swap, Table};
use crate::value::{self, Cells, Value, Wrong};

/// The name in errors.
pub(crate) const NAME: &str = "swingbridge_request_items";

/// The name of the requests' table in errors.
pub(crate) const REQUESTS: &str = "swingbridge_requests";

/// For changes by id.
pub(crate) const GUARDED: Guarded = Guarded { table: NAME, key: "id", guard: "outcome" };

/// Every column.
pub(crate) const TABLE: Table = Table {
    name: NAME,
    columns: &["id", "request", "name", "outcome", "state", "code", "text", "possible"],
};

/// The columns that its end writes.
pub(crate) const ENDING: &[&str] = &["outcome", "state", "code", "text", "possible"];

/// Only items that are pending end; what was told to a caller stays.
pub(crate) const PENDING: &str = " AND outcome = 'pending'";

/// The key: ids of requests hold no slash.
pub(crate) fn id(item: &ItemWrite) -> String {
    format!("{}/{}", item.request, item.name)
}

/// The values of [`TABLE`].
pub(crate) fn inserted(item: &ItemWrite) -> Vec<Value> {
    let mut values =
        vec![Value::from(id(item)), Value::from(&item.request), Value::from(&item.name)];
    values.extend(ending(item));
    values
}

/// The values of [`ENDING`].
pub(crate) fn ended(item: &ItemWrite) -> Swap {
    Swap { key: id(item), expected: 0, values: ending(item) }
}

fn ending(item: &ItemWrite) -> Vec<Value> {
    let error = item.outcome.error();
    let possible = match &item.outcome {
        ItemOutcome::Refused(refused) => refused.possible.as_slice(),
        ItemOutcome::Pending
        | ItemOutcome::Done
        | ItemOutcome::Failed(_)
        | ItemOutcome::Superseded
        | ItemOutcome::ModuleFailed(_)
        | ItemOutcome::Busy(_) => &[],
    };
    vec![
        Value::from(item.outcome.as_str()),
        Value::from(&item.state),
        Value::from(error.as_ref().map(|error| error.code.as_str())),
        Value::from(error.as_ref().map(|error| error.text.as_str())),
        value::json(&possible),
    ]
}

/// Reads the columns of `ITEMS`.
pub(crate) fn read(cells: &mut Cells) -> Result<RequestItem, Wrong> {
    let (name, word, state) = (cells.text()?, cells.text()?, cells.maybe_text()?);
    let code = cells.maybe_text()?.unwrap_or_default();
    let text = cells.maybe_text()?.unwrap_or_default();
    let possible = cells.json::<Vec<String>>()?;
    let outcome = match word.as_str() {
        "pending" => ItemOutcome::Pending,
        "done" => ItemOutcome::Done,
        "failed" => ItemOutcome::Failed(Failure { code, text }),
        "refused" => ItemOutcome::Refused(Refused { code, reason: text, possible }),
        "superseded" => ItemOutcome::Superseded,
        "module-failed" => ItemOutcome::ModuleFailed(text),
        "busy" => ItemOutcome::Busy(text),
        other => return Err(format!("{other:?} is no outcome")),
    };
    Ok(RequestItem { name, outcome, state })
}

/// Reads the columns of `REQUEST`.
pub(crate) fn read_request(cells: &mut Cells) -> Result<RequestRow, Wrong> {
    Ok(RequestRow {
        id: cells.text()?,
        action: cells.word()?,
        who: cells.text()?,
        created_at: cells.number()?,
        total: cells.number()?,
        replica: cells.text()?,
    })
}
