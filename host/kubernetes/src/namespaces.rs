//! The namespaces of a cluster: a list in pages, or a watch. A name that could not be one ends the reading, for the bridge
//! would take none of them.

use std::collections::{BTreeSet, HashSet};
use std::fmt;

use http::{Request, StatusCode};
use kube::core::params::{ListParams, WatchParams};
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, SeqAccess, Visitor};

use crate::answer::{Answer, LARGE, ask, no_api_server};
use crate::faults::{Outcome, unreachable};
use crate::line::Line;

/// The most that are told (`proto`, `Observation.namespaces`).
pub(crate) const MOST: usize = 10_000;

/// How many are asked for at once.
const PAGE: u32 = 250;

/// How many pages are read at most: as many as the most namespaces fill, twice.
const PAGES: usize = 80;

/// The longest text that says where the next page begins, in bytes.
const LONGEST_TOKEN: usize = 8 << 10;

/// The namespaces that there were, and at which version of the cluster.
#[derive(Debug, Default)]
pub(crate) struct Listed {
    pub(crate) names: BTreeSet<String>,
    pub(crate) version: String,
}

/// Whether they may be listed.
#[derive(Debug)]
pub(crate) enum Listing {
    /// These there are.
    Listed(Listed),
    /// They may not.
    Refused(StatusCode),
}

/// A page.
#[derive(Debug, Deserialize)]
struct Page {
    #[serde(default)]
    metadata: ListMetadata,
    items: Names,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ListMetadata {
    #[serde(rename = "continue")]
    next: Option<String>,
    #[serde(rename = "resourceVersion")]
    version: Option<String>,
}

/// The names of objects, which are the only part of them that is kept.
#[derive(Debug)]
struct Names(Vec<String>);

#[derive(Debug, Deserialize)]
struct Object {
    metadata: Metadata,
}

#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    name: String,
    #[serde(default, rename = "resourceVersion")]
    version: Option<String>,
}

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bounded;

        impl<'de> Visitor<'de> for Bounded {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of namespaces")
            }

            fn visit_unit<E>(self) -> Result<Names, E> {
                Ok(Names(Vec::new()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Names, A::Error> {
                let mut names = Vec::new();
                while names.len() < MOST {
                    let Some(object) = items.next_element::<Object>()? else {
                        return Ok(Names(names));
                    };
                    if !possible(&object.metadata.name) {
                        return Err(A::Error::custom("no name of a namespace"));
                    }
                    names.push(object.metadata.name);
                }
                // More than one may hold: a server that does not do pages.
                while items.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Names(names))
            }
        }

        deserializer.deserialize_any(Bounded)
    }
}

/// Whether this can be a namespace: a label of DNS.
pub(crate) fn possible(name: &str) -> bool {
    let inside = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&name.len())
        && name.bytes().all(inside)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

fn resource() -> kube::core::Request {
    kube::core::Request::new("/api/v1/namespaces")
}

/// Lists them, as far as they are told.
///
/// # Errors
/// They cannot be read.
pub(crate) async fn list(line: &Line) -> Outcome<Listing> {
    let mut listed = Listed::default();
    let mut next = None;
    for _ in 0..PAGES {
        let params =
            ListParams { limit: Some(PAGE), continue_token: next, ..ListParams::default() };
        let request = resource().list_metadata(&params).map_err(|_| odd(line))?;
        let page: Page = match ask(line, request, LARGE).await? {
            Answer::Done(page) => page,
            Answer::Refused(status) => return Ok(Listing::Refused(status)),
        };
        listed.names.extend(page.items.0);
        listed.version = page.metadata.version.unwrap_or_default();
        next = page.metadata.next.filter(|next| !next.is_empty());
        if next.is_none() || listed.names.len() >= MOST {
            return Ok(Listing::Listed(listed));
        }
        if next.as_ref().is_some_and(|next| next.len() > LONGEST_TOKEN) {
            return Err(odd(line));
        }
    }
    Err(unreachable(format!(
        "{} gives the list of its namespaces in more than {PAGES} pages, which is not read to its end",
        line.host
    )))
}

fn odd(line: &Line) -> host_agent::Refusal {
    no_api_server(&line.host, "its list of namespaces cannot be read")
}

/// A request that watches from a version of the cluster on, for at most this many seconds.
///
/// # Errors
/// The version that the server gave cannot be asked for.
pub(crate) fn watch(line: &Line, version: &str, seconds: u32) -> Outcome<Request<Vec<u8>>> {
    if version.len() > 64 {
        return Err(odd(line));
    }
    let params = WatchParams::default().timeout(seconds);
    resource().watch_metadata(&params, version).map_err(|_| odd(line))
}

/// What a watch tells.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// There is one of this name, at this version.
    Is(String, Option<String>),
    /// There is none of this name any more.
    Gone(String, Option<String>),
    /// So far nothing else has happened.
    Bookmark(Option<String>),
    /// The watch cannot go on; one has to list again.
    Over,
}

/// Reads a line of a watch.
///
/// # Errors
/// It is none.
pub(crate) fn event(text: &[u8]) -> Result<Event, ()> {
    #[derive(Deserialize)]
    struct Line {
        #[serde(rename = "type")]
        kind: String,
        #[serde(default)]
        object: Option<OfAny>,
    }
    #[derive(Deserialize)]
    struct OfAny {
        #[serde(default)]
        metadata: Metadata,
    }
    let line: Line = serde_json::from_slice(text).map_err(|_| ())?;
    let Metadata { name, version } = line.object.map(|object| object.metadata).unwrap_or_default();
    match line.kind.as_str() {
        "BOOKMARK" => Ok(Event::Bookmark(version)),
        "ERROR" => Ok(Event::Over),
        "ADDED" | "MODIFIED" if possible(&name) => Ok(Event::Is(name, version)),
        "DELETED" if possible(&name) => Ok(Event::Gone(name, version)),
        _ => Err(()),
    }
}

/// What is told of what there is: without those that the account omits.
pub(crate) fn told(names: &BTreeSet<String>, omitted: &HashSet<String>) -> Vec<String> {
    names.iter().filter(|name| !omitted.contains(*name)).take(MOST).cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::{Event, MOST, Names, event, possible, told};

    #[test]
    fn only_names_that_can_be_are_taken() {
        assert!(possible("kube-system") && possible("a") && possible(&"x".repeat(63)));
        for odd in ["", "-a", "a-", "A", "a.b", "a\nb", &"x".repeat(64), "\u{e4}"] {
            assert!(!possible(odd), "{odd:?}");
        }
        let list = |name: &str| format!(r#"[{{"metadata":{{"name":"{name}"}},"spec":{{}}}}]"#);
        assert!(serde_json::from_str::<Names>(&list("default")).is_ok());
        assert!(serde_json::from_str::<Names>(&list("no name")).is_err());
        assert!(serde_json::from_str::<Names>("null").unwrap().0.is_empty());
    }

    #[test]
    fn of_too_many_no_more_are_kept_than_are_told() {
        let item = r#"{"metadata":{"name":"x"}},"#;
        let list = format!("[{}{}]", item.repeat(MOST + 500), item.trim_end_matches(','));
        assert_eq!(serde_json::from_str::<Names>(&list).unwrap().0.len(), MOST);
    }

    #[test]
    fn a_line_of_a_watch_says_what_there_is_and_from_where_to_go_on() {
        let read = |kind: &str| {
            event(format!(r#"{{"type":"{kind}","object":{{"metadata":{{"name":"a","resourceVersion":"7"}}}}}}"#).as_bytes())
        };
        assert_eq!(read("ADDED"), Ok(Event::Is("a".into(), Some("7".into()))));
        assert_eq!(read("DELETED"), Ok(Event::Gone("a".into(), Some("7".into()))));
        assert_eq!(read("BOOKMARK"), Ok(Event::Bookmark(Some("7".into()))));
        assert_eq!(event(br#"{"type":"ERROR","object":{"code":410}}"#), Ok(Event::Over));
        assert_eq!(read("ODD"), Err(()));
        assert_eq!(event(b"x"), Err(()));
    }

    #[test]
    fn what_is_omitted_is_not_told() {
        let names = ["a", "b", "c"].map(str::to_owned).into();
        assert_eq!(told(&names, &["b".to_owned()].into()), ["a", "c"]);
    }
}
