//! Reads a YAML file into the values that stand in it, each with its dotted name and its line. It knows which keys take
//! a map as a value, and nothing else about them.

use std::collections::BTreeMap;
use std::fmt;

use figment::value::{Dict, Value as Given};
use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::table;

/// A value in a file.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Leaf {
    /// `agents.grace`, also where the file says `agents:` and `grace:`.
    pub(crate) name: String,
    /// Where in the file; the first is 1.
    pub(crate) line: u64,
    /// What.
    pub(crate) value: Given,
}

/// Every value of a YAML document; an empty section or value counts as not written.
///
/// # Errors
/// Why it is no YAML, with the line.
pub(crate) fn leaves(text: &str) -> Result<Vec<Leaf>, String> {
    let options = serde_saphyr::options! { with_snippet: false };
    let document: Spanned<Node> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| error.to_string())?;
    let mut leaves = Vec::new();
    collect(String::new(), document.referenced.line(), document.value, &mut leaves);
    Ok(leaves)
}

/// What a YAML node is.
enum Node {
    Nothing,
    Scalar(Given),
    List(Vec<Node>),
    Map(Vec<(Spanned<String>, Spanned<Node>)>),
}

fn collect(name: String, line: u64, node: Node, leaves: &mut Vec<Leaf>) {
    let whole = table::find(&name).is_some_and(|key| key.kind.is_structured());
    match node {
        Node::Nothing => {}
        Node::Map(entries) if !whole => {
            for (key, value) in entries {
                let inner =
                    if name.is_empty() { key.value } else { format!("{name}.{}", key.value) };
                collect(inner, key.referenced.line(), value.value, leaves);
            }
        }
        Node::Map(_) | Node::Scalar(_) | Node::List(_) => {
            leaves.push(Leaf { name, line, value: given(node) });
        }
    }
}

fn given(node: Node) -> Given {
    match node {
        Node::Nothing => Given::from(""),
        Node::Scalar(value) => value,
        Node::List(entries) => Given::from(entries.into_iter().map(given).collect::<Vec<_>>()),
        Node::Map(entries) => {
            let map: BTreeMap<String, Given> =
                entries.into_iter().map(|(key, value)| (key.value, given(value.value))).collect();
            Given::from(Dict::from(map))
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("keys and values")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Nothing)
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Given::from(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Scalar(Given::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Scalar(Given::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        Ok(Node::Scalar(Given::from(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Given::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Node::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Node::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<(String, u64)> {
        leaves(text).expect("YAML").into_iter().map(|leaf| (leaf.name, leaf.line)).collect()
    }

    #[test]
    fn sections_and_dotted_names_are_the_same() {
        let nested = names("agents:\n  grace: 5s\n  listen: '[::1]:0'\n");
        assert_eq!(nested, [("agents.grace".to_owned(), 2), ("agents.listen".to_owned(), 3)]);
        assert_eq!(
            names("agents.grace: 5s\nagents:\n  listen: '[::1]:0'\n"),
            [("agents.grace".to_owned(), 1), ("agents.listen".to_owned(), 3)]
        );
    }

    #[test]
    fn a_map_is_a_value_where_the_key_takes_one() {
        let leaves = leaves("agent:\n  labels:\n    tier: prod\n").expect("YAML");
        assert_eq!(leaves.len(), 1);
        assert_eq!(leaves[0].name, "agent.labels");
        assert!(leaves[0].value.as_dict().is_some());
    }

    #[test]
    fn an_empty_file_or_section_says_nothing() {
        assert_eq!(names(""), []);
        assert_eq!(names("# nothing yet\n"), []);
        assert_eq!(names("agents:\nserver:\n  listen:\n"), []);
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        let error = leaves("agents:\n  grace: [1\n").expect_err("not closed");
        assert!(error.contains("line"), "{error}");
    }
}
