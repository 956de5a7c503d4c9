//! The bridge's half: an event is learnt from, the guest decides, its writes are collected, assembled and applied.

use std::collections::HashMap;
use std::rc::Rc;
use std::sync::{Arc, LazyLock};

use guest_lifecycle as lib;
use host_core::agent::{Agent, HeldAccount, OperationResult, Presence};
use host_core::definition::Definition;
use host_core::description::Description;
use host_core::event::{AgentEvent, Answered, Event};
use host_core::holding::{Holding, KnownHolding};
use host_core::knowledge::{self, Lesson};
use host_core::operation::{Operation, OperationState};
use host_core::unit::Unit;
use host_core::unit::assemble::{Call, HoldingState, KeptDefinition, assemble};
use host_core::unit::collect::Collector;

use super::check;
use super::words;
use super::world::{Cluster, Pending, Variant, WAIT, World};

static DESCRIPTION: LazyLock<Arc<Description>> = LazyLock::new(|| Arc::new(words::description()));

const SETTINGS: lib::Settings = lib::Settings {
    activation_wait: WAIT,
    activation_deadline: WAIT,
    deactivation_deadline: WAIT,
    deletion_deadline: WAIT,
    agents_grace: WAIT,
    agents_cleanup: WAIT,
    retry_cap: WAIT,
};

/// What came of a question to the guest, by the question: the same is asked in many states.
pub(super) type Decided = HashMap<String, Rc<Unit>>;

/// What an event teaches before the guest is asked.
#[derive(Debug)]
pub(super) enum Taught<'m> {
    Nothing,
    /// What is held, and which cluster is seen.
    Registration(Option<u64>, Option<Cluster>),
    Observation(Option<u64>, Option<Cluster>),
    Answer(&'m Operation, &'m OperationResult),
}

/// Two definitions.
static DEFINITIONS: LazyLock<[Definition; 2]> = LazyLock::new(|| {
    [r#"{"namespaces":["a"]}"#, r#"{"namespaces":["b"]}"#]
        .map(|text| Definition::from_text(text).expect("it is a JSON object"))
});

fn definition(which: bool) -> Definition {
    DEFINITIONS[usize::from(which)].clone()
}

impl World {
    /// One unit of work about one account, from the event to the commit.
    pub(super) fn perform(
        &mut self,
        decided: &mut Decided,
        variant: Variant,
        now: u64,
        account: &str,
        event: Event,
        taught: &Taught<'_>,
    ) -> Result<(), String> {
        let question = self.question(now, account, &event, taught);
        let unit = match decided.get(&question) {
            Some(unit) => Rc::clone(unit),
            None => {
                let unit = Rc::new(self.unit(variant, now, account, event, taught)?);
                decided.insert(question, Rc::clone(&unit));
                unit
            }
        };
        if let Some(what) = check::unit(self, &unit, taught) {
            return Err(what);
        }
        self.apply(variant, &unit);
        Ok(())
    }

    fn unit(
        &self,
        variant: Variant,
        now: u64,
        account: &str,
        mut event: Event,
        taught: &Taught<'_>,
    ) -> Result<Unit, String> {
        let mut call = self.read(now, account);
        if let Event::OnAgent { agent, instance, event: AgentEvent::Reported(answers), .. } =
            &mut event
            && let Taught::Answer(asked, result) = taught
        {
            let known = known(&call, account, agent, instance);
            let lesson = answered(variant, &known, result, asked, now);
            answers.push(as_answered(asked, result, lesson.is_some()));
            lesson.into_iter().for_each(|lesson| call.learn(lesson));
        }
        if let Event::OnAgent { agent, instance, .. } = &event {
            let known = known(&call, account, agent, instance);
            let lesson = match taught {
                Taught::Registration(holds, sees) => {
                    let says = holds.map(|_| held(account, *holds, *sees));
                    knowledge::registered(&known, instance, says.as_ref(), now)
                }
                Taught::Observation(holds, sees) => {
                    knowledge::observed(&known, &held(account, *holds, *sees), now)
                }
                Taught::Nothing | Taught::Answer(..) => None,
            };
            lesson.into_iter().for_each(|lesson| call.learn(lesson));
        }
        let decisions = self.decide(variant, &call, account, &event)?;
        write(call, account, &event, decisions)
    }

    fn read(&self, now: u64, account: &str) -> Call {
        let rows = self.rows.get(account).map(|row| (account.to_owned(), row.clone()));
        let of_account = self.holdings.iter().filter(|((name, _), _)| name == account);
        let holdings = of_account.map(|(key, holding)| {
            let expected = Some(holding.revision);
            (key.clone(), HoldingState { expected, holding: holding.clone(), changed: false })
        });
        let which = self.definitions.get(account).copied().unwrap_or(false);
        let kept = |which| KeptDefinition {
            definition: definition(which),
            secrets: Vec::new(),
            source: "api".to_owned(),
        };
        Call {
            id: "call".to_owned(),
            at: now,
            slot_generation: 1,
            fences: host_core::unit::Fences::default(),
            names: HashMap::new(),
            module: "module".to_owned(),
            data_version: lib::DATA_VERSION,
            rows: rows.into_iter().collect(),
            row_definitions: HashMap::from([(account.to_owned(), definition(which))]),
            holdings: holdings.collect(),
            ended: Vec::new(),
            definitions: HashMap::from([
                ("first".to_owned(), kept(false)),
                ("other".to_owned(), kept(!which)),
            ]),
            gone: self
                .agents
                .iter()
                .filter(|side| side.presence == Presence::Gone)
                .map(|side| side.id.clone())
                .collect(),
        }
    }

    fn decide(
        &self,
        variant: Variant,
        call: &Call,
        account: &str,
        event: &Event,
    ) -> Result<lib::Decisions, String> {
        let known = |holding: &Holding| {
            let side = self.agents.iter().find(|side| side.id == holding.agent);
            let gone = side.filter(|side| side.presence == Presence::Gone);
            let gone_since = gone.map(|side| side.gone_since);
            words::holding(KnownHolding { holding: holding.clone(), gone_since })
        };
        let mut snapshot = lib::Snapshot::new(
            call.at,
            SETTINGS,
            call.rows.get(account).map(words::account).into_iter().collect(),
            call.holdings.values().map(|state| known(&state.holding)).collect(),
            Vec::new(),
        );
        let event = words::event(event);
        let mut answers = lib::Answers::default();
        for _ in 0..4 {
            match lib::decide_by(variant.rules, &event, &snapshot, &answers) {
                Ok(decisions) => return Ok(decisions),
                Err(questions) => {
                    if let Some(zones) = &questions.agents {
                        snapshot.add_agents(zones, self.there(zones));
                    }
                    let allow = vec![lib::Verdict::Allow; questions.admit.len()];
                    answers.admit(&questions.admit, allow);
                    let keep = vec![lib::Placement::Keep; questions.place.len()];
                    answers.place(&questions.place, keep);
                    let retry = questions.retry.iter().map(|question| self.backoff(question));
                    let retry = retry.collect();
                    answers.retry(&questions.retry, retry);
                }
            }
        }
        Err("the guest asks for ever".to_owned())
    }

    fn backoff(&self, question: &lib::FailedTry) -> lib::Backoff {
        if question.failed_count >= self.tries {
            lib::Backoff::GiveUp
        } else {
            lib::Backoff::After(WAIT)
        }
    }

    fn there(&self, zones: &lib::Zones) -> Vec<lib::Agent> {
        let asked = |zone: &String| match zones {
            lib::Zones::All => true,
            lib::Zones::Of(zones) => zones.contains(zone),
        };
        let sides = self.agents.iter().filter(|side| asked(&side.zone));
        sides.filter_map(|side| words::agent(agent(side))).collect()
    }

    fn apply(&mut self, variant: Variant, unit: &Unit) {
        for insert in &unit.inserts {
            let name = insert.account.name.clone();
            self.definitions.insert(name.clone(), false);
            self.rows.insert(name, insert.account.clone());
        }
        for update in &unit.updates {
            let name = update.account.name.clone();
            if update.definition.is_some()
                && let Some(which) = self.definitions.get_mut(&name)
            {
                *which = !*which;
            }
            self.rows.insert(name, update.account.clone());
        }
        for removal in &unit.removals {
            self.rows.remove(&removal.name);
            self.definitions.remove(&removal.name);
        }
        for write in &unit.holdings {
            let key = (write.holding.account.clone(), write.holding.agent.clone());
            self.holdings.insert(key, write.holding.clone());
        }
        for end in &unit.ended {
            if end.state != OperationState::Withdrawn || variant.withdraws {
                self.outbox.retain(|pending| pending.operation.id != end.id);
            }
        }
        let new = unit.operations.iter().cloned();
        self.outbox.extend(new.map(|operation| Pending { operation, handed: false }));
        for write in &unit.generations {
            self.counts.insert(write.name.clone(), write.generation);
        }
        if !variant.outlives_rows {
            for insert in &unit.inserts {
                self.counts.remove(&insert.account.name);
            }
        }
        self.count_generations();
    }

    /// The store joins the count of a name to its row and its holdings.
    pub(super) fn count_generations(&mut self) {
        for (name, row) in &mut self.rows {
            row.generation = self.counts.get(name).copied();
        }
        for ((name, _), holding) in &mut self.holdings {
            holding.generation = self.counts.get(name).copied();
        }
    }
}

/// Rule 13 is the bridge's; without it any answer is taken for that to what is unanswered.
fn answered(
    variant: Variant,
    known: &Holding,
    result: &OperationResult,
    asked: &Operation,
    now: u64,
) -> Option<Lesson> {
    if variant.counts_answers {
        return knowledge::answered(known, result, Some(asked), now);
    }
    let blind = Holding { operation: None, answered_generation: 0, ..known.clone() };
    let mut lesson = knowledge::answered(&blind, result, Some(asked), now)?;
    if let (Some(ended), Some(unanswered)) = (&mut lesson.ended, &known.operation) {
        ended.id.clone_from(&unanswered.id);
    }
    Some(lesson)
}

fn as_answered(asked: &Operation, result: &OperationResult, counted: bool) -> Answered {
    Answered {
        account: asked.account.clone(),
        operation: asked.id.clone(),
        generation: asked.generation,
        failure: result.failure.clone(),
        counted,
        context: asked.context.clone(),
        module: asked.module.clone(),
        data_version: asked.data_version,
    }
}

fn known(call: &Call, account: &str, agent: &str, instance: &str) -> Holding {
    let known = call.holding(account, agent).cloned();
    known.unwrap_or_else(|| Holding::unheard_of(account, agent, instance))
}

fn held(account: &str, held: Option<u64>, sees: Option<Cluster>) -> HeldAccount {
    HeldAccount {
        account: account.to_owned(),
        configured: false,
        held,
        generation: 0,
        identity: sees.filter(|_| held.is_some()).map(Cluster::identity),
        healthy: None,
        failure: None,
        namespaces: None,
    }
}

fn agent(side: &super::world::Side) -> Agent {
    Agent {
        id: side.id.clone(),
        instance: side.registered.clone(),
        zone: side.zone.clone(),
        session: String::new(),
        presence: side.presence,
        presence_since: 0,
        last_seen: 0,
        settled: side.presence,
        version: String::new(),
        replica: String::new(),
        changed: 0,
    }
}

fn write(
    call: Call,
    account: &str,
    event: &Event,
    decisions: lib::Decisions,
) -> Result<Unit, String> {
    let names = vec![account.to_owned()];
    let mut collector = Collector::new(Arc::clone(&DESCRIPTION), names.clone(), 100);
    let rows: Vec<_> = call.rows.values().cloned().collect();
    collector.has_read(&names, &rows);
    collector.has_read_holdings(call.holdings.values().map(|state| &state.holding));
    let denied = |denial: host_core::unit::collect::Denial| format!("denied: {}", denial.reason);
    let lib::Decisions { outcomes, inserts, changes, removals, submissions } = decisions;
    collector.insert(inserts.into_iter().map(words::insert).collect()).map_err(denied)?;
    collector.change(changes.into_iter().map(words::change).collect()).map_err(denied)?;
    collector.remove(removals.into_iter().map(words::removal).collect()).map_err(denied)?;
    let submissions = submissions.into_iter().enumerate();
    let submissions =
        submissions.map(|(at, submission)| words::submission(submission, format!("new{at}")));
    collector.submit(submissions.collect()).map_err(denied)?;
    let answer = words::answer(outcomes);
    let mut next_id = String::new;
    Ok(assemble(call, event, &answer, collector.into_writes(), &mut next_id))
}
