//! The text of a simulation file: its keys, their types, and errors that say where and what instead.

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_saphyr::Error;
use thiserror::Error;

use crate::clusters::Code;
use crate::simulated::script::{Behaviour, Labels, Matcher, Script, Turn};

/// What is wrong with a simulation file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{file}{place}: {what}", place = line.map(|line| format!(", line {line}")).unwrap_or_default())]
pub struct BadScript {
    /// The file.
    pub file: String,
    /// The line, if it is known; the first is 1.
    pub line: Option<u64>,
    /// What is wrong, and what would be right.
    pub what: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct File {
    default: ForAll,
    accounts: Vec<Rule>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct ForAll {
    takes: Option<Duration>,
    refuses: Option<Code>,
    times: Option<u32>,
    unreachable: Option<Window>,
    changes: Vec<Entry>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    #[serde(rename = "match")]
    name: Option<Pattern>,
    #[serde(default)]
    labels: Labels,
    takes: Option<Duration>,
    refuses: Option<Code>,
    times: Option<u32>,
    unreachable: Option<Window>,
    #[serde(default)]
    changes: Vec<Entry>,
}

/// A change of a cluster.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    after: Duration,
    version: Option<String>,
    host: Option<String>,
    certificate: Option<String>,
    namespaces: Option<Vec<String>>,
    health: Option<Stands>,
}

/// `healthy`, or why not.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Stands {
    Healthy,
    Unreachable,
    Unauthorized,
    InvalidKubeconfig,
    Timeout,
    Internal,
}

impl From<Stands> for Result<(), Code> {
    fn from(stands: Stands) -> Self {
        match stands {
            Stands::Healthy => Ok(()),
            Stands::Unreachable => Err(Code::Unreachable),
            Stands::Unauthorized => Err(Code::Unauthorized),
            Stands::InvalidKubeconfig => Err(Code::InvalidKubeconfig),
            Stands::Timeout => Err(Code::Timeout),
            Stands::Internal => Err(Code::Internal),
        }
    }
}

/// A duration with its unit, in milliseconds.
#[derive(Debug, Clone, Copy)]
struct Duration(u64);

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let duration = humantime::parse_duration(&text).map_err(|error| {
            D::Error::custom(format!("{text:?} is no duration such as 20ms or 10s: {error}"))
        })?;
        Ok(Self(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)))
    }
}

/// From when until when.
#[derive(Debug, Clone, Copy)]
struct Window(u64, u64);

impl<'de> Deserialize<'de> for Window {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let [Duration(from), Duration(to)] = <[Duration; 2]>::deserialize(deserializer)?;
        if from >= to {
            return Err(D::Error::custom("unreachable ends before it begins; write [from, to]"));
        }
        Ok(Self(from, to))
    }
}

/// An expression over a whole name.
#[derive(Debug)]
struct Pattern(Regex);

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        // By itself first: `a)(b` would become one by being wrapped.
        Regex::new(&text)
            .and_then(|_| Regex::new(&format!("^(?:{text})$")))
            .map(Self)
            .map_err(|_| D::Error::custom(format!("{text:?} is no regular expression")))
    }
}

/// Reads a whole file.
pub(crate) fn read(text: &str, file: &str) -> Result<Script, BadScript> {
    let bad = |line, what| BadScript { file: file.to_owned(), line, what };
    if text.lines().all(|line| line.split('#').next().is_none_or(|said| said.trim().is_empty())) {
        return Ok(Script::default());
    }
    let read: File = serde_saphyr::from_str(text).map_err(|error| {
        let error = error.without_snippet();
        bad(error.location().map(|at| at.line()), sentence(error))
    })?;
    let otherwise = Script::default().default;
    let default =
        behaviour(read.default, &otherwise).map_err(|what| bad(None, format!("default {what}")))?;
    let mut rules = Vec::with_capacity(read.accounts.len());
    for (n, rule) in read.accounts.into_iter().enumerate() {
        let which = |what| bad(None, format!("rule {} of accounts {what}", n + 1));
        if rule.name.is_none() && rule.labels.is_empty() {
            return Err(which("says nothing about which; give match or labels"));
        }
        let Rule { name, labels, takes, refuses, times, unreachable, changes } = rule;
        let said = ForAll { takes, refuses, times, unreachable, changes };
        let behaviour = behaviour(said, &default).map_err(which)?;
        let matcher = Matcher { name: name.map(|pattern| pattern.0), labels };
        rules.push((matcher, behaviour));
    }
    Ok(Script { default, rules })
}

/// What a part of the file says; only how long an answer takes is taken over from elsewhere.
fn behaviour(said: ForAll, otherwise: &Behaviour) -> Result<Behaviour, &'static str> {
    if said.times.is_some() && said.refuses.is_none() {
        return Err("says how many times without saying what it refuses with; give refuses too");
    }
    let changes: Vec<Turn> = said.changes.into_iter().map(turn).collect();
    if !changes.is_sorted_by_key(|turn| turn.after_ms) {
        return Err(
            "has changes that are not in the order of their times; write the earliest first",
        );
    }
    Ok(Behaviour {
        takes_ms: said.takes.map_or(otherwise.takes_ms, |takes| takes.0),
        refuses: said.refuses,
        times: said.times,
        unreachable: said.unreachable.map(|window| (window.0, window.1)),
        changes,
    })
}

fn turn(entry: Entry) -> Turn {
    Turn {
        after_ms: entry.after.0,
        version: entry.version,
        host: entry.host,
        certificate: entry.certificate,
        namespaces: entry.namespaces,
        health: entry.health.map(Into::into),
    }
}

fn sentence(error: &Error) -> String {
    if let Error::SerdeUnknownField { field, expected, .. } = error {
        return format!("there is no key {field:?}{}", instead(field, expected));
    }
    if let Error::SerdeUnknownVariant { variant, expected, .. } = error {
        return format!("there is no code {variant:?}{}", instead(variant, expected));
    }
    error.to_string()
}

/// The nearest of what would have been right.
fn instead(given: &str, expected: &[&'static str]) -> String {
    let distance = |known: &&&str| strsim::damerau_levenshtein(given, known);
    let nearest = expected.iter().min_by_key(distance);
    nearest.map(|known| format!("; did you mean {known:?}?")).unwrap_or_default()
}
