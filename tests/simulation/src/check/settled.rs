//! What must be true when the faults have stopped and all has settled: no row on its way, row and agents agree, nobody
//! waits for ever, and no secret stands anywhere.

use std::collections::BTreeMap;

use host_core::account::Account;
use host_core::agent::Presence;
use host_core::description::StateKind;
use host_core::holding::{Holding, Observed};
use host_core::operation::OperationKind;
use host_core::request::ItemOutcome;
use host_trial::tables::Tables;

use crate::agent::SimAgent;
use crate::check::watch::PLANTED;
use crate::world::World;

/// What has not settled yet.
#[must_use]
pub fn unsettled(world: &World) -> Option<String> {
    world.common.store.with(|tables| {
        let held: Vec<BTreeMap<String, u64>> = world.agents.iter().map(SimAgent::holds).collect();
        let settled = Settled { world, tables, held };
        settled
            .agents()
            .and_then(|()| settled.rows())
            .and_then(|()| settled.operations())
            .and_then(|()| settled.requests())
            .err()
    })
}

/// Writes the tables down that tell most.
pub fn explain(world: &World) {
    let trace = &world.common.trace;
    world.common.store.with(|tables| {
        tables.agents.values().for_each(|row| trace.explain(format_args!("{row:?}")));
        tables.replicas.values().for_each(|row| trace.explain(format_args!("{row:?}")));
        tables.leases.values().for_each(|row| trace.explain(format_args!("{row:?}")));
        tables.pending().for_each(|row| trace.explain(format_args!("{row:?}")));
        tables.holdings.values().for_each(|row| trace.explain(format_args!("{row:?}")));
        tables.accounts.values().for_each(|row| trace.explain(format_args!("{:?}", row.account)));
    });
    for (number, stream) in &world.common.wire.lines().streams {
        let (agent, replica) = (stream.agent, stream.replica);
        trace.explain(format_args!("{number}: agent-{agent} at bridge-{replica}, {}", stream.cut));
    }
}

/// Where a secret value stands that should stand nowhere.
#[must_use]
pub fn secrets(world: &World) -> Option<String> {
    world.common.store.with(|tables| {
        let found = |table: &str, text: String| {
            text.contains(PLANTED).then(|| format!("{table} holds a secret: {text}"))
        };
        let mut rows = tables.accounts.values();
        rows.find_map(|row| found("accounts", format!("{row:?}{}", row.definition.to_text())))
            .or_else(|| {
                tables.journal.values().find_map(|row| found("journal", format!("{row:?}")))
            })
            .or_else(|| {
                tables.operations.values().find_map(|row| found("operations", format!("{row:?}")))
            })
            .or_else(|| tables.items.values().find_map(|row| found("items", format!("{row:?}"))))
            .or_else(|| {
                tables.holdings.values().find_map(|row| found("holdings", format!("{row:?}")))
            })
    })
}

struct Settled<'w> {
    world: &'w World,
    tables: &'w Tables,
    /// What each agent holds.
    held: Vec<BTreeMap<String, u64>>,
}

type Found = Result<(), String>;

/// What is known of a held account's cluster is what the agent sees.
fn sees(agent: &SimAgent, known: &Holding) -> Found {
    let Some(truth) = agent.sees(&known.account) else { return Ok(()) };
    let healthy = known.health.as_ref().map(|health| health.failure.is_none());
    let cluster = known.identity.as_ref().map(|identity| identity.fingerprint.clone());
    if (healthy, cluster) == truth {
        return Ok(());
    }
    Err(format!(
        "{} sees {truth:?} of {}, and {:?} of {:?} is known",
        agent.id, known.account, known.health, known.identity
    ))
}

impl Settled<'_> {
    fn agents(&self) -> Found {
        for (agent, held) in self.world.agents.iter().zip(&self.held) {
            let row = self.tables.agents.get(&agent.id);
            let Some(row) = row.filter(|row| row.instance == agent.instance) else {
                return Err(format!("{} has not registered", agent.instance));
            };
            if row.presence != Presence::Connected {
                return Err(format!("{} is {:?} and was not cut off", agent.id, row.presence));
            }
            self.holder(agent, held)?;
        }
        Ok(())
    }

    fn holder(&self, agent: &SimAgent, held: &BTreeMap<String, u64>) -> Found {
        for account in held.keys().filter(|account| !agent.configured.contains(*account)) {
            let row = self.tables.accounts.get(account).map(|row| &row.account);
            let wanted = row.is_some_and(|row| {
                // For a static row nothing is ever submitted (`spec/lifecycle.md`).
                row.declared_by.is_some()
                    || row.state == "ACTIVE"
                        && row.zone.as_ref().is_none_or(|zone| *zone == agent.zone)
            });
            if !wanted {
                return Err(format!(
                    "{} holds {account}, which is not wanted of it: {:?}",
                    agent.id,
                    row.map(|row| &row.state)
                ));
            }
        }
        for known in self.tables.holdings.values().filter(|known| known.agent == agent.id) {
            if known.instance != agent.instance {
                let account = &known.account;
                return Err(format!("what is known of {} and {account} is outdated", agent.id));
            }
            let truth = held.get(&known.account).map_or(Observed::NotHeld, |r| Observed::Held(*r));
            if known.observed != truth {
                return Err(format!(
                    "{} is believed {:?} of {}, and it is {truth:?}",
                    agent.id, known.observed, known.account
                ));
            }
            sees(agent, known)?;
        }
        Ok(())
    }

    fn rows(&self) -> Found {
        let states = &self.world.common.lifecycle.description().states;
        for row in self.tables.accounts.values().map(|row| &row.account) {
            let state = states.iter().find(|state| state.name == row.state);
            if state.is_none_or(|state| state.kind != StateKind::Rest) {
                return Err(format!("{} rests in {}", row.name, row.state));
            }
            if let Some(open) = row.requests.first() {
                return Err(format!(
                    "{} rests in {} with an open {}",
                    row.name, row.state, open.action
                ));
            }
            if let Some(due) = row.due_at {
                return Err(format!("{} is {} and due at {due}", row.name, row.state));
            }
            match &row.declared_by {
                Some(agent) => self.declared(row, agent)?,
                None => self.row(row)?,
            }
        }
        Ok(())
    }

    /// A static row is there because its agent is.
    fn declared(&self, row: &Account, declared_by: &str) -> Found {
        let agent = self.world.agents.iter().find(|agent| agent.id == declared_by);
        let declares = agent.is_some_and(|agent| agent.configured.contains(&row.name));
        match declares && row.state == "ACTIVE" {
            true => Ok(()),
            false => Err(format!("the static {} is {}", row.name, row.state)),
        }
    }

    fn row(&self, row: &Account) -> Found {
        let name = &row.name;
        let there: Vec<usize> = (0..self.world.agents.len())
            .filter(|at| {
                let zone = &self.world.agents[*at].zone;
                row.zone.as_ref().is_none_or(|of| of == zone)
            })
            .filter(|at| !self.world.agents[*at].configured.contains(name))
            .collect();
        let held = there.iter().any(|at| self.held[*at].contains_key(name));
        // Who was asked last whether it reaches the cluster, and does not, is not asked to hold it.
        let to_hold = [OperationKind::Add, OperationKind::Update, OperationKind::Check];
        match row.state.as_str() {
            "ACTIVE" if !held => Err(format!("{name} is ACTIVE and nobody holds it")),
            "ACTIVE" => self.all(&there, |at| {
                let current = self.held[at].get(name) == Some(&row.definition_revision);
                (!current && !self.refused(name, at, &to_hold)).then(|| {
                    let id = &self.world.agents[at].id;
                    format!("{id} does not hold what {name} is, and has not refused")
                })
            }),
            "FAILED" | "ORPHANED" if held => {
                Err(format!("{name} is {} and an agent of its zone holds it", row.state))
            }
            "ORPHANED" if !there.is_empty() => {
                Err(format!("{name} is ORPHANED and an agent could be asked"))
            }
            "FAILED" => self.all(&there, |at| {
                let known = self.known(name, at);
                known.is_none_or(|known| known.asked_revision == 0).then(|| {
                    let id = &self.world.agents[at].id;
                    format!("{name} is FAILED for good and {id} was never asked")
                })
            }),
            "DELETE_FAILED" if !self.held.iter().any(|held| held.contains_key(name)) => {
                Err(format!("{name} is DELETE_FAILED and nobody holds it"))
            }
            _ => Ok(()),
        }
    }

    fn all(&self, there: &[usize], wrong: impl Fn(usize) -> Option<String>) -> Found {
        match there.iter().find_map(|at| wrong(*at)) {
            Some(what) => Err(what),
            None => Ok(()),
        }
    }

    fn known(&self, account: &str, at: usize) -> Option<&Holding> {
        let agent = &self.world.agents[at];
        let known = self.tables.holdings.get(&(account.to_owned(), agent.id.clone()))?;
        (known.instance == agent.instance).then_some(known)
    }

    fn refused(&self, account: &str, at: usize, kinds: &[OperationKind]) -> bool {
        let refusal = self.known(account, at).and_then(|known| known.refusal.as_ref());
        refusal.is_some_and(|refusal| kinds.contains(&refusal.kind))
    }

    fn operations(&self) -> Found {
        let Some(pending) = self.tables.pending().map(|row| &row.operation).next() else {
            return Ok(());
        };
        Err(format!(
            "{:?} {} of {} is never answered by {}",
            pending.kind, pending.id, pending.account, pending.agent
        ))
    }

    fn requests(&self) -> Found {
        for ((request, name), item) in &self.tables.items {
            if item.outcome == ItemOutcome::Pending {
                return Err(format!("{name} of request {request} is pending"));
            }
        }
        for request in self.tables.requests.values() {
            let first = (request.id.clone(), String::new());
            let items =
                self.tables.items.range(first..).take_while(|((of, _), _)| *of == request.id);
            let items = items.count() as u64;
            if items < request.total {
                return Err(format!(
                    "request {} has {items} of {} items for ever",
                    request.id, request.total
                ));
            }
        }
        Ok(())
    }
}
