//! What is asked twice and done once: the caller's key, where it holds, and what was asked with it.

use serde_json::Value;

use crate::clock::Millis;

/// How long a key is remembered, in milliseconds: a day (`spec/http-api.md`, `Idempotency-Key`).
pub const KEPT_MS: Millis = 86_400_000;

/// A caller's key for one request, as two hashes: neither says what stood in a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    /// Names the key where it holds: the same caller, method and path. 64 hexadecimal digits.
    pub id: String,
    /// What was asked with it. The same for two bodies that differ only in the order of members or in blanks.
    pub fingerprint: String,
}

impl Once {
    /// A key of a caller at a place (method and path), with what is asked: the parameters that matter, sorted here, and
    /// the body.
    #[must_use]
    pub fn new(
        who: &str,
        place: &str,
        key: &str,
        mut parameters: Vec<(String, String)>,
        body: Option<&Value>,
    ) -> Self {
        parameters.sort();
        let mut asked: Vec<String> =
            parameters.into_iter().flat_map(|(name, value)| [name, value]).collect();
        let mut text = String::new();
        body.into_iter().for_each(|body| canonical(body, &mut text));
        asked.push(text);
        Self {
            id: hash([who, place, key].into_iter()),
            fingerprint: hash(asked.iter().map(String::as_str)),
        }
    }
}

/// Each part with its length before it, so that no two lists of parts are the same bytes.
fn hash<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    let mut hasher = blake3::Hasher::new();
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    hasher.finalize().to_hex().to_string()
}

/// JSON without blanks, the members of every object by name.
fn canonical(value: &Value, text: &mut String) {
    match value {
        Value::Object(members) => {
            let mut members: Vec<_> = members.iter().collect();
            members.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (name, value) in members {
                text.push_str(&Value::from(name.as_str()).to_string());
                text.push(':');
                canonical(value, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Array(elements) => {
            text.push('[');
            for element in elements {
                canonical(element, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::Once;

    fn once(body: &Value, parameters: &[(&str, &str)]) -> Once {
        let pair = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Once::new("ada", "PATCH /a", "k", parameters.iter().map(pair).collect(), Some(body))
    }

    #[test]
    fn the_order_of_members_and_parameters_changes_nothing() {
        let one = json!({"a": [1, {"b": 2, "c": 3}], "d": null});
        let other: Value =
            serde_json::from_str(r#"{ "d": null, "a": [1, {"c": 3, "b": 2}] }"#).expect("JSON");
        assert_eq!(once(&one, &[("x", "1"), ("y", "2")]), once(&other, &[("y", "2"), ("x", "1")]));
    }

    #[test]
    fn another_body_parameter_or_order_of_a_list_is_something_else() {
        let mut seen = std::collections::HashSet::new();
        for (body, parameters) in [
            (json!(["a", "b"]), &[][..]),
            (json!(["b", "a"]), &[]),
            (json!(["a,", "b"]), &[]),
            (json!([["a"], "b"]), &[]),
            (json!(["a", "b"]), &[("upsert", "true")]),
            (json!(["a", "b"]), &[("upsert", "false")]),
            (json!({"a": "b"}), &[]),
        ] {
            assert!(seen.insert(once(&body, parameters).fingerprint), "{body}");
        }
    }

    #[test]
    fn a_key_holds_for_one_caller_and_place() {
        let of = |who, place, key| Once::new(who, place, key, Vec::new(), None).id;
        let ids =
            [of("ada", "a", "k"), of("bob", "a", "k"), of("ada", "b", "k"), of("ada", "a", "l")];
        let different: std::collections::HashSet<_> = ids.iter().collect();
        assert_eq!(different.len(), ids.len());
        assert_ne!(of("ad", "aa", "k"), of("ada", "a", "k"), "no part runs into the next");
    }
}
