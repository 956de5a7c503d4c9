//! What was read for an event: the committed facts that a decision stands on, found by name.

use std::collections::HashMap;
use std::ops::Range;

use crate::account::{Account, Definition, Millis};
use crate::agent::{Agent, Holding};
use crate::question::{ReadZones, Zones};
use crate::settings::Settings;

/// An account as a source has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceAccount {
    /// Its name.
    pub name: String,
    /// The source, for the journal.
    pub source: String,
    /// What it says.
    pub definition: Definition,
    /// Why it cannot be taken.
    pub fault: Option<String>,
}

/// The facts of one call.
#[derive(Debug)]
pub struct Snapshot {
    pub(crate) now: Millis,
    pub(crate) settings: Settings,
    pub(crate) zones: ReadZones,
    agents: Vec<Agent>,
    agents_by_id: HashMap<String, usize>,
    agents_by_zone: HashMap<String, Vec<usize>>,
    accounts: HashMap<String, Account>,
    folded: HashMap<String, String>,
    holdings: Vec<Holding>,
    holdings_of: HashMap<String, Range<usize>>,
    sources: HashMap<String, SourceAccount>,
}

impl Snapshot {
    /// Takes in what [`crate::reads`] asked for. `accounts` may hold rows that were not asked for by that very name:
    /// they differ from one that was only by case.
    #[must_use]
    pub fn new(
        now: Millis,
        settings: Settings,
        accounts: Vec<Account>,
        mut holdings: Vec<Holding>,
        sources: Vec<SourceAccount>,
    ) -> Self {
        holdings.sort_unstable_by(|a, b| (&a.account, &a.agent).cmp(&(&b.account, &b.agent)));
        let mut holdings_of: HashMap<String, Range<usize>> = HashMap::new();
        let mut start = 0;
        for same in holdings.chunk_by(|a, b| a.account == b.account) {
            let end = start + same.len();
            if let Some(first) = same.first() {
                holdings_of.insert(first.account.clone(), start..end);
            }
            start = end;
        }
        Self {
            now,
            settings,
            zones: ReadZones::default(),
            agents: Vec::new(),
            agents_by_id: HashMap::new(),
            agents_by_zone: HashMap::new(),
            folded: accounts.iter().map(|row| (fold(&row.name), row.name.clone())).collect(),
            accounts: accounts.into_iter().map(|row| (row.name.clone(), row)).collect(),
            holdings,
            holdings_of,
            sources: sources.into_iter().map(|source| (source.name.clone(), source)).collect(),
        }
    }

    /// Takes in the agents of these zones: the answer to [`crate::Questions::agents`]. An agent that stands here
    /// already is passed over.
    pub fn add_agents(&mut self, zones: &Zones, agents: Vec<Agent>) {
        self.zones.add(zones);
        for agent in agents {
            if self.agents_by_id.contains_key(&agent.id) {
                continue;
            }
            let place = self.agents.len();
            self.agents_by_id.insert(agent.id.clone(), place);
            self.agents_by_zone.entry(agent.zone.clone()).or_default().push(place);
            self.agents.push(agent);
        }
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        self.accounts.get(name)
    }

    /// A row whose name is this one but for case.
    pub(crate) fn lookalike(&self, name: &str) -> Option<&str> {
        self.folded.get(&fold(name)).map(String::as_str)
    }

    pub(crate) fn source(&self, name: &str) -> Option<&SourceAccount> {
        self.sources.get(name)
    }

    /// What is known of an account, by agent.
    pub(crate) fn holdings(&self, name: &str) -> &[Holding] {
        self.holdings_of.get(name).map_or(&[], |range| &self.holdings[range.clone()])
    }

    pub(crate) fn agent(&self, id: &str) -> Option<&Agent> {
        self.agents_by_id.get(id).map(|place| &self.agents[*place])
    }

    /// The agents of a zone; without one all of them.
    pub(crate) fn agents_of(&self, zone: Option<&str>) -> Box<dyn Iterator<Item = &Agent> + '_> {
        match zone {
            None => Box::new(self.agents.iter()),
            Some(zone) => {
                let places = self.agents_by_zone.get(zone).map_or(&[][..], Vec::as_slice);
                Box::new(places.iter().map(|place| &self.agents[*place]))
            }
        }
    }
}

/// What a name becomes when case is ignored.
pub(crate) fn fold(name: &str) -> String {
    if name.is_ascii() { name.to_ascii_lowercase() } else { name.to_lowercase() }
}
