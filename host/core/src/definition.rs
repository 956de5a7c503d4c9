//! An account's definition: attributes of known types, unknown ones kept, secrets only as references.
//!
//! This is the one place of the host that knows which attributes a Kubernetes account has (`spec/http-api.md`, "Account
//! attributes"; Clouddriver's `KubernetesAccountProperties.ManagedAccount`). It does not know how a secret is kept.

mod amend;
mod attributes;
mod secrets;

use serde_json::{Map, Value};
use thiserror::Error;

pub use attributes::{CONTENTS, FILE, SERVICE_ACCOUNT};
pub use secrets::{OWN_SCHEME, is_reference};

/// The three ways to give a kubeconfig; an account has one of them.
pub const KUBECONFIGS: [&str; 3] = [CONTENTS, FILE, SERVICE_ACCOUNT];

/// The largest definition, in bytes of JSON.
pub const DEFINITION_MAX: usize = 256 * 1024;

/// What is wrong with an attribute. The message is for the caller and never holds a value.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadDefinition {
    /// It is no JSON object.
    #[error("a definition is a JSON object")]
    NotAnObject,
    /// An attribute has the wrong type.
    #[error("{key} must be {expected}")]
    WrongType {
        /// The attribute.
        key: String,
        /// What it should be.
        expected: &'static str,
    },
    /// A role that is blank, or has blanks around it, would leave the account open to everybody.
    #[error("permissions.{key} has a role that is blank or has blanks around it")]
    BlankRole {
        /// `READ`, `WRITE`, …
        key: String,
    },
    /// None, or more than one, of [`KUBECONFIGS`].
    #[error(
        "give exactly one of kubeconfigContents, kubeconfigFile and serviceAccount: true ({0} are given)"
    )]
    Kubeconfig(usize),
    /// Two attributes that exclude each other.
    #[error("{0} and {1} exclude each other")]
    Exclusive(&'static str, &'static str),
    /// Longer than [`DEFINITION_MAX`].
    #[error("the definition has {0} bytes; at most {DEFINITION_MAX} are allowed")]
    TooLarge(usize),
}

/// A definition: a JSON object without the account's name and zone, which are the row's.
#[derive(Clone, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Definition(Map<String, Value>);

/// Shows which attributes are set and none of their values: before it is sealed, a definition may hold secrets.
impl std::fmt::Debug for Definition {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Definition {
    /// Takes a JSON object, with the spellings of the original made one (`kubeConfigFile`, `oAuthScopes`), and checks
    /// the type of every attribute that is known. `name`, `zoneId`, `state` and `type` are left out.
    ///
    /// # Errors
    /// [`BadDefinition`], for the first attribute that is wrong.
    pub fn from_json(value: Value) -> Result<Self, BadDefinition> {
        let Value::Object(object) = value else {
            return Err(BadDefinition::NotAnObject);
        };
        let mut map = Map::new();
        for (key, value) in object {
            let key = attributes::spelling(&key);
            if attributes::NOT_OF_THE_DEFINITION.contains(&key.as_str()) {
                continue;
            }
            attributes::check(&key, &value)?;
            map.insert(key, value);
        }
        let definition = Self(map);
        let size = definition.to_text().len();
        if size > DEFINITION_MAX {
            return Err(BadDefinition::TooLarge(size));
        }
        Ok(definition)
    }

    /// Reads what [`Self::to_text`] wrote; attributes are not checked again.
    ///
    /// # Errors
    /// [`BadDefinition::NotAnObject`] if the text is no JSON object.
    pub fn from_text(text: &str) -> Result<Self, BadDefinition> {
        match serde_json::from_str(text) {
            Ok(Value::Object(map)) => Ok(Self(map)),
            _ => Err(BadDefinition::NotAnObject),
        }
    }

    /// Checks what only a whole definition can be asked: one kubeconfig, and nothing that excludes another.
    ///
    /// # Errors
    /// [`BadDefinition`], for the first rule that is broken.
    pub fn check_whole(&self) -> Result<(), BadDefinition> {
        let given = KUBECONFIGS.iter().filter(|key| self.gives(key)).count();
        if given != 1 {
            return Err(BadDefinition::Kubeconfig(given));
        }
        for (one, other) in [("namespaces", "omitNamespaces"), ("kinds", "omitKinds")] {
            if self.gives(one) && self.gives(other) {
                return Err(BadDefinition::Exclusive(one, other));
            }
        }
        Ok(())
    }

    /// Whether an attribute says something: present, not null, not empty, not `false`.
    #[must_use]
    pub fn gives(&self, key: &str) -> bool {
        match self.0.get(key) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::String(text)) => !text.is_empty(),
            Some(Value::Array(list)) => !list.is_empty(),
            Some(_) => true,
        }
    }

    /// The attributes that are set, in their order.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// An attribute's value.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Whether nothing is set.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// This definition with another laid over it. A `null` removes an attribute; setting one way to give a kubeconfig
    /// clears the others.
    #[must_use]
    pub fn merged(&self, over: &Self) -> Self {
        let mut map = self.0.clone();
        if KUBECONFIGS.iter().any(|key| over.gives(key)) {
            for key in KUBECONFIGS {
                map.remove(key);
            }
        }
        for (key, value) in &over.0 {
            if value.is_null() {
                map.remove(key);
            } else {
                map.insert(key.clone(), value.clone());
            }
        }
        Self(map)
    }

    /// The JSON text that the database keeps.
    #[must_use]
    pub fn to_text(&self) -> String {
        Value::Object(self.0.clone()).to_string()
    }

    /// The JSON value, for answers.
    #[must_use]
    pub fn to_json(&self) -> Value {
        Value::Object(self.0.clone())
    }

    /// The handle of this definition: a fingerprint of its text, so that the same content has the same handle.
    #[must_use]
    pub fn id(&self) -> String {
        blake3::hash(self.to_text().as_bytes()).to_hex()[..32].to_owned()
    }
}

#[cfg(test)]
mod tests;
