//! What the agent can be told: the keys `agent.*` of `spec/config.md`, as plain values.

use std::collections::{BTreeMap, BTreeSet};

use proto::bounds;
use thiserror::Error;

use crate::definition::Definition;

/// An account of the agent's own configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfiguredAccount {
    /// Its name.
    pub name: String,
    /// How its cluster is reached; by default nothing is said about it.
    pub definition: Definition,
}

/// The settings of an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentOptions {
    /// `agent.bridge`: where the bridge's agent link is, as `http://host:port`; several replicas are separated by
    /// commas, and the next one is dialled when one does not answer or sends its agents elsewhere.
    pub bridge: String,
    /// `agent.id`: the agent's name, for a pod its name.
    pub id: String,
    /// Names this start of the process: another one at every start.
    pub instance: String,
    /// `agent.zone`: the set of agents that see the same clusters.
    pub zone: String,
    /// `agent.labels`.
    pub labels: BTreeMap<String, String>,
    /// `agent.accounts`: accounts that it declares itself; they are never dropped.
    pub accounts: Vec<ConfiguredAccount>,
    /// How many clusters are looked at at once, a quarter of them behind one address at most. One that is silent for a
    /// second is not counted any more; of those there may be four times as many.
    pub looks_at_once: usize,
    /// How long one look may take, in milliseconds. Clusters that know better what was waited for give up a little earlier.
    pub look_deadline_ms: u64,
}

impl AgentOptions {
    /// An agent with the defaults of everything that has one: 64 looks at once, of 30 s at most.
    #[must_use]
    pub fn new(bridge: &str, id: &str, instance: &str, zone: &str) -> Self {
        Self {
            bridge: bridge.to_owned(),
            id: id.to_owned(),
            instance: instance.to_owned(),
            zone: zone.to_owned(),
            labels: BTreeMap::new(),
            accounts: Vec::new(),
            looks_at_once: 64,
            look_deadline_ms: 30_000,
        }
    }

    /// The addresses, one by one; never none.
    pub(crate) fn bridges(&self) -> impl Iterator<Item = &str> {
        self.bridge.split(',').map(str::trim)
    }

    /// Whether an agent can run with these.
    ///
    /// # Errors
    /// [`BadAgentOptions`], with what to set.
    pub fn check(&self) -> Result<(), BadAgentOptions> {
        let ids =
            [("agent.id", &self.id), ("agent.zone", &self.zone), ("the instance", &self.instance)];
        for (key, value) in ids {
            name(key, value)?;
        }
        if self.labels.len() > bounds::LABELS {
            return Err(BadAgentOptions::Labels(self.labels.len()));
        }
        for text in self.labels.iter().flat_map(|(key, value)| [key, value]) {
            name("agent.labels", text)?;
        }
        let mut names = BTreeSet::new();
        for account in &self.accounts {
            name("agent.accounts", &account.name)?;
            if !names.insert(&account.name) {
                return Err(BadAgentOptions::Twice(account.name.clone()));
            }
        }
        match self.looks_at_once {
            0 => Err(BadAgentOptions::NoLooks),
            _ => Ok(()),
        }
    }
}

/// A setting that cannot work, and what to set instead.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BadAgentOptions {
    /// The bridge would not take it.
    #[error("{key} is {value:?}; it must be one line of 1 to {max} characters without blanks around it", max = bounds::NAME_CHARS)]
    Name {
        /// Which setting.
        key: &'static str,
        /// What it is.
        value: String,
    },
    /// More labels than a registration may have.
    #[error("agent.labels has {0} labels; at most {max} are allowed", max = bounds::LABELS)]
    Labels(usize),
    /// An account is declared twice.
    #[error("agent.accounts names {0} twice")]
    Twice(String),
    /// Nothing would ever be looked at.
    #[error("the agent must be allowed to look at one cluster at least")]
    NoLooks,
    /// No address.
    #[error("agent.bridge is {0:?}; give an address such as http://127.0.0.1:9091")]
    Bridge(String),
    /// This agent speaks plain text.
    #[error(
        "agent.bridge is {0:?}, and this agent speaks plain text only; give an address that begins with http://"
    )]
    Secure(String),
}

fn name(key: &'static str, value: &str) -> Result<(), BadAgentOptions> {
    let length = value.chars().count();
    let fits = (1..=bounds::NAME_CHARS).contains(&length);
    if fits && value.trim() == value && !value.chars().any(char::is_control) {
        return Ok(());
    }
    let value = value.chars().take(40).collect();
    Err(BadAgentOptions::Name { key, value })
}

#[cfg(test)]
mod tests {
    use super::{AgentOptions, BadAgentOptions, ConfiguredAccount};
    use crate::definition::Definition;

    fn options() -> AgentOptions {
        AgentOptions::new("http://127.0.0.1:9091", "agent-a", "01J", "eu")
    }

    #[test]
    fn names_that_the_bridge_would_not_take_are_found_before_dialling() {
        assert_eq!(options().check(), Ok(()));
        let blank = AgentOptions { zone: " ".into(), ..options() };
        assert!(blank.check().unwrap_err().to_string().contains("agent.zone"));
        let long = AgentOptions { id: "x".repeat(256), ..options() };
        assert!(long.check().unwrap_err().to_string().contains("agent.id"));
    }

    #[test]
    fn an_account_is_declared_once() {
        let account =
            |name: &str| ConfiguredAccount { name: name.into(), definition: Definition::default() };
        let twice = AgentOptions { accounts: vec![account("a"), account("a")], ..options() };
        assert_eq!(twice.check(), Err(BadAgentOptions::Twice("a".into())));
    }
}
