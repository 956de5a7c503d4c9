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
}

impl Behaviour {
    /// Whether it does not answer at this age of the agent.
    pub(crate) fn is_unreachable(&self, age_ms: u64) -> bool {
        self.unreachable.is_some_and(|(from, to)| (from..to).contains(&age_ms))
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
        let default = Behaviour { takes_ms: 5, refuses: None, times: None, unreachable: None };
        Self { default, rules: Vec::new() }
    }
}
