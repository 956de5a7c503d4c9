//! `agents`: who is there, what they hold, and what they are told.

use host_core::BATCH_MAX;

use super::{answer, misunderstood};
use crate::bindings::lifecycle::swingbridge::lifecycle::agents::{
    Agent, Holding, Host, ReadError, Submission,
};
use crate::bindings::lifecycle::swingbridge::lifecycle::types::Denial;
use crate::convert::{row, write};
use crate::state::CallState;

impl Host for CallState {
    async fn connected(
        &mut self,
        zones: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Agent>, ReadError>> {
        self.bound(zones.len(), BATCH_MAX)?;
        let agents = match self.world.agents(zones).await {
            Ok(agents) => agents,
            Err(error) => return Err(self.host(error)),
        };
        let weight = |agent: &host_core::agent::Agent| {
            32 + agent.id.len() + agent.instance.len() + agent.zone.len()
        };
        self.read(agents.len(), agents.iter().map(weight).sum())?;
        Ok(Ok(agents.into_iter().filter_map(row::agent).collect()))
    }

    async fn holdings(
        &mut self,
        accounts: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Holding>, ReadError>> {
        self.bound(accounts.len(), BATCH_MAX)?;
        let known = match self.world.holdings(accounts).await {
            Ok(known) => known,
            Err(error) => return Err(self.host(error)),
        };
        let bytes = known.iter().map(|k| 240 + k.holding.account.len() + k.holding.agent.len());
        self.read(known.len(), bytes.sum())?;
        self.collector.has_read_holdings(known.iter().map(|known| &known.holding));
        Ok(Ok(known.into_iter().map(row::holding).collect()))
    }

    fn submit(
        &mut self,
        operations: Vec<Submission>,
    ) -> wasmtime::Result<Result<Vec<String>, Denial>> {
        // A batch of accounts may go to several agents each: bounded by the writes of a call, not by the batch.
        self.bound(1, 1)?;
        self.usage.bytes_out += operations.len() * 160;
        let ids: Vec<String> = operations.iter().map(|_| self.world.next_id()).collect();
        let named = operations.into_iter().zip(ids.iter().cloned());
        let operations =
            named.map(|(operation, id)| write::submission(operation, id)).collect::<Result<_, _>>();
        Ok(match operations {
            Ok(operations) => answer(self.collector.submit(operations)).map(|()| ids),
            Err(reason) => Err(misunderstood(reason)),
        })
    }
}
