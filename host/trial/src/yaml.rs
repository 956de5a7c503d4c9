//! A YAML file as a tree in which every node knows where it stands, and a reader that names what is wrong with it: file,
//! line, column, and the nearest key.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use serde_saphyr::{Location, Spanned};

/// Where something stands in a file. Lines and columns begin at 1; `start` and `end` are bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: u64,
    /// The column.
    pub column: u64,
    /// Its first byte.
    pub start: usize,
    /// The byte behind its last.
    pub end: usize,
}

impl From<Location> for Place {
    fn from(location: Location) -> Self {
        let span = location.span();
        let at = |offset: Option<u64>| offset.and_then(|at| usize::try_from(at).ok()).unwrap_or(0);
        let (start, length) = (at(span.byte_offset()), at(span.byte_len()));
        Self { line: location.line(), column: location.column(), start, end: start + length }
    }
}

/// What is wrong with a file, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Where.
    pub place: Place,
    /// What, in a sentence.
    pub text: String,
}

impl Fault {
    /// This, there.
    pub fn at(place: Place, text: impl Into<String>) -> Self {
        Self { place, text: text.into() }
    }
}

/// A key with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// The key.
    pub text: String,
    /// Where it stands.
    pub place: Place,
}

/// A node with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where it stands.
    pub place: Place,
    /// What it is.
    pub content: Content,
}

/// What a node is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// A value.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// Keys and values.
    Map(Vec<(Key, Node)>),
}

/// Reads a file's text.
///
/// # Errors
/// Why it is no YAML.
pub fn read(text: &str) -> Result<Node, Fault> {
    let options = serde_saphyr::options! { with_snippet: false };
    let document: Result<Spanned<Raw>, _> = serde_saphyr::from_str_with_options(text, options);
    match document {
        Ok(document) => Ok(node(document, text)),
        Err(error) => {
            let place = error.location().map(Place::from).unwrap_or_default();
            Err(Fault::at(place, format!("this is no YAML: {error}")))
        }
    }
}

/// A tree as the library reads it.
#[derive(Debug)]
enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let is_alias = raw.referenced != raw.defined;
    let mut place = Place::from(raw.referenced);
    let content = match raw.value {
        Raw::Scalar(value) => Content::Scalar(value),
        Raw::List(entries) => {
            Content::List(entries.into_iter().map(|entry| node(entry, text)).collect())
        }
        Raw::Map(entries) => {
            let entry = |(key, value): (Spanned<String>, Spanned<Raw>)| {
                let key = Key { place: Place::from(key.referenced), text: key.value };
                (key, node(value, text))
            };
            Content::Map(entries.into_iter().map(entry).collect())
        }
    };
    place.end = end(place, &content, text);
    let mut node = Node { place, content };
    if is_alias {
        node.leave_out_parts();
    }
    node
}

impl Node {
    /// What stands elsewhere has no text here that could be replaced, but as a whole.
    fn leave_out_parts(&mut self) {
        let parts: Box<dyn Iterator<Item = &mut Self>> = match &mut self.content {
            Content::Scalar(_) => return,
            Content::List(entries) => Box::new(entries.iter_mut()),
            Content::Map(entries) => Box::new(entries.iter_mut().map(|(_, value)| value)),
        };
        for part in parts {
            part.place.end = part.place.start;
            part.leave_out_parts();
        }
    }
}

/// The byte behind a node: of a list or map behind its last entry, and behind the bracket that closes it.
fn end(place: Place, content: &Content, text: &str) -> usize {
    let last = match content {
        // The end of the line behind a block scalar is none of it.
        Content::Scalar(_) => {
            let written = text.get(place.start..place.end).unwrap_or_default();
            return place.start + written.trim_end().len();
        }
        Content::List(entries) => entries.last().map(|entry| entry.place.end),
        Content::Map(entries) => {
            entries.last().map(|(key, value)| value.place.end.max(key.place.end))
        }
    };
    let closing = match text.as_bytes().get(place.start) {
        Some(b'{') => '}',
        Some(b'[') => ']',
        _ => return last.unwrap_or(place.end),
    };
    let from = last.unwrap_or(place.start + 1);
    let mut comment = false;
    for (at, character) in text.get(from..).unwrap_or_default().char_indices() {
        match character {
            '\n' => comment = false,
            '#' => comment = true,
            found if found == closing && !comment => return from + at + 1,
            _ => {}
        }
    }
    text.len()
}

impl Node {
    /// What stands here, for a message: `a list`, `a map`, or the value.
    #[must_use]
    pub fn kind(&self) -> String {
        match &self.content {
            Content::Scalar(Value::Null) => "nothing".to_owned(),
            Content::Scalar(value) => value.to_string(),
            Content::List(_) => "a list".to_owned(),
            Content::Map(_) => "keys and values".to_owned(),
        }
    }

    /// Whether nothing is written.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        matches!(self.content, Content::Scalar(Value::Null))
    }

    /// The same as JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        match &self.content {
            Content::Scalar(value) => value.clone(),
            Content::List(entries) => Value::Array(entries.iter().map(Self::json).collect()),
            Content::Map(entries) => {
                let entries = entries.iter().map(|(key, value)| (key.text.clone(), value.json()));
                Value::Object(entries.collect::<Map<_, _>>())
            }
        }
    }

    fn wrong<T>(&self, wanted: &str) -> Result<T, Fault> {
        Err(Fault::at(self.place, format!("{wanted} is expected here, and not {}", self.kind())))
    }

    /// A text; a number stands for its digits.
    ///
    /// # Errors
    /// It is none.
    pub fn text(&self) -> Result<String, Fault> {
        match &self.content {
            Content::Scalar(Value::String(text)) => Ok(text.clone()),
            Content::Scalar(Value::Number(number)) => Ok(number.to_string()),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => self.wrong("a text"),
        }
    }

    /// `true` or `false`.
    ///
    /// # Errors
    /// It is neither.
    pub fn flag(&self) -> Result<bool, Fault> {
        match &self.content {
            Content::Scalar(Value::Bool(flag)) => Ok(*flag),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => self.wrong("true or false"),
        }
    }

    /// A whole number, 0 or more.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self) -> Result<u64, Fault> {
        match &self.content {
            Content::Scalar(Value::Number(number)) if number.is_u64() => {
                Ok(number.as_u64().unwrap_or_default())
            }
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => self.wrong("a whole number"),
        }
    }

    /// A duration with its unit, in milliseconds.
    ///
    /// # Errors
    /// It is none.
    pub fn duration(&self) -> Result<u64, Fault> {
        let parsed = match &self.content {
            Content::Scalar(Value::String(text)) => humantime::parse_duration(text).ok(),
            Content::Scalar(_) | Content::List(_) | Content::Map(_) => None,
        };
        match parsed {
            Some(duration) => Ok(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)),
            None => self.wrong("a duration with its unit, as 61s or 5m,"),
        }
    }

    /// A list.
    ///
    /// # Errors
    /// It is none.
    pub fn list(&self) -> Result<&[Self], Fault> {
        match &self.content {
            Content::List(entries) => Ok(entries),
            Content::Scalar(Value::Null) => Ok(&[]),
            Content::Scalar(_) | Content::Map(_) => self.wrong("a list"),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// It is none.
    pub fn texts(&self) -> Result<Vec<String>, Fault> {
        self.list()?.iter().map(Self::text).collect()
    }

    /// Keys and values of any names, each key once.
    ///
    /// # Errors
    /// It is none.
    pub fn map(&self) -> Result<&[(Key, Self)], Fault> {
        match &self.content {
            Content::Map(entries) => {
                for (at, (key, _)) in entries.iter().enumerate() {
                    if entries[..at].iter().any(|(before, _)| before.text == key.text) {
                        return Err(Fault::at(
                            key.place,
                            format!("{} stands here twice", key.text),
                        ));
                    }
                }
                Ok(entries)
            }
            Content::Scalar(Value::Null) => Ok(&[]),
            Content::Scalar(_) | Content::List(_) => self.wrong("keys and values"),
        }
    }

    /// Keys and values, of these keys only.
    ///
    /// # Errors
    /// It is none, or has a key that is not known: the nearest known one is named.
    pub fn fields(&self, what: &str, known: &[&str]) -> Result<Fields<'_>, Fault> {
        let entries = self.map()?;
        for (key, _) in entries {
            if !known.contains(&key.text.as_str()) {
                let text = format!("{what} has no key `{}`{}", key.text, nearest(&key.text, known));
                return Err(Fault::at(key.place, text));
            }
        }
        Ok(Fields { place: self.place, entries })
    }
}

/// `; did you mean …?`, or what there is.
#[must_use]
pub fn nearest(word: &str, known: &[&str]) -> String {
    let near = known.iter().map(|known| (strsim::damerau_levenshtein(word, known), known));
    match near.min() {
        Some((distance, known)) if distance <= (word.chars().count() / 3).max(2) => {
            format!("; did you mean `{known}`?")
        }
        _ => format!("; there are {}", known.join(", ")),
    }
}

/// The entries of a map whose keys are all known.
#[derive(Debug, Clone, Copy)]
pub struct Fields<'n> {
    /// Where the map stands.
    pub place: Place,
    entries: &'n [(Key, Node)],
}

impl<'n> Fields<'n> {
    /// What stands under a key.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&'n Node> {
        self.entries.iter().find(|(known, _)| known.text == key).map(|(_, node)| node)
    }

    /// The keys that are there.
    pub fn keys(&self) -> impl Iterator<Item = &'n Key> {
        self.entries.iter().map(|(key, _)| key)
    }

    /// The text under a key.
    ///
    /// # Errors
    /// It is none.
    pub fn text(&self, key: &str) -> Result<Option<String>, Fault> {
        self.get(key).map(Node::text).transpose()
    }

    /// The flag under a key; absent: no.
    ///
    /// # Errors
    /// It is none.
    pub fn flag(&self, key: &str) -> Result<bool, Fault> {
        Ok(self.get(key).map(Node::flag).transpose()?.unwrap_or_default())
    }

    /// The text under a key that has to be there.
    ///
    /// # Errors
    /// It is not, or is none.
    pub fn needed(&self, what: &str, key: &str) -> Result<String, Fault> {
        match self.text(key)? {
            Some(text) => Ok(text),
            None => Err(Fault::at(self.place, format!("{what} needs `{key}`"))),
        }
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: de::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("values, lists, and keys with values")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_some<D: de::Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::from(value)))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::from(value)))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::from(value)))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::from(value)))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::from(value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Raw::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Node, read};

    fn of<'n>(node: &'n Node, key: &str) -> &'n Node {
        let Content::Map(entries) = &node.content else { panic!("{node:?}") };
        &entries.iter().find(|(known, _)| known.text == key).expect("the key").1
    }

    #[test]
    fn every_node_knows_where_it_stands() {
        let text = "name: x\nexpect: { status: 202, accounts: { \"a-ä\": ACTIVE } } # }\nlist:\n  - one\n  - [2, 3]\nlast: y\n";
        let file = read(text).expect("YAML");
        let cut = |node: &Node| &text[node.place.start..node.place.end];
        assert_eq!(cut(of(&file, "expect")), "{ status: 202, accounts: { \"a-ä\": ACTIVE } }");
        assert_eq!(cut(of(of(&file, "expect"), "status")), "202");
        assert_eq!(cut(of(of(of(&file, "expect"), "accounts"), "a-ä")), "ACTIVE");
        assert_eq!(cut(of(&file, "list")), "- one\n  - [2, 3]");
        assert_eq!(of(&file, "last").place.line, 6);
        assert_eq!(of(&file, "last").place.column, 7);
    }

    #[test]
    fn what_takes_the_place_of_a_node_leaves_the_next_line_alone() {
        let text = "folded: >\n  one\n  two\nlast: &seen { state: ACTIVE }\nagain: *seen\n";
        let file = read(text).expect("YAML");
        let cut = |node: &Node| &text[node.place.start..node.place.end];
        assert!(cut(of(&file, "folded")).ends_with("two"), "{:?}", cut(of(&file, "folded")));
        assert_eq!(cut(of(of(&file, "last"), "state")), "ACTIVE");
        assert_eq!(cut(of(&file, "again")), "*seen");
        assert_eq!(cut(of(of(&file, "again"), "state")), "", "it is written elsewhere");
    }

    #[test]
    fn a_mistyped_key_is_told_with_its_place_and_the_nearest() {
        let file = read("steps:\n  - { reqest: GET / }\n").expect("YAML");
        let step = &of(&file, "steps").list().expect("a list")[0];
        let fault = step.fields("a step", &["request", "agent"]).expect_err("it is not known");
        assert_eq!((fault.place.line, fault.place.column), (2, 7));
        assert_eq!(fault.text, "a step has no key `reqest`; did you mean `request`?");
        let fault = step.fields("a step", &["advance", "agent"]).expect_err("it is not known");
        assert_eq!(fault.text, "a step has no key `reqest`; there are advance, agent");
    }

    #[test]
    fn what_is_no_yaml_says_where() {
        let fault = read("name: x\nsteps: [1\n").expect_err("it is not closed");
        assert!(fault.place.line >= 2, "{fault:?}");
    }

    #[test]
    fn what_stands_twice_is_a_fault() {
        let fault = read("a: {b: 1, b: 2}\n").and_then(|file| of(&file, "a").map().map(|_| ()));
        assert!(fault.is_err());
    }
}
