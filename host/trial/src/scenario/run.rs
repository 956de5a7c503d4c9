//! Runs a scenario: takes its steps one after the other, and looks after each.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use host_core::account::Account;
use host_core::journal::JournalEntry;
use host_core::port::lifecycle::Lifecycle;
use host_core::record::End;

use super::chain;
use super::check;
use super::told::{EdgeTaken, Failure, Mismatch, Told};
use super::words::{AccountGiven, Action, AgentAction, Expect, Given, InForce, Scenario, Step};
use crate::kit::Kit;
use crate::tables::AccountRow;
use crate::world::{BEGIN, Beginning, HttpAnswer, World};
use crate::yaml::Fault;

/// What scenarios are run with.
#[derive(Debug)]
pub struct Runner<'k> {
    /// The engine.
    pub kit: &'k Kit,
    /// The module whose lifecycle it is.
    pub lifecycle: Arc<dyn Lifecycle>,
    /// The seed of ids and chance.
    pub seed: u64,
    /// Goes on after a step that is not as expected, to see all that would have to be written otherwise.
    pub goes_on: bool,
}

impl Runner<'_> {
    /// Runs a scenario whose file lies in a folder.
    ///
    /// # Errors
    /// What it gives cannot be had: a policy's module.
    pub fn run(&self, scenario: &Scenario, folder: &Path) -> Result<Told, Fault> {
        let mut world = self.world(&scenario.given, folder)?;
        let mut told = Told { steps: scenario.steps.len(), ..Told::default() };
        let mut seen = BTreeSet::new();
        for (number, step) in scenario.steps.iter().enumerate() {
            let failure = self.step(&mut world, step, folder)?;
            told.edges.extend(edges(&world, &mut seen));
            if let Some(failure) = failure {
                let impossible = failure.impossible.is_some();
                told.failures.push(Failure { step: number + 1, ..failure });
                if impossible || !self.goes_on {
                    break;
                }
            }
        }
        told.calls = world.calls.behind(0);
        Ok(told)
    }

    /// The world that is given, before the first step.
    ///
    /// # Errors
    /// It cannot be had.
    pub fn world(&self, given: &Given, folder: &Path) -> Result<World, Fault> {
        let policies = chain::members(self.kit, folder, &given.policies)?;
        let InForce { settings, timeout_ms } = given.settings.clone();
        let world = World::new(Beginning {
            lifecycle: Arc::clone(&self.lifecycle),
            settings,
            timeout_ms,
            offered: given.sources.clone(),
            policies,
            rows: given.accounts.iter().map(row).collect(),
            seed: self.seed,
        });
        let mut world = world.map_err(chain::somewhere)?;
        for (id, joining) in &given.agents {
            world.join(id, joining.clone()).map_err(chain::somewhere)?;
        }
        world.take_delivered();
        Ok(world)
    }

    fn step(
        &self,
        world: &mut World,
        step: &Step,
        folder: &Path,
    ) -> Result<Option<Failure>, Fault> {
        let calls = world.calls.len();
        let taken = self.take(world, &step.action, folder)?;
        let delivered = world.take_delivered();
        let explain = |world: &World, impossible: Option<String>, mismatches: Vec<Mismatch>| {
            let names = concerned(&step.action, step.expect.as_ref());
            Failure {
                step: 0,
                place: step.place,
                what: in_words(&step.action),
                impossible,
                mismatches,
                journal: journal(world, &names),
                log: log(world, calls),
            }
        };
        let answer = match taken {
            Ok(answer) => answer,
            Err(why) => return Ok(Some(explain(world, Some(why), Vec::new()))),
        };
        let Some(expect) = &step.expect else { return Ok(None) };
        let mismatches = check::mismatches(world, expect, answer.as_ref(), &delivered);
        world.take_delivered();
        Ok((!mismatches.is_empty()).then(|| explain(world, None, mismatches)))
    }

    /// Does what a step says. Inside: why it cannot be done.
    fn take(
        &self,
        world: &mut World,
        action: &Action,
        folder: &Path,
    ) -> Result<Result<Option<HttpAnswer>, String>, Fault> {
        let done = match action {
            Action::Request { method, path, headers, body } => {
                return Ok(world.request(method, path, headers, body.as_ref()).map(Some));
            }
            Action::Agent { id, what } => agent(world, id, what),
            Action::Advance(millis) => {
                world.advance(*millis);
                Ok(())
            }
            Action::Adopt { names, zone } => world.adopt(names, zone.as_deref()),
            Action::Rows(rows) => {
                world.write_rows(rows.iter().map(row).collect());
                Ok(())
            }
            Action::Restart => world.restart(),
            Action::Replace { sources, settings, policies } => {
                if let Some(offered) = sources {
                    world.sources.set(offered.clone());
                }
                if let Some(InForce { settings, timeout_ms }) = settings {
                    world.set_settings(settings.clone(), *timeout_ms);
                }
                if let Some(policies) = policies {
                    world.set_policies(chain::members(self.kit, folder, policies)?);
                }
                world.settle();
                Ok(())
            }
        };
        Ok(done.map(|()| None))
    }
}

fn agent(world: &mut World, id: &str, what: &AgentAction) -> Result<(), String> {
    match what {
        AgentAction::Joins(joining) => world.join(id, joining.clone()),
        AgentAction::Leaves => world.leave(id),
        AgentAction::Silent => world.silence(id),
        AgentAction::Answers { answers, operation, repeats } => {
            answers.iter().try_for_each(|(account, answer)| match repeats {
                true => world.repeat(id, account),
                false => world.answer(id, account, *operation, answer.clone()),
            })
        }
        AgentAction::Reports(seen) => world.report(id, seen.clone()),
    }
}

/// A row as it stands in the table.
fn row(given: &AccountGiven) -> AccountRow {
    let account = Account {
        name: given.name.clone(),
        state: given.status.clone(),
        revision: 1,
        state_revision: 1,
        definition_revision: 1,
        zone: given.zone.clone(),
        declared_by: given.declared_by.clone(),
        identity: None,
        failed_count: given.failed_count,
        error: None,
        state_since: BEGIN,
        due_at: given.due_ms.map(|due| BEGIN.saturating_add(due)),
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: None,
    };
    AccountRow {
        account,
        definition: given.definition.clone(),
        source: "given".to_owned(),
        source_fingerprint: String::new(),
        last_updated: BEGIN,
    }
}

/// The accounts that a step is about.
fn concerned(action: &Action, expect: Option<&Expect>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    if let Action::Adopt { names: adopted, .. } = action {
        names.extend(adopted.iter().cloned());
    }
    if let Action::Agent { what: AgentAction::Answers { answers, .. }, .. } = action {
        names.extend(answers.iter().map(|(name, _)| name.clone()));
    }
    if let Some(expect) = expect {
        names.extend(expect.accounts.iter().map(|(name, _)| name.text.clone()));
        names.extend(expect.refused.iter().map(|(name, _, _)| name.text.clone()));
        let sent = expect.sent.iter().flat_map(|sent| &sent.sent);
        names.extend(sent.flat_map(|sending| sending.names.clone()));
    }
    names
}

/// A step in a sentence.
fn in_words(action: &Action) -> String {
    match action {
        Action::Request { method, path, .. } => format!("{method} {path}"),
        Action::Agent { id, what } => match what {
            AgentAction::Joins(_) => format!("{id} joins"),
            AgentAction::Leaves => format!("{id} leaves"),
            AgentAction::Silent => format!("{id} falls silent"),
            AgentAction::Reports(_) => format!("{id} tells what it sees"),
            AgentAction::Answers { answers, .. } => {
                let answer = |(name, answer): &(String, crate::world::ScriptedAnswer)| {
                    let said = answer.refusal.as_ref().map_or("done", |refusal| &refusal.code);
                    format!("{said} for {name}")
                };
                let answers: Vec<String> = answers.iter().map(answer).collect();
                format!("{id} answers {}", answers.join(", "))
            }
        },
        Action::Advance(millis) => format!("{} pass", seconds(*millis)),
        Action::Adopt { names, .. } => format!("{} adopted", names.join(", ")),
        Action::Rows(_) => "rows are written by hand".to_owned(),
        Action::Restart => "the bridge is killed and starts again".to_owned(),
        Action::Replace { .. } => "what was given is replaced".to_owned(),
    }
}

fn seconds(millis: u64) -> String {
    humantime::format_duration(std::time::Duration::from_millis(millis)).to_string()
}

/// The steps of these accounts (of all, if none is named), a line each.
fn journal(world: &World, names: &BTreeSet<String>) -> Vec<String> {
    let line = |entry: &JournalEntry| {
        let state = |state: &Option<String>| state.clone().unwrap_or_else(|| "(none)".to_owned());
        let after = entry.at.saturating_sub(BEGIN);
        format!(
            "{:>8}  {}: {} → {}  {} ({})",
            format!("+{}.{:03}s", after / 1_000, after % 1_000),
            entry.account,
            state(&entry.from),
            state(&entry.to),
            entry.event,
            entry.reason
        )
    };
    world.store.with(|tables| {
        let entries = tables.journal.values();
        let entries = entries.filter(|entry| names.is_empty() || names.contains(&entry.account));
        entries.map(line).collect()
    })
}

/// What modules logged since the first so many calls, and why one was stopped.
fn log(world: &World, calls: usize) -> Vec<String> {
    let mut lines = Vec::new();
    for record in world.calls.behind(calls) {
        let said =
            record.log.iter().map(|line| format!("{}: {}", line.level.as_str(), line.message));
        lines.extend(said);
        if let End::Stopped(error) = &record.end {
            lines.push(format!("stopped: {}", error.sentence));
        }
    }
    lines
}

/// The edges in the journal that were not seen yet.
fn edges(world: &World, seen: &mut BTreeSet<String>) -> Vec<EdgeTaken> {
    world.store.with(|tables| {
        let new = tables.journal.values().filter(|entry| seen.insert(entry.id.clone()));
        new.map(|entry| (entry.from.clone(), entry.event.clone(), entry.to.clone())).collect()
    })
}
