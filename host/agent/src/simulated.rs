//! Simulated clusters, for demos and load tests: they do what a script says (`spec/agent-link.md`, "A simulation file"),
//! by the clock that they are given. The same account always is the same cluster.

mod file;
mod script;
mod sight;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio::sync::Notify;

use crate::clusters::{Account, Change, Clusters, Code, Refusal, Seen};
use crate::surroundings::Surroundings;

pub use file::BadScript;
pub use script::Script;
use script::{Behaviour, Labels};
use sight::{Cluster, Sight};

/// The namespaces of a simulated cluster whose definition names none.
const NAMESPACES: [&str; 2] = ["default", "kube-system"];

/// Clusters that obey a script.
#[derive(Debug)]
pub struct Simulated {
    script: Script,
    surroundings: Arc<dyn Surroundings>,
    started: u64,
    state: Mutex<State>,
    /// Another account is held: the next change may be an earlier one.
    held: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Tries that were refused, for behaviours that refuse a number of times.
    refused: HashMap<String, u32>,
    /// Held accounts whose clusters change: the cluster, and what was told of it last.
    held: HashMap<String, (Cluster, Sight)>,
}

impl Simulated {
    /// Clusters that exist from now on.
    #[must_use]
    pub fn new(script: Script, surroundings: Arc<dyn Surroundings>) -> Self {
        let started = surroundings.now();
        Self { script, surroundings, started, state: Mutex::default(), held: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held, and it is whole after every call.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Milliseconds since the clusters exist.
    fn age(&self) -> u64 {
        self.surroundings.now().saturating_sub(self.started)
    }

    /// Whether this try is one that the script refuses.
    fn refuses(&self, name: &str, behaviour: &Behaviour) -> Option<Refusal> {
        let code = behaviour.refuses?;
        if let Some(times) = behaviour.times {
            let mut state = self.state();
            let refused = state.refused.entry(name.to_owned()).or_default();
            if *refused >= times {
                return None;
            }
            *refused += 1;
        }
        Some(Refusal::new(code, format!("the simulation refuses {name}")))
    }

    /// The changes that have not been told.
    fn untold(&self) -> Vec<Change> {
        let age = self.age();
        let mut changes = Vec::new();
        for (name, (cluster, told)) in &mut self.state().held {
            let now = cluster.seen_after(told, age);
            if now != *told {
                changes.push(Change {
                    account: name.clone(),
                    health: now.health.clone(),
                    identity: (now.identity != told.identity).then(|| now.identity.clone()),
                    namespaces: (now.namespaces != told.namespaces).then(|| now.namespaces.clone()),
                });
                *told = now;
            }
        }
        changes
    }

    /// When the next held account changes.
    fn next_change(&self) -> Option<u64> {
        let age = self.age();
        let state = self.state();
        let next =
            state.held.values().filter_map(|(cluster, _)| cluster.behaviour.next_change(age));
        next.min().map(|edge| self.started.saturating_add(edge))
    }

    fn cluster(&self, name: &str, definition: &Map<String, Value>) -> Cluster {
        let behaviour = self.script.behaviour(name, &labels(definition));
        Cluster { name: name.to_owned(), behaviour, namespaces: namespaces(definition) }
    }
}

#[async_trait]
impl Clusters for Simulated {
    async fn look(&self, account: &Account) -> Result<Seen, Refusal> {
        let definition = object(account)?;
        let cluster = self.cluster(&account.name, &definition);
        let takes_ms = cluster.behaviour.takes_ms;
        if takes_ms > 0 {
            self.surroundings.sleep_until(self.surroundings.now() + takes_ms).await;
        }
        let sight = cluster.at(self.age());
        sight.health?;
        match self.refuses(&account.name, &cluster.behaviour) {
            Some(refusal) => Err(refusal),
            None => Ok(Seen { identity: sight.identity, namespaces: Some(sight.namespaces) }),
        }
    }

    fn hold(&self, account: &Account, seen: &Seen) {
        let definition = object(account).unwrap_or_default();
        let cluster = self.cluster(&account.name, &definition);
        if cluster.behaviour.is_steady() {
            return self.release(&account.name);
        }
        let told = Sight {
            health: Ok(()),
            identity: seen.identity.clone(),
            namespaces: seen.namespaces.clone().unwrap_or_default(),
        };
        self.state().held.insert(account.name.clone(), (cluster, told));
        self.held.notify_one();
    }

    fn release(&self, name: &str) {
        self.state().held.remove(name);
    }

    async fn changes(&self) -> Vec<Change> {
        loop {
            let changes = self.untold();
            if !changes.is_empty() {
                return changes;
            }
            match self.next_change() {
                Some(at) => tokio::select! {
                    () = self.surroundings.sleep_until(at) => {}
                    () = self.held.notified() => {}
                },
                None => self.held.notified().await,
            }
        }
    }
}

fn object(account: &Account) -> Result<Map<String, Value>, Refusal> {
    serde_json::from_slice(account.definition.expose()).map_err(|_| {
        let text = format!("the definition of {} is no JSON object", account.name);
        Refusal::new(Code::InvalidKubeconfig, text)
    })
}

/// The texts of the definition's attribute `labels`.
fn labels(definition: &Map<String, Value>) -> Labels {
    let labels = definition.get("labels").and_then(Value::as_object);
    let text = |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
    labels.into_iter().flatten().filter_map(text).collect()
}

/// The namespaces that the definition declares, or those that every cluster has.
fn namespaces(definition: &Map<String, Value>) -> Vec<String> {
    let declared = definition.get("namespaces").and_then(Value::as_array);
    let declared: Vec<String> = declared
        .into_iter()
        .flatten()
        .filter_map(|namespace| namespace.as_str().map(str::to_owned))
        .collect();
    if declared.is_empty() { NAMESPACES.map(str::to_owned).to_vec() } else { declared }
}

#[cfg(test)]
mod tests;
