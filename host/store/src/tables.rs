//! How our words lie in tables: the columns of each, values from words, and words from rows.

pub(crate) mod account;
pub(crate) mod agent;
pub(crate) mod holding;
pub(crate) mod item;
pub(crate) mod journal;
pub(crate) mod operation;
pub(crate) mod record;

use host_core::account::{Failure, Identity};

use crate::setwise::Table;
use crate::value::{Cells, Value, Wrong};

/// The generations of names.
pub(crate) const NAMES: Table =
    Table { name: "swingbridge_names", columns: &["name", "generation", "removed_at"] };

/// Sealed values.
pub(crate) const SECRETS: Table =
    Table { name: "swingbridge_secrets", columns: &["reference", "account", "sealed", "at"] };

/// What agents see of clusters.
pub(crate) const NAMESPACES: Table =
    Table { name: "swingbridge_namespaces", columns: &["id", "account", "agent", "namespaces"] };

/// The three columns of an identity.
fn identity_values(identity: Option<&Identity>) -> [Value; 3] {
    [
        Value::from(identity.map(|identity| identity.host.as_str())),
        Value::from(identity.map(|identity| identity.fingerprint.as_str())),
        Value::from(identity.map(|identity| identity.version.as_str())),
    ]
}

fn read_identity(cells: &mut Cells) -> Result<Option<Identity>, Wrong> {
    let (host, fingerprint, version) =
        (cells.maybe_text()?, cells.maybe_text()?, cells.maybe_text()?);
    Ok(host.map(|host| Identity {
        host,
        fingerprint: fingerprint.unwrap_or_default(),
        version: version.unwrap_or_default(),
    }))
}

/// The two columns of a failure.
fn failure_values(failure: Option<&Failure>) -> [Value; 2] {
    [
        Value::from(failure.map(|failure| failure.code.as_str())),
        Value::from(failure.map(|failure| failure.text.as_str())),
    ]
}

fn read_failure(cells: &mut Cells) -> Result<Option<Failure>, Wrong> {
    let (code, text) = (cells.maybe_text()?, cells.maybe_text()?);
    Ok(code.map(|code| Failure { code, text: text.unwrap_or_default() }))
}
