//! What a simulation file says, ready to be asked: how the cluster of an account behaves. It knows no time.

use std::collections::BTreeMap;

use regex::Regex;

use crate::clusters::Code;
use crate::simulated::file::{self, BadScript};

/// An account's labels: the texts of its definition's attribute `labels`.
pub(crate) type Labels = BTreeMap<String, String>;

/// How a cluster behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Behaviour {
    /// How long it takes to answer, in milliseconds.
    pub(crate) takes_ms: u64,
    /// What it answers instead of letting itself be seen.
    pub(crate) refuses: Option<Code>,
    /// How many tries are refused; absent: every one.
    pub(crate) times: Option<u32>,
    /// From when until when (not included) it does not answer, in milliseconds since the agent started.
    pub(crate) unreachable: Option<(u64, u64)>,
    /// What it becomes by and by, the earliest first.
    pub(crate) changes: Vec<Turn>,
}

/// What a cluster is from a time on. What is left out stays as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Turn {
    /// From when, in milliseconds since the agent started.
    pub(crate) after_ms: u64,
    /// The version that it says it has.
    pub(crate) version: Option<String>,
    /// Its address.
    pub(crate) host: Option<String>,
    /// Its certificate, by any name: another name is another fingerprint.
    pub(crate) certificate: Option<String>,
    /// Its namespaces.
    pub(crate) namespaces: Option<Vec<String>>,
    /// Whether it answers as it should, and with what code if not.
    pub(crate) health: Option<Result<(), Code>>,
}

impl Behaviour {
    /// Whether it does not answer at this age of the agent.
    pub(crate) fn is_unreachable(&self, age_ms: u64) -> bool {
        self.unreachable.is_some_and(|(from, to)| (from..to).contains(&age_ms))
    }

    /// Whether it never changes.
    pub(crate) fn is_steady(&self) -> bool {
        self.unreachable.is_none() && self.changes.is_empty()
    }

    /// What it has become at this age of the agent, the earliest change first.
    pub(crate) fn so_far(&self, age_ms: u64) -> impl Iterator<Item = &Turn> {
        self.changes.iter().take_while(move |turn| turn.after_ms <= age_ms)
    }

    /// When it changes next, by the age of the agent.
    pub(crate) fn next_change(&self, age_ms: u64) -> Option<u64> {
        let away = self.unreachable.into_iter().flat_map(|(from, to)| [from, to]);
        let turns = self.changes.iter().map(|turn| turn.after_ms);
        away.chain(turns).filter(|edge| *edge > age_ms).min()
    }
}

/// Which accounts a rule is for: the whole name fits the expression, and every label is there.
#[derive(Debug, Clone)]
pub(crate) struct Matcher {
    pub(crate) name: Option<Regex>,
    pub(crate) labels: Labels,
}

impl Matcher {
    fn fits(&self, name: &str, labels: &Labels) -> bool {
        self.name.as_ref().is_none_or(|pattern| pattern.is_match(name))
            && self.labels.iter().all(|(key, value)| labels.get(key) == Some(value))
    }
}

/// A simulation file.
#[derive(Debug, Clone)]
pub struct Script {
    pub(crate) default: Behaviour,
    pub(crate) rules: Vec<(Matcher, Behaviour)>,
}

impl Script {
    /// Reads a simulation file's text. `file` is its name, for errors.
    ///
    /// # Errors
    /// What is wrong, on which line, and the nearest key that would be right.
    pub fn read(text: &str, file: &str) -> Result<Self, BadScript> {
        file::read(text, file)
    }

    /// How an account's cluster behaves: by the first rule that fits.
    pub(crate) fn behaviour(&self, name: &str, labels: &Labels) -> Behaviour {
        let rule = self.rules.iter().find(|(matcher, _)| matcher.fits(name, labels));
        rule.map_or(&self.default, |(_, behaviour)| behaviour).clone()
    }
}

impl Default for Script {
    /// Every cluster answers within 5 ms.
    fn default() -> Self {
        let default = Behaviour {
            takes_ms: 5,
            refuses: None,
            times: None,
            unreachable: None,
            changes: Vec::new(),
        };
        Self { default, rules: Vec::new() }
    }
}
