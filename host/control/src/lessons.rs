//! What an event teaches of agents and accounts, before a module is called, and of which start of an agent it is known.

use std::collections::HashMap;
use std::sync::Arc;

use host_core::agent::{HeldAccount, OperationResult, Presence};
use host_core::error::{ApplyError, StoreError};
use host_core::event::{AgentEvent, Answered, Event, TickReason};
use host_core::holding::Holding;
use host_core::knowledge::{self, Lesson};
use host_core::operation::Operation;
use host_core::port::lifecycle::Lifecycle;
use host_core::unit::assemble::Call;
use host_core::unit::{Submission, Writes};
use tracing::info;

use crate::bridge::Shared;
use crate::units::Work;
use crate::world::as_read;

/// What an event taught about agents and accounts.
#[derive(Debug, Clone)]
pub(crate) enum Taught {
    /// Nothing.
    Nothing,
    /// An agent registered: by account what it says of those that it named.
    Registered(Arc<HashMap<String, HeldAccount>>),
    /// It answered.
    Results(Arc<Vec<OperationResult>>),
    /// It saw changes by itself.
    Observations(Arc<Vec<HeldAccount>>),
}

/// What is known before a call.
#[derive(Debug)]
pub(crate) struct Learnt {
    /// The call, with the lessons.
    pub(crate) call: Call,
    /// Whether the holdings of all its accounts are read.
    pub(crate) holdings: bool,
    /// Whether the module is to be asked: not about lessons that it is told nothing of.
    pub(crate) ask: bool,
}

impl Shared {
    /// What is read before the call, because the event taught something: the holdings of its accounts, brought up to
    /// date. The event learns which answers counted.
    pub(crate) async fn learn(
        &self,
        work: &Work,
        event: &mut Event,
        module: &dyn Lifecycle,
    ) -> Result<Learnt, StoreError> {
        let id = module.id();
        let mut call = Call {
            id: self.ports.ids.next(),
            at: self.ports.clock.now(),
            slot_generation: id.slot_generation,
            fences: work.fences.clone(),
            module: id.digest.clone(),
            data_version: module.description().data_version,
            definitions: (*work.definitions).clone(),
            ..Call::default()
        };
        let (agent, instance, event, accounts) = match event {
            Event::OnAgent { agent, instance, event, accounts } => {
                (agent, instance, event, accounts)
            }
            Event::Tick { reason: TickReason::Sweep, accounts } => {
                let read = self.ports.rows.holdings(accounts.clone()).await?;
                call.holdings.extend(read.into_iter().map(as_read));
                self.forget_old_instances(&mut call).await?;
                return Ok(Learnt { call, holdings: true, ask: true });
            }
            Event::Tick { .. } | Event::Handle(_) => {
                return Ok(Learnt { call, holdings: false, ask: true });
            }
        };
        let mut ask = true;
        let read = self.ports.rows.holdings(accounts.clone()).await?;
        call.holdings.extend(read.into_iter().map(as_read));
        match &work.taught {
            Taught::Nothing => {}
            Taught::Registered(says) => {
                for account in accounts.iter() {
                    let known = known(&call, account, agent, instance);
                    let lesson =
                        knowledge::registered(&known, instance, says.get(account), call.at);
                    lesson.into_iter().for_each(|lesson| call.learn(lesson));
                }
            }
            Taught::Observations(seen) => {
                ask = false;
                for says in seen.iter().filter(|says| accounts.contains(&says.account)) {
                    let before = known(&call, &says.account, agent, instance);
                    let now = known_of(&mut call, &says.account, agent, instance);
                    let Some(lesson) = knowledge::observed(&now, says, call.at) else {
                        ask |= now != before;
                        continue;
                    };
                    ask |= lesson.is_for_modules(&before);
                    call.learn(lesson);
                }
            }
            Taught::Results(results) => {
                let here = results.iter().filter(|result| accounts.contains(&result.account));
                let here: Vec<&OperationResult> = here.collect();
                let answers = self.learn_results(&mut call, agent, instance, &here).await?;
                *event = AgentEvent::Reported(answers);
            }
        }
        Ok(Learnt { call, holdings: true, ask })
    }

    /// What was asked of an instance that is no more is withdrawn, if nobody has heard so at the next one's coming: a
    /// replica that had not heard of that one yet asked after it. The holdings were read before it is looked up who is
    /// there, so that none of them is of an instance that came later.
    async fn forget_old_instances(&self, call: &mut Call) -> Result<(), StoreError> {
        if self.asked_of_old_instances(call).is_empty() {
            return Ok(());
        }
        self.refresh().await?;
        let lessons = self.asked_of_old_instances(call);
        lessons.into_iter().for_each(|lesson| call.learn(lesson));
        Ok(())
    }

    fn asked_of_old_instances(&self, call: &Call) -> Vec<Lesson> {
        let known = call.holdings.values().map(|state| &state.holding);
        let asked = known.filter(|holding| holding.operation.is_some());
        let lesson = |holding: &Holding| {
            let agent = self.registry.get(&holding.agent)?.agent;
            let there = agent.presence == Presence::Connected;
            there.then(|| knowledge::spoken_by(holding, &agent.instance)).flatten()
        };
        asked.filter_map(lesson).collect()
    }

    async fn learn_results(
        &self,
        call: &mut Call,
        agent: &str,
        instance: &str,
        results: &[&OperationResult],
    ) -> Result<Vec<Answered>, StoreError> {
        let ids = results.iter().map(|result| result.operation.clone()).collect();
        let asked = self.ports.outbox.operations(ids).await?;
        let asked: HashMap<&str, &Operation> = asked.iter().map(|o| (o.id.as_str(), o)).collect();
        let mut answers = Vec::with_capacity(results.len());
        for result in results {
            let operation = asked.get(result.operation.as_str()).copied();
            let known = known_of(call, &result.account, agent, instance);
            let lesson = knowledge::answered(&known, result, operation, call.at);
            if let Some(operation) = operation {
                answers.push(answered(result, operation, lesson.is_some()));
            } else {
                let (account, id) = (&result.account, &result.operation);
                info!(%agent, %account, operation = %id, "an answer that nobody asked for");
            }
            lesson.into_iter().for_each(|lesson| call.learn(lesson));
        }
        Ok(answers)
    }

    /// Whether these are the instances of their agents, as far as the database knows by now. A unit that asks an earlier
    /// one, because this replica had not heard of the next, would overwrite what that one said at its coming.
    pub(crate) async fn are_there(&self, asked: &[(String, String)]) -> Result<(), ApplyError> {
        if asked.is_empty() {
            return Ok(());
        }
        let refreshed = self.refresh().await;
        refreshed.map_err(|error| ApplyError::Unavailable(error.to_string()))?;
        for (agent, instance) in asked {
            let known = self.registry.get(agent).map(|known| known.agent.instance);
            if known.is_some_and(|known| known != *instance) {
                return Err(ApplyError::Stale(format!("the agent {agent} has started again")));
            }
        }
        Ok(())
    }
}

/// What is known of an account and agent; before anything is, it is not held.
fn known(call: &Call, account: &str, agent: &str, instance: &str) -> Holding {
    let known = call.holding(account, agent).cloned();
    known.unwrap_or_else(|| Holding::unheard_of(account, agent, instance))
}

/// The same for an instance that speaks: what was known of another one is forgotten first.
fn known_of(call: &mut Call, account: &str, agent: &str, instance: &str) -> Holding {
    let before = known(call, account, agent, instance);
    if let Some(lesson) = knowledge::spoken_by(&before, instance) {
        call.learn(lesson);
    }
    known(call, account, agent, instance)
}

/// What is asked of an instance, where the holding was read as another one's.
pub(crate) fn of_other_instances(call: &Call, writes: &Writes) -> Vec<(String, String)> {
    let other = |asked: &&Submission| {
        let known = call.holding(&asked.account, &asked.agent);
        known.is_some_and(|known| known.instance != asked.instance)
    };
    let asked = writes.submissions.iter().filter(other);
    asked.map(|asked| (asked.agent.clone(), asked.instance.clone())).collect()
}

fn answered(result: &OperationResult, operation: &Operation, counted: bool) -> Answered {
    Answered {
        account: result.account.clone(),
        operation: result.operation.clone(),
        generation: result.generation,
        failure: result.failure.clone(),
        counted,
        context: operation.context.clone(),
        module: operation.module.clone(),
        data_version: operation.data_version,
    }
}
