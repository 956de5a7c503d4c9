//! What an activation leaves in the tables, told without what differs between any two runs: an id is told by what it
//! leads to. Times stand still in both, so they are compared as they are.

use anyhow::{Result, bail};
use tests_harness::{Cell, TestDatabase};

/// Each table, by the name that a difference is told with.
const TABLES: [(&str, &str); 8] = [
    (
        "kubesvc_accounts",
        "SELECT name, last_updated, kube_version, kube_host, cert_fingerprint, max_watch_age_seconds, props, zone_id, \
         dynamic, status, definition, error_message, failed_count, connections, name_folded, declared_by, error_code, \
         revision, state_revision, definition_revision, state_since, due_at, requests, attributes, source, \
         source_fingerprint, slot_generation FROM kubesvc_accounts ORDER BY name",
    ),
    (
        "swingbridge_names",
        "SELECT name, generation, removed_at FROM swingbridge_names ORDER BY name",
    ),
    (
        "swingbridge_holdings",
        "SELECT h.id, h.account, h.agent, h.revision, g.id, h.observed, h.configured, h.healthy, h.detail, \
         h.last_updated FROM swingbridge_holdings h LEFT JOIN swingbridge_agents g ON g.instance = h.instance \
         ORDER BY h.id",
    ),
    (
        "swingbridge_namespaces",
        "SELECT id, account, agent, namespaces FROM swingbridge_namespaces ORDER BY id",
    ),
    (
        "swingbridge_operations",
        "SELECT r.action, o.account, o.agent, g.id, o.kind, o.definition_revision, o.generation, o.state, o.not_before, \
         o.deadline, o.context, o.module, o.data_version, o.created_at, o.attempts, o.sent_at, o.ended_at, \
         o.failure_code, o.failure_text, s.id, o.slot_generation FROM swingbridge_operations o \
         LEFT JOIN swingbridge_requests r ON r.id = o.parent \
         LEFT JOIN swingbridge_agents g ON g.instance = o.instance \
         LEFT JOIN swingbridge_agents s ON s.session = o.session ORDER BY o.account, o.id",
    ),
    (
        "swingbridge_journal",
        "SELECT j.at, j.account, j.from_state, j.to_state, j.event, j.reason, j.who, r.action, o.kind, j.module, \
         j.revision FROM swingbridge_journal j LEFT JOIN swingbridge_requests r ON r.id = j.request \
         LEFT JOIN swingbridge_operations o ON o.id = j.operation ORDER BY j.account, j.id",
    ),
    (
        "swingbridge_requests",
        "SELECT action, who, created_at, total, replica FROM swingbridge_requests ORDER BY id",
    ),
    (
        "swingbridge_request_items",
        "SELECT r.action, i.name, i.outcome, i.state, i.code, i.text, i.possible FROM swingbridge_request_items i \
         LEFT JOIN swingbridge_requests r ON r.id = i.request ORDER BY i.name, r.action",
    ),
];

/// All rows of all these tables.
#[derive(Debug)]
pub(crate) struct Tables(Vec<Vec<Vec<Cell>>>);

impl Tables {
    /// Reads them.
    pub(crate) async fn of(database: &TestDatabase) -> Result<Self> {
        let mut tables = Vec::new();
        for (_, text) in TABLES {
            tables.push(database.rows(text).await?);
        }
        Ok(Self(tables))
    }

    /// Whether there is nothing in any of them.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.iter().all(Vec::is_empty)
    }

    /// The first row that is another one is the error.
    pub(crate) fn ensure_equal(&self, floor: &Self) -> Result<()> {
        for ((table, _), (ours, floor)) in TABLES.iter().zip(self.0.iter().zip(&floor.0)) {
            if ours.len() != floor.len() {
                bail!("{table} has {} rows, and {} on the floor", ours.len(), floor.len());
            }
            if let Some((ours, floor)) = ours.iter().zip(floor).find(|(ours, floor)| ours != floor)
            {
                bail!("{table} is not equal:\nours  {ours:?}\nfloor {floor:?}");
            }
        }
        Ok(())
    }
}
