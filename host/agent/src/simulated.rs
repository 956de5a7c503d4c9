//! Simulated clusters, for demos and load tests: they do what a script says (`spec/agent-link.md`, "A simulation file"),
//! by the clock that they are given. The same account always is the same cluster.

mod file;
mod script;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use tokio::sync::Notify;

use crate::clusters::{Account, Change, Clusters, Code, Identity, Refusal, Seen};
use crate::surroundings::Surroundings;

pub use file::BadScript;
pub use script::Script;
use script::{Behaviour, Labels};

/// The version that every simulated API server says it has.
const VERSION: &str = "v1.34.4";

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
    /// Held accounts that are away at times: how they behave, and the health that was told last.
    held: HashMap<String, (Behaviour, bool)>,
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
        for (name, (behaviour, told)) in &mut self.state().held {
            let healthy = !behaviour.is_unreachable(age);
            if healthy != *told {
                *told = healthy;
                let health = if healthy { Ok(()) } else { Err(away(name)) };
                let account = name.clone();
                changes.push(Change { account, health, identity: None, namespaces: None });
            }
        }
        changes
    }

    /// When the next held account changes.
    fn next_change(&self) -> Option<u64> {
        let age = self.age();
        let state = self.state();
        let edges = state.held.values().filter_map(|(behaviour, _)| behaviour.unreachable);
        let next = edges.flat_map(|(from, to)| [from, to]).filter(|edge| *edge > age).min();
        next.map(|edge| self.started.saturating_add(edge))
    }
}

#[async_trait]
impl Clusters for Simulated {
    async fn look(&self, account: &Account) -> Result<Seen, Refusal> {
        let definition = object(account)?;
        let behaviour = self.script.behaviour(&account.name, &labels(&definition));
        if behaviour.takes_ms > 0 {
            self.surroundings.sleep_until(self.surroundings.now() + behaviour.takes_ms).await;
        }
        if behaviour.is_unreachable(self.age()) {
            return Err(away(&account.name));
        }
        match self.refuses(&account.name, &behaviour) {
            Some(refusal) => Err(refusal),
            None => Ok(Seen {
                identity: identity(&account.name),
                namespaces: Some(namespaces(&definition)),
            }),
        }
    }

    fn hold(&self, account: &Account, _: &Seen) {
        let labels = object(account).map(|definition| labels(&definition)).unwrap_or_default();
        let behaviour = self.script.behaviour(&account.name, &labels);
        if behaviour.unreachable.is_none() {
            return self.release(&account.name);
        }
        self.state().held.insert(account.name.clone(), (behaviour, true));
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

/// Why an account cannot be reached between its two times.
fn away(name: &str) -> Refusal {
    Refusal::new(Code::Unreachable, format!("the API server of {name} does not answer"))
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

/// The cluster that an account always is.
fn identity(name: &str) -> Identity {
    let pairs: Vec<String> =
        Sha256::digest(name).iter().map(|byte| format!("{byte:02X}")).collect();
    Identity {
        host: format!("https://{name}.simulated:6443"),
        fingerprint: pairs.join(":"),
        version: VERSION.to_owned(),
    }
}

#[cfg(test)]
mod tests;
