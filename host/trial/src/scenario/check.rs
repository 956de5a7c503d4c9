//! Holds what is expected after a step against what there is.

use std::collections::BTreeMap;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

use super::told::Mismatch;
use super::words::{AccountExpected, Expect, RowExpected, Sending, SentExpected};
use crate::world::{Delivered, HttpAnswer, World};
use crate::yaml::{Content, Key, Node, Place};

/// What does not fit.
pub(super) fn mismatches(
    world: &mut World,
    expect: &Expect,
    answer: Option<&HttpAnswer>,
    delivered: &[Delivered],
) -> Vec<Mismatch> {
    let mut found = Vec::new();
    if let Some(answer) = answer {
        if let Some((status, place)) = expect.status.filter(|(status, _)| *status != answer.status)
        {
            let expected = status.to_string();
            let (came, bless) = (said(answer), Some(answer.status.to_string()));
            found.push(Mismatch { about: "status".into(), expected, came, place, bless });
        }
        if let Some(node) = &expect.body {
            body("body", node, &answer.body, &mut found);
        }
    }
    for (name, expected) in &expect.accounts {
        account(world, name, expected, &mut found);
    }
    if let Some(expected) = &expect.sent {
        found.extend(sent(expected, delivered));
    }
    if !expect.refused.is_empty() {
        let refused = answer.map(|answer| refusals(world, answer)).unwrap_or_default();
        for (name, text, place) in &expect.refused {
            found.extend(refusal(name, text, *place, &refused));
        }
    }
    found
}

/// A status with what the problem says, if it is one.
fn said(answer: &HttpAnswer) -> String {
    match answer.body.get("detail").and_then(Value::as_str) {
        Some(detail) => format!("{} ({detail})", answer.status),
        None => answer.status.to_string(),
    }
}

/// Objects fit when they contain what is written, lists when they are the same whole.
fn body(at: &str, node: &Node, came: &Value, found: &mut Vec<Mismatch>) {
    let fits = match (&node.content, came) {
        (Content::Map(entries), Value::Object(object)) => {
            for (key, node) in entries {
                match object.get(&key.text) {
                    Some(came) => body(&format!("{at}.{}", key.text), node, came, found),
                    None if node.is_nothing() => {}
                    None => found.push(Mismatch {
                        about: format!("{at}.{}", key.text),
                        expected: node.json().to_string(),
                        came: "nothing".into(),
                        place: node.place,
                        bless: Some("null".into()),
                    }),
                }
            }
            true
        }
        (Content::List(entries), Value::Array(list)) if entries.len() == list.len() => {
            for (number, (node, came)) in entries.iter().zip(list).enumerate() {
                body(&format!("{at}[{number}]"), node, came, found);
            }
            true
        }
        (Content::Scalar(value), came) => value == came,
        _ => false,
    };
    if !fits {
        found.push(Mismatch {
            about: at.to_owned(),
            expected: node.json().to_string(),
            came: came.to_string(),
            place: node.place,
            bless: Some(came.to_string()),
        });
    }
}

fn encoded(name: &str) -> String {
    utf8_percent_encode(name, NON_ALPHANUMERIC).to_string()
}

/// What is seen of an account, as everybody sees it.
struct AccountSeen {
    body: Value,
    drift: bool,
}

impl AccountSeen {
    fn of(world: &mut World, name: &str) -> Option<Self> {
        let path = format!("/agents/kubernetes/accounts/{}", encoded(name));
        let answer = world.request("GET", &path, &[], None).ok()?;
        let drift = world.has_drifted(name);
        (answer.status == 200).then_some(Self { body: answer.body, drift })
    }

    fn text(&self, key: &str) -> Option<String> {
        self.body.get(key).and_then(Value::as_str).map(str::to_owned)
    }

    fn status(&self) -> String {
        self.text("status").unwrap_or_default()
    }

    fn conflict(&self) -> bool {
        let agents = self.body.get("agents").and_then(Value::as_array);
        agents.into_iter().flatten().any(|agent| agent["conflict"] == true)
    }

    /// Its state and what else says why.
    fn in_words(&self) -> String {
        match self.text("errorMessage") {
            Some(error) => format!("{} ({error})", self.status()),
            None => self.status(),
        }
    }
}

fn account(world: &mut World, name: &Key, expected: &AccountExpected, found: &mut Vec<Mismatch>) {
    let seen = AccountSeen::of(world, &name.text);
    let about = format!("account {}", name.text);
    match (expected, seen) {
        (AccountExpected::Absent(_), None) => {}
        (AccountExpected::Absent(place), Some(seen)) => found.push(Mismatch {
            about,
            expected: "absent".into(),
            came: seen.in_words(),
            place: *place,
            bless: Some(seen.status()),
        }),
        (AccountExpected::Row(row), None) => {
            let place = row.status.as_ref().map_or(name.place, |(_, place)| *place);
            let expected = row.status.as_ref().map_or("a row", |(status, _)| status);
            let bless = row.is_a_word().then(|| "absent".to_owned());
            found.push(Mismatch {
                about,
                expected: expected.into(),
                came: "absent".into(),
                place,
                bless,
            });
        }
        (AccountExpected::Row(expected), Some(seen)) => {
            found.extend(row(&about, expected, &seen));
        }
    }
}

fn row(about: &str, expected: &RowExpected, seen: &AccountSeen) -> Vec<Mismatch> {
    let mut found = Vec::new();
    let mut differs = |key: &str, expected: String, came: String, place: Place, bless: String| {
        let about = if key.is_empty() { about.to_owned() } else { format!("{about}, {key}") };
        found.push(Mismatch { about, expected, came, place, bless: Some(bless) });
    };
    if let Some((status, place)) = &expected.status
        && *status != seen.status()
    {
        differs("", status.clone(), seen.in_words(), *place, seen.status());
    }
    let or_nothing = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".into());
    let written = |text: &Option<String>| match text {
        Some(text) => Value::from(text.as_str()).to_string(),
        None => "null".to_owned(),
    };
    if let Some((zone, place)) = &expected.zone {
        let came = seen.text("zoneId");
        if *zone != came {
            differs("zoneId", or_nothing(zone), or_nothing(&came), *place, written(&came));
        }
    }
    if let Some((count, place)) = expected.failed_count {
        let came = seen.body.get("retryCount").and_then(Value::as_u64).unwrap_or_default();
        if count != came {
            differs("failedCount", count.to_string(), came.to_string(), place, came.to_string());
        }
    }
    if let Some((error, place)) = &expected.error {
        let (text, code) = (seen.text("errorMessage"), seen.text("errorCode"));
        let contains = |wanted: &String| {
            let within = |text: &Option<String>| text.as_ref().is_some_and(|t| t.contains(wanted));
            within(&text) || within(&code)
        };
        if !error.as_ref().map_or(text.is_none(), contains) {
            let came = match (&code, &text) {
                (Some(code), Some(text)) => format!("{code}: {text}"),
                _ => or_nothing(&text),
            };
            differs("error", or_nothing(error), came, *place, written(&text));
        }
    }
    let flags =
        [("conflict", expected.conflict, seen.conflict()), ("drift", expected.drift, seen.drift)];
    for (key, expected, came) in flags {
        if let Some((expected, place)) = expected
            && expected != came
        {
            differs(key, expected.to_string(), came.to_string(), place, came.to_string());
        }
    }
    found
}

impl RowExpected {
    /// Whether it is written as a state and nothing else, as far as can be seen.
    fn is_a_word(&self) -> bool {
        self.zone.is_none()
            && self.failed_count.is_none()
            && self.error.is_none()
            && self.conflict.is_none()
            && self.drift.is_none()
    }
}

/// What was sent, put together by agent and kind.
pub(super) fn sendings(delivered: &[Delivered]) -> Vec<Sending> {
    let mut found: BTreeMap<(String, &str, bool), Vec<String>> = BTreeMap::new();
    for Delivered { agent, sent } in delivered {
        let kind = match sent.operation.kind {
            host_core::operation::OperationKind::Add => "add",
            host_core::operation::OperationKind::Update => "update",
            host_core::operation::OperationKind::Delete => "delete",
            host_core::operation::OperationKind::Check => "check",
        };
        let names = found.entry((agent.clone(), kind, sent.again)).or_default();
        names.push(sent.operation.account.clone());
    }
    let found = found.into_iter();
    together(found.map(|((agent, kind, again), names)| Sending {
        agent,
        kind: kind.into(),
        names,
        again,
    }))
}

fn together(sendings: impl Iterator<Item = Sending>) -> Vec<Sending> {
    let mut found: BTreeMap<(String, String, bool), Vec<String>> = BTreeMap::new();
    for sending in sendings {
        found
            .entry((sending.agent, sending.kind, sending.again))
            .or_default()
            .extend(sending.names);
    }
    let sending = |((agent, kind, again), mut names): ((String, String, bool), Vec<String>)| {
        names.sort_unstable();
        Sending { agent, kind, names, again }
    };
    found.into_iter().map(sending).collect()
}

fn sent(expected: &SentExpected, delivered: &[Delivered]) -> Option<Mismatch> {
    let came = sendings(delivered);
    let wanted = together(expected.sent.iter().cloned());
    if came == wanted {
        return None;
    }
    Some(Mismatch {
        about: "sent".into(),
        expected: in_words(&wanted),
        came: in_words(&came),
        place: expected.place,
        bless: Some(flow(&came)),
    })
}

fn in_words(sendings: &[Sending]) -> String {
    let word = |sending: &Sending| {
        let again = if sending.again { " again" } else { "" };
        format!("{}: {}{again} {}", sending.agent, sending.kind, sending.names.join(", "))
    };
    let words: Vec<String> = sendings.iter().map(word).collect();
    if words.is_empty() { "nothing".to_owned() } else { words.join("; ") }
}

/// As it would be written.
fn flow(sendings: &[Sending]) -> String {
    let text = |name: &String| Value::from(name.as_str()).to_string();
    let one = |sending: &Sending| {
        let names: Vec<String> = sending.names.iter().map(text).collect();
        let again = if sending.again { ", again: true" } else { "" };
        let (agent, kind) = (text(&sending.agent), &sending.kind);
        format!("{{ agent: {agent}, {kind}: [{}]{again} }}", names.join(", "))
    };
    format!("[{}]", sendings.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// The refused items of an answer, by name: of the problem, or of the request that it names.
fn refusals(world: &mut World, answer: &HttpAnswer) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).map(str::to_owned);
    let items = |body: &Value| body.get("items").and_then(Value::as_array).cloned();
    for item in items(&answer.body).unwrap_or_default() {
        if let (Some(name), Some(detail)) = (text(&item, "name"), text(&item, "detail")) {
            found.insert(name, detail);
        }
    }
    let handle = answer.location.as_ref().and_then(|at| world.request("GET", at, &[], None).ok());
    for item in handle.and_then(|handle| items(&handle.body)).unwrap_or_default() {
        if item.get("outcome").and_then(Value::as_str) == Some("refused")
            && let Some(name) = text(&item, "name")
        {
            let error = item.get("error").unwrap_or(&Value::Null);
            let said =
                [text(error, "code"), text(error, "text").or_else(|| text(error, "message"))];
            let said: Vec<String> = said.into_iter().flatten().collect();
            found.insert(name, said.join(": "));
        }
    }
    if found.is_empty()
        && let Some(detail) = text(&answer.body, "detail")
    {
        found.insert("*".to_owned(), detail);
    }
    found
}

fn refusal(
    name: &Key,
    text: &str,
    place: Place,
    refused: &BTreeMap<String, String>,
) -> Option<Mismatch> {
    let came = refused.get(&name.text).or_else(|| refused.get("*"));
    if came.is_some_and(|came| came.contains(text)) {
        return None;
    }
    Some(Mismatch {
        about: format!("refusal of {}", name.text),
        expected: format!("a reason with `{text}`"),
        came: came.cloned().unwrap_or_else(|| "it was not refused".to_owned()),
        place,
        bless: came.map(|came| Value::from(came.as_str()).to_string()),
    })
}
