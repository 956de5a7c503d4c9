//! The text of a simulation file: its keys, their types, and errors that say where and what instead.

use regex::Regex;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _};
use serde_saphyr::Error;
use thiserror::Error;

use crate::clusters::Code;
use crate::simulated::script::{Behaviour, Labels, Matcher, Script};

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
    let ForAll { takes, refuses, times, unreachable } = read.default;
    let default = behaviour(takes, refuses, times, unreachable, &otherwise)
        .map_err(|what| bad(None, format!("default {what}")))?;
    let mut rules = Vec::with_capacity(read.accounts.len());
    for (n, rule) in read.accounts.into_iter().enumerate() {
        let which = |what| bad(None, format!("rule {} of accounts {what}", n + 1));
        if rule.name.is_none() && rule.labels.is_empty() {
            return Err(which("says nothing about which; give match or labels"));
        }
        let behaviour = behaviour(rule.takes, rule.refuses, rule.times, rule.unreachable, &default)
            .map_err(which)?;
        let matcher = Matcher { name: rule.name.map(|pattern| pattern.0), labels: rule.labels };
        rules.push((matcher, behaviour));
    }
    Ok(Script { default, rules })
}

/// What a part of the file says; only how long an answer takes is taken over from elsewhere.
fn behaviour(
    takes: Option<Duration>,
    refuses: Option<Code>,
    times: Option<u32>,
    unreachable: Option<Window>,
    otherwise: &Behaviour,
) -> Result<Behaviour, &'static str> {
    if times.is_some() && refuses.is_none() {
        return Err("says how many times without saying what it refuses with; give refuses too");
    }
    Ok(Behaviour {
        takes_ms: takes.map_or(otherwise.takes_ms, |takes| takes.0),
        refuses,
        times,
        unreachable: unreachable.map(|window| (window.0, window.1)),
    })
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
