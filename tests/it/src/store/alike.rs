//! The store in memory answers as the database does: the same units, some of them stale, are given to both.

use std::sync::Arc;

use host_core::account::Account;
use host_core::error::{ApplyError, StoreError};
use host_core::holding::{Holding, Observed};
use host_core::operation::{OperationKind, OperationState};
use host_core::port::slots::Slots as _;
use host_core::port::store::{
    ListFilter, Memory as _, NameRow, Outbox as _, Page, Records as _, Rows as _,
};
use host_core::request::{ItemOutcome, RequestRow};
use host_core::unit::{Fences, HoldingWrite, OperationEnd, RowUpdate, Unit};
use host_store::Store;
use host_trial::MemoryStore;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tests_harness::Kind;

use super::Fresh;
use super::words::{
    NOW, account, agent, definition, generation, insert, item, journal, new_holding, offer,
    operation, removal, texts, unit,
};

const NAMES: [&str; 3] = ["a", "b", "B"];

fn any<'t>(chance: &mut StdRng, of: &[&'t str]) -> &'t str {
    of[chance.random_range(0..of.len())]
}

/// What is there, as a bridge that has just read it knows it.
struct Truth {
    revision: Option<u64>,
    generation: Option<u64>,
    /// The revision of what is known of `agent-1`.
    holding: Option<u64>,
}

impl Truth {
    async fn of(memory: &MemoryStore, name: &str) -> Self {
        let rows = memory.accounts(texts([name])).await.expect("a read");
        let names = memory.names(texts([name])).await.expect("a read");
        let holdings = memory.holdings(texts([name])).await.expect("a read");
        let holding = holdings.iter().find(|holding| holding.agent == "agent-1");
        Self {
            revision: rows.iter().find(|row| row.name == name).map(|row| row.revision),
            generation: names.first().map(|row| row.generation),
            holding: holding.map(|holding| holding.revision),
        }
    }
}

/// Mostly what is true, now and then something else.
fn mostly<T>(chance: &mut StdRng, truth: T, otherwise: T) -> T {
    if chance.random_range(0..8) == 0 { otherwise } else { truth }
}

/// A unit by chance: what it expects is true often enough to go on, and often enough not.
fn any_unit(chance: &mut StdRng, number: usize, name: &str, truth: &Truth) -> Unit {
    let call = match number > 4 && chance.random_range(0..12) == 0 {
        true => format!("c{}", number - 3),
        false => format!("c{number}"),
    };
    let mut unit = Unit { at: NOW + number as u64, ..unit(&call) };
    let otherwise = match truth.revision {
        Some(_) => None,
        None => Some(chance.random_range(1..5)),
    };
    match mostly(chance, truth.revision, otherwise) {
        None => unit.inserts.push(insert(account(name))),
        Some(revision) if chance.random_range(0..4) == 0 => {
            unit.removals.push(removal(name, revision));
        }
        Some(revision) => {
            let revision = mostly(chance, revision, revision + 1);
            unit.updates.push(any_update(chance, name, revision));
        }
    }
    beside(chance, number, name, truth, &mut unit);
    unit
}

fn any_update(chance: &mut StdRng, name: &str, revision: u64) -> RowUpdate {
    let next = revision + 1;
    let moves = chance.random_range(0..2) == 0;
    let state_revision = if moves { next } else { 1 };
    let due_at = (chance.random_range(0..2) == 0).then(|| chance.random_range(1..9));
    let account =
        Account { revision: next, state_revision, due_at, state: "ACTIVE".into(), ..account(name) };
    let redefined = chance.random_range(0..3) == 0;
    let definition = redefined.then(|| definition(r#"{"namespaces":["n"]}"#));
    RowUpdate { expected: revision, account, definition }
}

/// What a unit holds beside its row.
fn beside(chance: &mut StdRng, number: usize, name: &str, truth: &Truth, unit: &mut Unit) {
    if chance.random_range(0..3) == 0 {
        let expected = mostly(chance, truth.generation, Some(7));
        unit.generations.push(generation(name, expected, expected.unwrap_or(0) + 1));
    }
    if chance.random_range(0..2) == 0 {
        let of = any(chance, &["agent-1", "agent-2"]);
        unit.operations.push(operation(&format!("o{number}"), name, of));
        unit.journal.push(journal(&format!("j{number}"), name));
    }
    if chance.random_range(0..3) == 0 && number > 2 {
        let id = format!("o{}", chance.random_range(0..number));
        unit.ended.push(OperationEnd {
            id,
            kind: OperationKind::Add,
            state: OperationState::Done,
            failure: None,
            sight: None,
        });
    }
    match chance.random_range(0..4) {
        0 | 1 => {
            let expected = mostly(chance, truth.holding, Some(9));
            let known = new_holding(name, "agent-1").holding;
            let observed = if expected.is_none() { known.observed } else { Observed::NotHeld };
            let holding = Holding { revision: expected.unwrap_or(0) + 1, observed, ..known };
            unit.holdings.push(HoldingWrite { expected, holding });
        }
        2 => unit.new_items.push(item("r", name, ItemOutcome::Pending)),
        _ => unit.finished_items.push(item("r", name, ItemOutcome::Done)),
    }
    if chance.random_range(0..6) == 0 {
        let session = Some(("agent-1".to_owned(), mostly(chance, "s", "older").to_owned()));
        unit.fences = Fences { lease: None, session };
    }
}

/// What an answer is, without its sentence.
fn ending(answer: &Result<(), ApplyError>) -> &'static str {
    match answer {
        Ok(()) => "applied",
        Err(ApplyError::Stale(_)) => "stale",
        Err(ApplyError::Fenced) => "fenced",
        Err(ApplyError::Overtaken(_)) => "overtaken",
        Err(ApplyError::Busy(_) | ApplyError::Unavailable(_) | ApplyError::Unknown(_)) => "trouble",
    }
}

/// Names come in no order.
fn by_name(names: Result<Vec<NameRow>, StoreError>) -> Result<Vec<NameRow>, StoreError> {
    let mut names = names?;
    names.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(names)
}

/// Everything that both can be asked, in one text.
macro_rules! everything {
    ($store:expr) => {{
        let store = $store;
        let page = || Page { after: None, skip: 0, limit: 100 };
        let to_send = |agent: &str| store.to_send(agent.into(), "i".into(), "s".into(), NOW, 100);
        format!(
            "{:#?}",
            (
                (
                    store.accounts(texts(NAMES)).await,
                    store.due(5, 10).await,
                    store.next_due().await
                ),
                (by_name(store.names(texts(NAMES)).await), store.holdings(texts(NAMES)).await),
                (
                    store.list(ListFilter::default(), page()).await,
                    store.operation_history(page()).await
                ),
                (to_send("agent-1").await, store.unsent(NOW, 10).await),
                (store.items("r".into()).await, store.pending_items("r".into()).await),
                (
                    store.journal("a".into(), None, 100).await,
                    store.held_by(texts(["agent-1", "agent-2"])).await
                ),
                (
                    store.names_concerning("agent-1".into(), "eu".into(), String::new(), 10).await,
                    store.agents().await,
                ),
            )
        )
    }};
}

async fn both(kind: Kind) -> (Fresh, MemoryStore) {
    let fresh = Fresh::new(kind).await;
    let memory = MemoryStore::new(false);
    memory.serve("lifecycle".into(), offer("sha256:1"), 1).await.expect("served");
    let request = RequestRow {
        id: "r".into(),
        action: host_core::event::Action::Activate,
        who: "alice".into(),
        created_at: NOW,
        total: 4,
        replica: "bridge-0".into(),
    };
    fresh.store.begin_request(request.clone(), Vec::new()).await.expect("begun");
    memory.begin_request(request, Vec::new()).await.expect("begun");
    fresh.store.put_agent(agent("agent-1"), None).await.expect("written");
    memory.put_agent(agent("agent-1"), None).await.expect("written");
    (fresh, memory)
}

on_every_database!(the_store_in_memory_answers_as_the_database_does);

async fn the_store_in_memory_answers_as_the_database_does(kind: Kind) {
    let mut applied = 0;
    for seed in 0..8 {
        let (fresh, memory) = both(kind).await;
        let store: Arc<Store> = Arc::new(fresh.store.clone());
        let mut chance = StdRng::seed_from_u64(seed);
        for number in 0..60 {
            let name = any(&mut chance, &NAMES);
            let truth = Truth::of(&memory, name).await;
            let unit = any_unit(&mut chance, number, name, &truth);
            let (one, other) = (store.apply(unit.clone()).await, memory.apply(unit.clone()).await);
            assert_eq!(ending(&one), ending(&other), "seed {seed}: {one:?}, {other:?}: {unit:#?}");
            applied += usize::from(one.is_ok());
        }
        assert_eq!(everything!(&*store), everything!(&memory), "seed {seed}");
        store.close().await;
    }
    assert!((100..400).contains(&applied), "{applied} of 480 units were applied");
}
