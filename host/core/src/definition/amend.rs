//! What policies may change of a definition, and what they may not: an account's name, and its secrets.

use serde_json::Value;

use super::{Definition, attributes, is_reference, secrets};
use crate::policy::Amendment;

impl Definition {
    /// The definition with a policy's amendments, in their order.
    ///
    /// # Errors
    /// A sentence that says what a policy may not do: touch what is no attribute of a definition, put a secret or a
    /// reference in or take one away, or give an attribute a value of the wrong type.
    pub fn amended(&self, amendments: &[Amendment]) -> Result<Self, String> {
        let mut amended = self.clone();
        for amendment in amendments {
            let key = attributes::spelling(&amendment.key);
            if attributes::NOT_OF_THE_DEFINITION.contains(&key.as_str()) {
                return Err(format!("{key} is not for a policy to change"));
            }
            let before = amended.0.get(&key);
            if super::KUBECONFIGS.contains(&key.as_str()) || before.is_some_and(has_reference) {
                return Err(format!("{key} leads to credentials, which no policy may change"));
            }
            match amendment.value.clone().filter(|value| !value.is_null()) {
                None => {
                    amended.0.remove(&key);
                }
                Some(value) => {
                    if has_reference(&value) || secrets::has_secret(&key, &value) {
                        return Err(format!("{key} cannot be given a secret by a policy"));
                    }
                    attributes::check(&key, &value).map_err(|fault| fault.to_string())?;
                    amended.0.insert(key, value);
                }
            }
        }
        let size = amended.to_text().len();
        if size > super::DEFINITION_MAX {
            return Err(super::BadDefinition::TooLarge(size).to_string());
        }
        Ok(amended)
    }
}

fn has_reference(value: &Value) -> bool {
    match value {
        Value::String(text) => is_reference(text),
        Value::Array(list) => list.iter().any(has_reference),
        Value::Object(map) => map.values().any(has_reference),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::definition::Definition;
    use crate::policy::Amendment;

    fn amend(key: &str, value: Option<Value>) -> Result<Value, String> {
        let before = json!({
            "kubeconfigFile": "encryptedFile:k8s!n:kc!k:config",
            "namespaces": ["a"],
            "extra": {"token": "secret://vault/x"},
        });
        let before = Definition::from_json(before).expect("a definition");
        before.amended(&[Amendment { key: key.into(), value }]).map(|after| after.to_json())
    }

    #[test]
    fn a_policy_sets_and_removes_attributes_in_their_one_spelling() {
        let set = amend("NameSpaces", Some(json!(["b"]))).expect("it may");
        assert_eq!(set["namespaces"], json!(["b"]));
        assert!(amend("namespaces", None).expect("it may").get("namespaces").is_none());
    }

    #[test]
    fn a_policy_changes_neither_name_nor_secrets() {
        for (key, value) in [
            ("name", Some(json!("b"))),
            ("zoneId", Some(json!("eu"))),
            ("kubeconfigFile", Some(json!("/tmp/other"))),
            ("kubeconfigFile", None),
            ("kubeconfigContents", Some(json!("apiVersion: v1"))),
            ("serviceAccount", Some(json!(true))),
            ("extra", None),
            ("extra", Some(json!({}))),
            ("context", Some(json!("encrypted:k8s!n:x!k:y"))),
            ("password", Some(json!("hunter2"))),
        ] {
            assert!(amend(key, value).is_err(), "{key}");
        }
    }

    #[test]
    fn an_attribute_of_the_wrong_type_is_refused() {
        let wrong = amend("namespaces", Some(json!("default")));
        assert_eq!(wrong, Err("namespaces must be a list of strings".into()));
    }
}
