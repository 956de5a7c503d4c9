//! Agents: what the bridge remembers across a restart, and what one replica learns of another's.

use async_trait::async_trait;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::store::Memory;

use super::MemoryStore;

#[async_trait]
impl Memory for MemoryStore {
    async fn agents(&self) -> Result<Vec<Agent>, StoreError> {
        Ok(self.tables().agents.values().cloned().collect())
    }

    async fn agents_since(&self, changed: u64) -> Result<Vec<Agent>, StoreError> {
        let tables = self.tables();
        let mut rows: Vec<Agent> =
            tables.agents.values().filter(|agent| agent.changed > changed).cloned().collect();
        rows.sort_by_key(|agent| agent.changed);
        Ok(rows)
    }

    async fn agents_changed(&self) -> Result<u64, StoreError> {
        Ok(self.tables().agents_changed)
    }

    async fn put_agent(
        &self,
        agent: Agent,
        session: Option<String>,
    ) -> Result<Option<u64>, StoreError> {
        let mut tables = self.tables();
        if let Some(session) = session {
            let now = tables.agents.get(&agent.id).map(|known| &known.session);
            if now != Some(&session) {
                return Ok(None);
            }
        }
        tables.agents_changed += 1;
        let changed = tables.agents_changed;
        tables.agents.insert(agent.id.clone(), Agent { changed, ..agent });
        Ok(Some(changed))
    }

    async fn heard_of(&self, agents: Vec<(String, u64, Millis)>) -> Result<(), StoreError> {
        let mut tables = self.tables();
        for (id, changed, at) in agents {
            if let Some(row) = tables.agents.get_mut(&id).filter(|row| row.changed == changed) {
                row.last_seen = at;
            }
        }
        Ok(())
    }

    async fn count_in_zone(&self, zone: String) -> Result<u64, StoreError> {
        let tables = self.tables();
        let rows = tables.accounts.values().map(|row| &row.account);
        let asked = rows
            .filter(|row| row.declared_by.is_none())
            .filter(|row| row.zone.as_ref().is_none_or(|of| *of == zone));
        Ok(asked.count() as u64)
    }

    async fn put_namespaces(
        &self,
        seen: Vec<(String, String, Vec<String>)>,
    ) -> Result<(), StoreError> {
        let seen = seen.into_iter().map(|(account, agent, names)| ((account, agent), names));
        self.tables().namespaces.extend(seen);
        Ok(())
    }
}
