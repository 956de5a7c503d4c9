//! One agent and an account, as it is shown: what it holds, which cluster it sees, and how that stands.

use std::collections::HashMap;

use host_core::account::Identity;
use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::holding::{Holding, Observed};
use host_core::port::store::AgentNamespaces;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::ErrorView;

/// What is known of one agent and an account. Times are milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct AgentOfAccount {
    agent_id: String,
    /// Its zone; absent: the agent is not remembered any more.
    zone_id: Option<String>,
    /// Whether it holds and watches the account: it said so, and is connected.
    caching: bool,
    /// Whether its stream is open.
    connected: bool,
    /// Whether it says that the cluster answers as it should; absent: it has not looked, does not hold the account, or is
    /// not connected and cannot say.
    healthy: Option<bool>,
    /// Why the cluster does not.
    health_error: Option<ErrorView>,
    /// Since when it does, or does not.
    health_since: Option<Millis>,
    /// The account stands in the agent's own configuration.
    configured: bool,
    /// The cluster that it sees.
    cluster: Option<ClusterView>,
    /// Whether that is another cluster than the one recorded for the account; `…/rebind` accepts it.
    conflict: bool,
    /// How many namespaces it sees; absent: it has not told. Their names: `…/namespaces?agent=`.
    namespaces: Option<usize>,
    /// What it refused last, and why.
    error: Option<ErrorView>,
}

/// A cluster's identity.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ClusterView {
    kube_host: String,
    cert_fingerprint: String,
    kube_version: String,
}

impl From<&Identity> for ClusterView {
    fn from(identity: &Identity) -> Self {
        Self {
            kube_host: identity.host.clone(),
            cert_fingerprint: identity.fingerprint.clone(),
            kube_version: identity.version.clone(),
        }
    }
}

/// The agents that hold an account now, put together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Held {
    /// How many they are.
    pub(crate) connections: u64,
    /// Whether the cluster answers all of them as it should; absent: none of them has looked.
    pub(crate) healthy: Option<bool>,
}

impl Held {
    /// One more agent holds it.
    pub(crate) fn add(&mut self, holding: &Holding) {
        self.connections += 1;
        let well = holding.health.as_ref().map(|health| health.failure.is_none());
        self.healthy = match (self.healthy, well) {
            (Some(so_far), Some(well)) => Some(so_far && well),
            (so_far, well) => so_far.or(well),
        };
    }
}

/// The agents that are remembered: their zones, and whether they are connected.
#[derive(Debug)]
pub(crate) struct Known(HashMap<String, (String, bool)>);

impl Known {
    pub(crate) fn of(agents: Vec<Agent>) -> Self {
        let entry = |agent: Agent| {
            let connected = agent.presence == Presence::Connected;
            (agent.id, (agent.zone, connected))
        };
        Self(agents.into_iter().map(entry).collect())
    }

    fn is_connected(&self, agent: &str) -> bool {
        self.0.get(agent).is_some_and(|(_, connected)| *connected)
    }

    /// Whether an agent holds the account now: it was seen to, and is connected.
    pub(crate) fn holds(&self, holding: &Holding) -> bool {
        matches!(holding.observed, Observed::Held(_)) && self.is_connected(&holding.agent)
    }

    /// Those of an account that hold it now, put together.
    pub(crate) fn held(&self, holdings: &[Holding]) -> Held {
        let mut held = Held::default();
        holdings.iter().filter(|holding| self.holds(holding)).for_each(|each| held.add(each));
        held
    }

    /// What is known of each agent and an account, whose recorded cluster is `row`.
    pub(crate) fn views(
        &self,
        holdings: &[Holding],
        row: Option<&Identity>,
        namespaces: &[AgentNamespaces],
    ) -> Vec<AgentOfAccount> {
        let counted: HashMap<&str, usize> =
            namespaces.iter().map(|seen| (seen.agent.as_str(), seen.namespaces.len())).collect();
        let view = |holding: &Holding| {
            let seen = holding.identity.as_ref();
            let connected = self.is_connected(&holding.agent);
            let health = holding.health.as_ref().filter(|_| connected);
            let failure = health.and_then(|health| health.failure.as_ref());
            AgentOfAccount {
                agent_id: holding.agent.clone(),
                zone_id: self.0.get(&holding.agent).map(|(zone, _)| zone.clone()),
                caching: self.holds(holding),
                connected,
                healthy: health.map(|health| health.failure.is_none()),
                health_error: failure.map(ErrorView::from),
                health_since: health.map(|health| health.since),
                configured: holding.configured,
                cluster: seen.map(ClusterView::from),
                conflict: matches!((row, seen), (Some(row), Some(seen)) if !row.is_same_cluster(seen)),
                namespaces: counted.get(holding.agent.as_str()).copied(),
                error: holding.refusal.as_ref().map(|refusal| ErrorView::from(&refusal.failure)),
            }
        };
        holdings.iter().map(view).collect()
    }
}
