//! Reads one row of Clouddriver's `accounts`: a definition, or a sentence that says why there is none.
//!
//! Clouddriver checks nothing when it stores a row and skips what it cannot use at every poll; here such a row is said
//! to be at fault. No sentence holds anything of a body but the names of attributes that are known.

use host_core::definition::{CONTENTS, Definition, FILE, OWN_SCHEME};
use host_core::name;
use host_core::source::RawAccount;
use serde_json::Value;

use crate::secrets;

/// The type whose rows are read.
const KUBERNETES: &str = "kubernetes";

/// The definition in a row, secrets in clear.
pub(crate) fn read(row: &RawAccount) -> Result<Definition, String> {
    let checked = name::check(&row.id).map_err(|error| error.to_string())?;
    if checked != row.id {
        return Err(
            "the name is not in Unicode's normal form C, in which names are compared".into()
        );
    }
    let body: Value = serde_json::from_str(row.body.expose()).map_err(|error| {
        format!("the body is no JSON (line {}, column {})", error.line(), error.column())
    })?;
    check_head(&body, row)?;
    let definition = Definition::from_json(body).map_err(|error| error.to_string())?;
    definition.check_whole().map_err(|error| error.to_string())?;
    check_references(&definition)?;
    Ok(definition)
}

/// Name and type. Clouddriver goes by those in the body, so they must be the row's.
fn check_head(body: &Value, row: &RawAccount) -> Result<(), String> {
    let Value::Object(attributes) = body else {
        return Err("the body is no JSON object".into());
    };
    match attributes.get("name").and_then(Value::as_str) {
        None => return Err("the body has no name".into()),
        Some(name) if name != row.id => {
            return Err("the name in the body is another one than the row's id; Clouddriver goes by the body's".into());
        }
        Some(_) => {}
    }
    match attributes.get("type").and_then(Value::as_str) {
        None => Err("the body has no type (written \"type\", not \"@type\")".into()),
        Some(KUBERNETES) if row.kind == KUBERNETES => Ok(()),
        Some(_) => Err("the body is of another type than kubernetes".into()),
    }
}

/// References that cannot be resolved, whatever the engine says.
fn check_references(definition: &Definition) -> Result<(), String> {
    for key in definition.keys() {
        let Some(text) = definition.get(&key).and_then(Value::as_str) else { continue };
        if key == FILE && text.starts_with(secrets::FILE_SCHEME) {
            return Err(format!(
                "{FILE} holds an encryptedFile: reference; it belongs into {CONTENTS}"
            ));
        }
        if text.starts_with(OWN_SCHEME) {
            return Err(format!(
                "{key} holds a reference of this bridge, which nobody else may use"
            ));
        }
        secrets::check(text).map_err(|why| format!("{key}: {why}"))?;
    }
    Ok(())
}
