//! Secrets in a definition: which values are secret, and how references take their place.

use std::borrow::Cow;
use std::convert::Infallible;

use serde_json::Value;

use super::Definition;
use crate::secret::Secret;

/// How references to what this bridge has sealed begin.
pub const OWN_SCHEME: &str = "secret://swingbridge/";

/// The engine of Clouddriver's kork that carries the value itself: for tests there, a value in clear everywhere.
const NOOP: [&str; 3] = ["encrypted:noop!", "encryptedFile:noop!", "secret://noop?"];

/// How references to the contents of a file begin, in kork's notation.
const FILE_SCHEME: &str = "encryptedFile:";

/// What a reader sees in the place of a secret value.
const REDACTED: &str = "(redacted)";

/// Whether a text refers to a secret that is kept elsewhere (kork's notation, or ours).
#[must_use]
pub fn is_reference(text: &str) -> bool {
    ["encrypted:", "encryptedFile:", "secret://"].iter().any(|scheme| text.starts_with(scheme))
        && !NOOP.iter().any(|scheme| text.starts_with(scheme))
}

impl Definition {
    /// Puts references in the place of secret values, at any depth: inline kubeconfigs, values of the `noop` engine, and
    /// attributes whose name says so. `refer` is given each value and answers its reference.
    ///
    /// # Errors
    /// What `refer` answers.
    pub fn seal<E>(
        &mut self,
        mut refer: impl FnMut(&Secret) -> Result<String, E>,
    ) -> Result<(), E> {
        self.0.iter_mut().try_for_each(|(key, value)| {
            each_text(key, value, &mut |key, text| {
                if is_secret(key, text) {
                    *text = refer(&Secret::new(std::mem::take(text)))?;
                }
                Ok(())
            })
        })
    }

    /// The JSON value for a reader. References stay; a value that [`Self::seal`] would have taken is replaced, should one
    /// ever stand here.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let mut value = self.to_json();
        let redacted = each_text("", &mut value, &mut |key, text| {
            if is_secret(key, text) {
                REDACTED.clone_into(text);
            }
            Ok::<_, Infallible>(())
        });
        match redacted {
            Ok(()) => value,
            Err(never) => match never {},
        }
    }

    /// The references in this definition.
    #[must_use]
    pub fn references(&self) -> Vec<&str> {
        let mut found = Vec::new();
        self.0.values().for_each(|value| find_references(value, &mut found));
        found
    }

    /// The same, where the kubeconfig's file is a reference to a file's contents (kork's `encryptedFile:`, which writes
    /// them into a file of Clouddriver's machine): resolved, it is no path but the kubeconfig itself. `sealed` says what
    /// stands behind a reference of this bridge's own.
    #[must_use]
    pub fn with_file_as_contents<'s>(
        &self,
        sealed: impl Fn(&str) -> Option<&'s Secret>,
    ) -> Cow<'_, Self> {
        let file = self.0.get(super::FILE);
        let text = file.and_then(Value::as_str).unwrap_or_default();
        let written = sealed(text).map_or(text, Secret::expose);
        let Some(reference) = file.filter(|_| written.starts_with(FILE_SCHEME)) else {
            return Cow::Borrowed(self);
        };
        let mut moved = self.clone();
        moved.0.insert(super::CONTENTS.to_owned(), reference.clone());
        moved.0.remove(super::FILE);
        Cow::Owned(moved)
    }

    /// The definition with secrets in the place of their references, as JSON: for an agent, and for nobody else.
    ///
    /// # Errors
    /// What `resolve` answers for the first reference that cannot be resolved.
    pub fn resolved<E>(
        &self,
        mut resolve: impl FnMut(&str) -> Result<Secret, E>,
    ) -> Result<Secret, E> {
        let mut value = self.to_json();
        each_text("", &mut value, &mut |_, text| {
            if is_reference(text) {
                resolve(text)?.expose().clone_into(text);
            }
            Ok(())
        })?;
        Ok(Secret::new(value.to_string()))
    }
}

/// Visits every text of a value with the key that it stands under; elements of a list stand under the list's.
fn each_text<E>(
    key: &str,
    value: &mut Value,
    visit: &mut impl FnMut(&str, &mut String) -> Result<(), E>,
) -> Result<(), E> {
    match value {
        Value::String(text) => visit(key, text),
        Value::Array(list) => {
            list.iter_mut().try_for_each(|element| each_text(key, element, visit))
        }
        Value::Object(map) => {
            map.iter_mut().try_for_each(|(key, member)| each_text(key, member, visit))
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
    }
}

fn find_references<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(text) if is_reference(text) => found.push(text),
        Value::Array(list) => list.iter().for_each(|element| find_references(element, found)),
        Value::Object(map) => map.values().for_each(|member| find_references(member, found)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
}

/// Whether a value, at any depth, holds a text that [`Definition::seal`] would take out.
pub(super) fn has_secret(key: &str, value: &Value) -> bool {
    let found = each_text(key, &mut value.clone(), &mut |key, text| {
        if is_secret(key, text) { Err(()) } else { Ok(()) }
    });
    found.is_err()
}

fn is_secret(key: &str, text: &str) -> bool {
    if text.is_empty() || is_reference(text) {
        return false;
    }
    let inline = matches!(key, super::CONTENTS | "kubeconfigAgent");
    inline || NOOP.iter().any(|scheme| text.starts_with(scheme)) || names_a_secret(key)
}

/// The pattern of Clouddriver's masking serialiser (kork-credentials, `sensitivePropertyNamePattern`), by its parts.
fn names_a_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["password", "passphrase", "token"].iter().any(|word| key.ends_with(word))
        || ["privatekey", "secretkey", "accesskey"].iter().any(|word| key.ends_with(word))
}
