//! Secrets in a definition: which values are secret, and how references take their place.

use serde_json::Value;

use super::Definition;
use crate::secret::Secret;

/// How references to what this bridge has sealed begin.
pub const OWN_SCHEME: &str = "secret://swingbridge/";

/// The engine of Clouddriver's kork that carries the value itself: for tests there, a value in clear everywhere.
const NOOP: [&str; 3] = ["encrypted:noop!", "encryptedFile:noop!", "secret://noop?"];

/// What a reader sees in the place of a secret value.
const REDACTED: &str = "(redacted)";

/// Whether a text refers to a secret that is kept elsewhere (kork's notation, or ours).
#[must_use]
pub fn is_reference(text: &str) -> bool {
    ["encrypted:", "encryptedFile:", "secret://"].iter().any(|scheme| text.starts_with(scheme))
        && !NOOP.iter().any(|scheme| text.starts_with(scheme))
}

impl Definition {
    /// Puts references in the place of secret values: inline kubeconfigs, values of the `noop` engine, and attributes
    /// whose name says so. `refer` is given each value and answers its reference.
    ///
    /// # Errors
    /// What `refer` answers.
    pub fn seal<E>(
        &mut self,
        mut refer: impl FnMut(&Secret) -> Result<String, E>,
    ) -> Result<(), E> {
        for (key, value) in &mut self.0 {
            if let Value::String(text) = value
                && is_secret(key, text)
            {
                *text = refer(&Secret::new(std::mem::take(text)))?;
            }
        }
        Ok(())
    }

    /// The JSON value for a reader. References stay; a value that [`Self::seal`] would have taken, at any depth, is
    /// replaced, should one ever stand here.
    #[must_use]
    pub fn redacted(&self) -> Value {
        let mut value = self.to_json();
        redact("", &mut value);
        value
    }

    /// The references in this definition, attribute and text.
    #[must_use]
    pub fn references(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .filter_map(|(key, value)| value.as_str().map(|text| (key.as_str(), text)))
            .filter(|(_, text)| is_reference(text))
            .collect()
    }

    /// The definition with secrets in the place of their references, as JSON: for an agent, and for nobody else.
    ///
    /// # Errors
    /// What `resolve` answers for the first reference that cannot be resolved.
    pub fn resolved<E>(
        &self,
        mut resolve: impl FnMut(&str) -> Result<Secret, E>,
    ) -> Result<Secret, E> {
        let mut map = self.0.clone();
        for value in map.values_mut() {
            if let Value::String(text) = value
                && is_reference(text)
            {
                resolve(text)?.expose().clone_into(text);
            }
        }
        Ok(Secret::new(Value::Object(map).to_string()))
    }
}

fn redact(key: &str, value: &mut Value) {
    match value {
        Value::String(text) if is_secret(key, text) => REDACTED.clone_into(text),
        Value::Array(list) => list.iter_mut().for_each(|element| redact(key, element)),
        Value::Object(map) => map.iter_mut().for_each(|(key, member)| redact(key, member)),
        Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => {}
    }
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
