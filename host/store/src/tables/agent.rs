//! Rows of `swingbridge_agents`.

use host_core::agent::Agent;

use crate::statement::Statement;
use crate::value::{Cells, Wrong};

/// The name in errors.
pub(crate) const NAME: &str = "swingbridge_agents";

/// Binds an agent to `UPDATE_AGENT` or `INSERT_AGENT`, which have the same order.
pub(crate) fn bind(text: &'static str, agent: &Agent, changed: u64) -> Statement {
    Statement::new(text)
        .bind(&agent.instance)
        .bind(&agent.zone)
        .bind(&agent.session)
        .bind(agent.presence.as_str())
        .bind(agent.presence_since)
        .bind(agent.last_seen)
        .bind(agent.settled.as_str())
        .bind(&agent.version)
        .bind(&agent.replica)
        .bind(changed)
        .bind(&agent.id)
}

/// Reads the columns of `AGENTS`.
pub(crate) fn read(cells: &mut Cells) -> Result<Agent, Wrong> {
    Ok(Agent {
        id: cells.text()?,
        instance: cells.text()?,
        zone: cells.text()?,
        session: cells.text()?,
        presence: cells.word()?,
        presence_since: cells.number()?,
        last_seen: cells.number()?,
        settled: cells.word()?,
        version: cells.text()?,
        replica: cells.text()?,
        changed: cells.number()?,
    })
}
