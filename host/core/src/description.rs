//! What a module declares of itself, and what the host holds against every write.

use crate::account::State;

/// Whether rows may stay in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateKind {
    /// They may.
    Rest,
    /// They pass through.
    Transient,
}

/// Who watches the cluster while a row is in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// Clouddriver does.
    Clouddriver,
    /// An agent does.
    Agent,
    /// Nobody does.
    Nobody,
}

/// A declared state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateInfo {
    /// Its name.
    pub name: State,
    /// Rest or transient.
    pub kind: StateKind,
    /// Who watches.
    pub holder: Holder,
}

/// A declared edge.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Edge {
    /// Absent: a row comes into being.
    pub from: Option<State>,
    /// What happens.
    pub event: String,
    /// Absent: the row is removed.
    pub to: Option<State>,
}

/// The answer of `describe`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Description {
    /// The module's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The version of what it writes into attributes and contexts.
    pub data_version: u32,
    /// Data versions of others that it understands.
    pub takes_over: Vec<u32>,
    /// JSON Schema of its settings.
    pub settings_schema: String,
    /// Its states.
    pub states: Vec<StateInfo>,
    /// Its edges.
    pub edges: Vec<Edge>,
}

impl Description {
    /// Whether an edge is declared.
    #[must_use]
    pub fn declares(&self, from: Option<&str>, event: &str, to: Option<&str>) -> bool {
        self.edges.iter().any(|edge| {
            edge.from.as_deref() == from && edge.event == event && edge.to.as_deref() == to
        })
    }

    /// What is wrong with the description itself, as sentences: names and bounds, edges that lead to undeclared states,
    /// states that no edge reaches or that have no way out (`spec/modules.md`, gate 5).
    #[must_use]
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        if self.states.is_empty() || self.states.len() > 64 {
            faults.push(format!("it declares {} states; 1 to 64 are allowed", self.states.len()));
        }
        if self.edges.len() > 1_024 {
            faults.push(format!("it declares {} edges; at most 1,024 are", self.edges.len()));
        }
        for (at, state) in self.states.iter().enumerate() {
            if !is_state_name(&state.name) {
                faults.push(format!("{:?} is no state name: [A-Z_]{{1,32}} is", state.name));
            }
            if self.states[..at].iter().any(|other| other.name == state.name) {
                faults.push(format!("the state {} is declared twice", state.name));
            }
        }
        for edge in &self.edges {
            if edge.event.is_empty() || edge.event.len() > 64 {
                faults.push(format!(
                    "an edge's event has {} bytes; 1 to 64 may be",
                    edge.event.len()
                ));
            }
            for end in [&edge.from, &edge.to].into_iter().flatten() {
                if !self.has(end) {
                    faults.push(format!("an edge names the state {end:?}, which is not declared"));
                }
            }
        }
        faults.extend(self.unreachable());
        faults.extend(self.dead_ends());
        faults
    }

    /// Whether a state is declared.
    #[must_use]
    pub fn has(&self, state: &str) -> bool {
        self.states.iter().any(|info| info.name == state)
    }

    fn unreachable(&self) -> Vec<String> {
        let mut reached: Vec<&str> = self
            .edges
            .iter()
            .filter(|e| e.from.is_none())
            .filter_map(|e| e.to.as_deref())
            .collect();
        let mut at = 0;
        while at < reached.len() {
            let here = reached[at];
            for edge in self.edges.iter().filter(|e| e.from.as_deref() == Some(here)) {
                if let Some(to) = edge.to.as_deref().filter(|to| !reached.contains(to)) {
                    reached.push(to);
                }
            }
            at += 1;
        }
        self.states
            .iter()
            .filter(|info| !reached.contains(&info.name.as_str()))
            .map(|info| format!("no edge leads to the state {}", info.name))
            .collect()
    }

    fn dead_ends(&self) -> Vec<String> {
        self.states
            .iter()
            .filter(|info| {
                !self.edges.iter().any(|e| {
                    e.from.as_deref() == Some(&info.name) && e.to.as_deref() != Some(&info.name)
                })
            })
            .map(|info| format!("no edge leaves the state {}", info.name))
            .collect()
    }
}

fn is_state_name(name: &str) -> bool {
    (1..=32).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_')
}

#[cfg(test)]
mod tests {
    use super::{Description, Edge, Holder, StateInfo, StateKind};

    fn module(states: &[&str], edges: &[(Option<&str>, Option<&str>)]) -> Description {
        Description {
            name: "m".into(),
            version: "1.0.0".into(),
            data_version: 1,
            takes_over: vec![],
            settings_schema: "{}".into(),
            states: states
                .iter()
                .map(|name| StateInfo {
                    name: (*name).to_owned(),
                    kind: StateKind::Rest,
                    holder: Holder::Nobody,
                })
                .collect(),
            edges: edges
                .iter()
                .map(|(from, to)| Edge {
                    from: from.map(str::to_owned),
                    event: "e".into(),
                    to: to.map(str::to_owned),
                })
                .collect(),
        }
    }

    #[test]
    fn a_closed_reachable_table_with_ways_out_has_no_faults() {
        let good = module(&["A"], &[(None, Some("A")), (Some("A"), None)]);
        assert_eq!(good.faults(), Vec::<String>::new());
    }

    #[test]
    fn each_fault_of_a_table_is_named() {
        let faults =
            module(&["A", "B", "b"], &[(None, Some("A")), (Some("A"), Some("C"))]).faults();
        assert_eq!(
            faults,
            [
                "\"b\" is no state name: [A-Z_]{1,32} is",
                "an edge names the state \"C\", which is not declared",
                "no edge leads to the state B",
                "no edge leads to the state b",
                "no edge leaves the state B",
                "no edge leaves the state b",
            ]
        );
    }
}
