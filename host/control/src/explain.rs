//! Why an account is where it is, what it waits for and until when, and what an operator can do: for a person at three in
//! the morning, and the same as fields.
//!
//! Everything is told from committed rows, and from what the module declares of its states and edges: the host knows no
//! state by name. What a row waits for is read off the events on the edges that leave its state, and off the attributes
//! that `wit/README.md` registers ([`waits`]); [`words`] says it.

mod waits;
mod words;

use async_trait::async_trait;
use host_core::account::{Account, Failure, Identity, State};
use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::description::{Description, StateKind};
use host_core::error::StoreError;
use host_core::event::Action;
use host_core::holding::{Health, Holding, Observed};
use host_core::journal::JournalEntry;
use host_core::operation::{Operation, OperationKind};

use crate::bridge::Bridge;

/// How many of its last steps an account is explained with.
const STEPS: usize = 5;
/// A row that is due for longer than this is late: the bridge should have come to it.
pub const LATE_MS: Millis = 30_000;

/// What an account waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WaitsFor {
    /// The answer of an agent that was asked.
    Answer,
    /// An agent that can be asked.
    Candidate,
    /// The time of the next try.
    Retry,
    /// An agent that is gone, or another that holds it, within `agents.grace`.
    Return,
    /// The time at which a row goes that nobody declares any more.
    Removal,
    /// A request: it was given up, or rests.
    Request,
    /// The time at which the module looks at it again.
    Look,
}

impl WaitsFor {
    /// The word in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer",
            Self::Candidate => "candidate",
            Self::Retry => "retry",
            Self::Return => "return",
            Self::Removal => "removal",
            Self::Request => "request",
            Self::Look => "look",
        }
    }
}

/// One thing that an account waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wait {
    /// What.
    pub what: WaitsFor,
    /// The agent that has to answer.
    pub agent: Option<String>,
    /// The operation that it has to answer.
    pub operation: Option<String>,
    /// What it was asked.
    pub kind: Option<OperationKind>,
    /// Since when.
    pub since: Option<Millis>,
    /// Nothing happens before.
    pub not_before: Option<Millis>,
    /// Until when; absent: for ever, if need be.
    pub until: Option<Millis>,
    /// The same for a person.
    pub sentence: String,
}

/// One agent and the account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AgentPart {
    /// The agent.
    pub agent: String,
    /// Its zone; absent: the agent is not remembered any more.
    pub zone: Option<String>,
    /// Whether it is there; absent: as above.
    pub presence: Option<Presence>,
    /// What it was last seen to hold.
    pub observed: Observed,
    /// Whether that is the definition as it is now.
    pub current: bool,
    /// What it refused last.
    pub refused: Option<(OperationKind, Failure, Millis)>,
    /// The cluster that it sees.
    pub seen: Option<Identity>,
    /// That is another cluster than the one that is recorded.
    pub conflict: bool,
    /// How the cluster stands.
    pub health: Option<Health>,
    /// The same for a person.
    pub sentence: String,
}

/// An account, explained.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explanation {
    /// The account.
    pub account: String,
    /// Where it is.
    pub state: State,
    /// Since when.
    pub since: Millis,
    /// When it was explained.
    pub now: Millis,
    /// Why, if something went wrong.
    pub error: Option<Failure>,
    /// Its last steps, the newest first.
    pub steps: Vec<JournalEntry>,
    /// What it waits for.
    pub waits: Vec<Wait>,
    /// It is due since so long that something is wrong with the bridge, in milliseconds.
    pub late_ms: Option<Millis>,
    /// What is known of agents, by id.
    pub agents: Vec<AgentPart>,
    /// Requests that wait for it.
    pub requests: Vec<String>,
    /// What may be asked for now.
    pub possible: Vec<Action>,
    /// All of it for a person, the most important first.
    pub sentences: Vec<String>,
}

/// Explains accounts.
#[async_trait]
pub trait Explains: std::fmt::Debug + Send + Sync {
    /// Explains an account; nothing if there is none.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn explain(&self, name: &str) -> Result<Option<Explanation>, StoreError>;

    /// The states that rows pass through, as the module that serves declares them.
    fn transient_states(&self) -> Vec<State>;
}

/// Everything that is known when an account is explained.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) now: Millis,
    pub(crate) account: Account,
    pub(crate) holdings: Vec<Holding>,
    pub(crate) agents: Vec<Agent>,
    /// The newest first.
    pub(crate) steps: Vec<JournalEntry>,
    /// Those that are not answered.
    pub(crate) operations: Vec<Operation>,
}

#[async_trait]
impl Explains for Bridge {
    async fn explain(&self, name: &str) -> Result<Option<Explanation>, StoreError> {
        let ports = &self.shared.ports;
        let Some(record) = ports.records.account(name.to_owned()).await? else { return Ok(None) };
        let mut holdings = ports.rows.holdings(vec![name.to_owned()]).await?;
        holdings.sort_by(|one, other| one.agent.cmp(&other.agent));
        let unanswered = holdings.iter().filter_map(|holding| holding.operation.as_ref());
        let unanswered: Vec<String> = unanswered.map(|operation| operation.id.clone()).collect();
        let mut operations = Vec::new();
        for part in unanswered.chunks(host_core::BATCH_MAX) {
            operations.extend(ports.outbox.operations(part.to_vec()).await?);
        }
        let facts = Facts {
            now: ports.clock.now(),
            account: record.account,
            holdings,
            agents: ports.memory.agents().await?,
            steps: ports.records.journal(name.to_owned(), None, STEPS).await?,
            operations,
        };
        Ok(Some(explain(facts, ports.lifecycle.serving().description())))
    }

    fn transient_states(&self) -> Vec<State> {
        let module = self.shared.ports.lifecycle.serving();
        let states = module.description().states.iter();
        let passing = states.filter(|state| state.kind == StateKind::Transient);
        passing.map(|state| state.name.clone()).collect()
    }
}

/// Explains an account from what is known.
pub(crate) fn explain(facts: Facts, module: &Description) -> Explanation {
    let waits = waits::waits(&facts, module);
    let agents: Vec<AgentPart> =
        facts.holdings.iter().filter_map(|holding| part(&facts, holding)).collect();
    // A row that passes through a state without a due time is late from its beginning: nobody comes to it.
    let passes = module
        .states
        .iter()
        .any(|state| state.name == facts.account.state && state.kind == StateKind::Transient);
    let due = facts.account.due_at.or(passes.then_some(facts.account.state_since));
    let late = due.map(|due| facts.now.saturating_sub(due));
    let mut explanation = Explanation {
        possible: possible(&facts.account, module),
        requests: facts.account.requests.iter().map(|open| open.id.clone()).collect(),
        account: facts.account.name,
        state: facts.account.state,
        since: facts.account.state_since,
        now: facts.now,
        error: facts.account.error,
        steps: facts.steps,
        waits,
        late_ms: late.filter(|late| *late > LATE_MS),
        agents,
        sentences: Vec::new(),
    };
    explanation.sentences = words::sentences(&explanation, facts.account.declared_by.as_deref());
    explanation
}

/// What the module's edges take from where the row stands. A row that comes from an agent's configuration changes there.
fn possible(account: &Account, module: &Description) -> Vec<Action> {
    let asked = |action: &Action| {
        let leaves = |edge: &host_core::description::Edge| {
            edge.from.as_ref() == Some(&account.state) && edge.event == action.as_str()
        };
        module.edges.iter().any(leaves)
    };
    let open = account.declared_by.is_none();
    Action::ALL.into_iter().filter(|a| open || *a == Action::Rebind).filter(asked).collect()
}

/// What is known of an agent and the account; nothing if that is nothing.
fn part(facts: &Facts, holding: &Holding) -> Option<AgentPart> {
    let agent = facts.agents.iter().find(|agent| agent.id == holding.agent);
    let row = facts.account.identity.as_ref();
    let seen = holding.identity.as_ref();
    let current = match holding.observed {
        Observed::Held(0) => holding.asked_revision > 0,
        Observed::Held(held) => held == facts.account.definition_revision,
        Observed::Unknown | Observed::NotHeld => false,
    };
    let conflict = matches!((row, seen), (Some(row), Some(seen)) if !row.is_same_cluster(seen));
    let refused = holding.refusal.as_ref();
    if holding.observed == Observed::NotHeld
        && holding.operation.is_none()
        && refused.is_none()
        && !conflict
    {
        return None;
    }
    let there = agent.is_some_and(|agent| agent.presence == Presence::Connected);
    let mut part = AgentPart {
        agent: holding.agent.clone(),
        zone: agent.map(|agent| agent.zone.clone()),
        presence: agent.map(|agent| agent.presence),
        observed: holding.observed,
        current,
        refused: refused.map(|refusal| (refusal.kind, refusal.failure.clone(), refusal.at)),
        seen: seen.cloned(),
        conflict,
        // What one saw that is not there says nothing of now.
        health: holding.health.clone().filter(|_| there),
        sentence: String::new(),
    };
    part.sentence = words::agent(&part, holding, facts.now);
    Some(part)
}

#[cfg(test)]
mod tests;
