//! What a simulated cluster looks like at a time: its identity, its namespaces, and whether it answers.

use sha2::{Digest, Sha256};

use crate::clusters::{Code, Identity, Refusal};
use crate::simulated::script::Behaviour;

/// The version of a simulated API server that says no other.
const VERSION: &str = "v1.34.4";

/// The cluster of one account.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    /// The account.
    pub(crate) name: String,
    /// How it behaves.
    pub(crate) behaviour: Behaviour,
    /// Its namespaces as long as the script names no others.
    pub(crate) namespaces: Vec<String>,
}

/// A look at it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sight {
    pub(crate) health: Result<(), Refusal>,
    pub(crate) identity: Identity,
    pub(crate) namespaces: Vec<String>,
}

impl Cluster {
    /// What it is at this age of the agent.
    pub(crate) fn at(&self, age_ms: u64) -> Sight {
        let mut sight = Sight {
            health: Ok(()),
            identity: Identity {
                host: format!("https://{}.simulated:6443", self.name),
                fingerprint: fingerprint(&self.name),
                version: VERSION.to_owned(),
            },
            namespaces: self.namespaces.clone(),
        };
        for turn in self.behaviour.so_far(age_ms) {
            if let Some(version) = &turn.version {
                sight.identity.version.clone_from(version);
            }
            if let Some(host) = &turn.host {
                sight.identity.host.clone_from(host);
            }
            if let Some(certificate) = &turn.certificate {
                sight.identity.fingerprint = fingerprint(&format!("{} {certificate}", self.name));
            }
            if let Some(namespaces) = &turn.namespaces {
                sight.namespaces.clone_from(namespaces);
            }
            if let Some(health) = turn.health {
                sight.health = health.map_err(|code| self.fails(code));
            }
        }
        if self.behaviour.is_unreachable(age_ms) {
            sight.health = Err(self.fails(Code::Unreachable));
        }
        sight
    }

    /// The same for somebody who has seen it before: of a cluster that does not answer nothing else is seen anew.
    pub(crate) fn seen_after(&self, before: &Sight, age_ms: u64) -> Sight {
        let now = self.at(age_ms);
        match now.health {
            Ok(()) => now,
            Err(_) => Sight { health: now.health, ..before.clone() },
        }
    }

    fn fails(&self, code: Code) -> Refusal {
        let name = &self.name;
        let text = match code {
            Code::Unreachable => format!("the API server of {name} does not answer"),
            Code::Unauthorized => format!("the API server of {name} does not know the credentials"),
            Code::Timeout => format!("the API server of {name} answers too slowly"),
            Code::InvalidKubeconfig | Code::IdentityConflict | Code::Stale | Code::Internal => {
                format!("the simulation says so of {name}")
            }
        };
        Refusal::new(code, text)
    }
}

fn fingerprint(of: &str) -> String {
    let pairs: Vec<String> = Sha256::digest(of).iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(":")
}
