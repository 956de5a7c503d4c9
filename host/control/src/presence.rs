//! Who is there, kept true across replicas: rows of agents that other replicas wrote are taken in, and a call that was
//! decided on an older view is found out after its commit.
//!
//! Whoever moves an agent's row looks through the rows of its accounts afterwards; whoever moves an account's row looks
//! at the agents afterwards. One of the two sees the other, so nothing falls in between, and no lock is needed for it.

use std::sync::Arc;

use host_core::agent::Agent;
use host_core::error::StoreError;
use host_core::port::link::Session;
use host_core::port::replicas::Ring;
use tracing::{info, warn};

use crate::bridge::Shared;
use crate::registry::TakenIn;

/// How often a replica looks for what no ring told it, in milliseconds. On a database that it has for itself there is
/// nothing to look for.
pub(crate) const LOOK_MS: u64 = 1_000;

/// How many agents a look wakes.
const WAKE_MAX: usize = 500;

/// Zones, and the agents of these zones that a call was told of, each with its session.
type Told = (Vec<String>, Vec<(String, String)>);

/// What a call was told of who is there.
#[derive(Debug, Default)]
pub(crate) struct SeenPresence {
    there: Vec<Told>,
    /// Agents that were gone.
    pub(crate) gone: Vec<String>,
}

impl SeenPresence {
    /// The call was told that these agents of these zones are there.
    pub(crate) fn saw(&mut self, zones: Vec<String>, there: &[Agent]) {
        self.there.push((zones, sessions(there)));
    }
}

fn sessions(agents: &[Agent]) -> Vec<(String, String)> {
    agents.iter().map(|agent| (agent.id.clone(), agent.session.clone())).collect()
}

impl Shared {
    /// Whether somebody came or went since a call was told who is there.
    pub(crate) async fn presence_moved(&self, seen: &SeenPresence) -> bool {
        if let Err(error) = self.refresh().await {
            // What is not known may have moved. The tick that follows finds out, or the sweep does.
            warn!("whether an agent came or went is not known: {error}");
            return true;
        }
        let moved = |(zones, before): &Told| sessions(&self.registry.there(zones)) != *before;
        seen.there.iter().any(moved)
            || seen.gone.iter().any(|agent| self.registry.gone_since(agent).is_none())
    }

    /// Takes in what other replicas wrote of agents.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        if !self.several {
            return Ok(());
        }
        let memory = &self.ports.memory;
        let seen = self.registry.seen();
        if memory.agents_changed().await? == seen {
            return Ok(());
        }
        for taken in self.registry.take_in(memory.agents_since(seen).await?, &self.tuning.replica) {
            match taken {
                TakenIn::Overtaken(session, agent) => {
                    info!(agent = %agent.id, replica = %agent.replica, "the agent is on another replica now");
                    self.ports.link.overtaken(&session, &agent.instance).await;
                }
                TakenIn::GivenUp(session) => self.register_again(&session).await,
            }
        }
        Ok(())
    }

    /// Another replica took this one for dead and its agent for lost, while its stream is open here: the agent is asked
    /// to register again, which sets right whatever was decided meanwhile.
    pub(crate) async fn register_again(&self, session: &Session) {
        warn!(agent = %session.agent, "this replica was away for so long that its agent was taken for lost");
        let reason = "the bridge was away; register again";
        self.ports.link.disconnect(&session.agent, reason).await;
    }

    /// Writes an agent's row: of a new session, or of one that must still be the newest. Answers the row, or nothing if
    /// another session has taken the agent over.
    pub(crate) async fn put_agent(
        &self,
        agent: Agent,
        session: Option<&str>,
    ) -> Result<Option<Agent>, StoreError> {
        let written = self.ports.memory.put_agent(agent.clone(), session.map(str::to_owned));
        let Some(changed) = written.await? else {
            self.refresh().await?;
            return Ok(None);
        };
        self.rings.add(&Ring { presence: true, ..Ring::default() });
        Ok(Some(Agent { changed, ..agent }))
    }

    /// Looks for what no ring told, for ever.
    pub(crate) async fn looks(self: Arc<Self>) {
        loop {
            self.ports.clock.sleep_until(self.ports.clock.now().saturating_add(LOOK_MS)).await;
            self.look().await;
        }
    }

    async fn look(&self) {
        if let Err(error) = self.refresh().await {
            warn!("what other replicas did is not seen: {error}");
        }
        match self.ports.outbox.unsent(self.ports.clock.now(), WAKE_MAX).await {
            Ok(agents) => self.registry.wake(&agents.into_iter().collect()),
            Err(error) => warn!("what is to be sent is not seen: {error}"),
        }
    }
}
