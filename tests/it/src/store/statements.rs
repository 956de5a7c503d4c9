//! Work is done in sets: what a batch of 500 accounts costs is counted.

use host_core::account::{Account, OpenRequest};
use host_core::holding::Observed;
use host_core::operation::{OperationKind, OperationState};
use host_core::port::store::Rows as _;
use host_core::request::ItemOutcome;
use host_core::unit::{HoldingWrite, OperationEnd, RowUpdate, Unit};
use host_store::Store;
use tests_harness::Kind;

use super::Fresh;
use super::words::{
    account, full, generation, holding, insert, item, journal, new_holding, operation, unit,
};

on_every_database!(
    a_batch_costs_single_digit_statements,
    rows_that_differ_in_everything_still_cost_single_digits,
);

/// 499: one less than a usual length, where a list that is split would cost the most.
const BATCH: usize = 499;

fn names() -> Vec<String> {
    (0..BATCH).map(|n| format!("eu-central-1.team-{n:03}")).collect()
}

async fn writes_of(store: &Store, unit: Unit) -> u64 {
    let before = store.statements().writes;
    store.apply(unit).await.expect("applied");
    store.statements().writes - before
}

fn migration() -> Unit {
    Unit {
        inserts: names().iter().map(|name| insert(account(name))).collect(),
        journal: names().iter().map(|name| journal(&format!("j1-{name}"), name)).collect(),
        new_items: names().iter().map(|name| item("r1", name, ItemOutcome::Done)).collect(),
        ..unit("c1")
    }
}

fn activation() -> Unit {
    let names = names();
    let updates = names.iter().enumerate().map(|(n, name)| RowUpdate {
        expected: 1,
        account: Account {
            state: "ACTIVATING".into(),
            revision: 2,
            state_revision: 2,
            due_at: Some(60_000 + n as u64),
            requests: vec![OpenRequest { id: "r2".into(), action: "activate".into() }],
            attributes: vec![("asked".into(), n.to_string())],
            ..account(name)
        },
        definition: None,
    });
    Unit {
        updates: updates.collect(),
        holdings: names.iter().map(|name| new_holding(name, "agent-1")).collect(),
        operations: names.iter().map(|n| operation(&format!("o-{n}"), n, "agent-1")).collect(),
        generations: names.iter().map(|name| generation(name, None, 1)).collect(),
        journal: (0..2)
            .flat_map(|step| names.iter().map(move |n| journal(&format!("j2-{step}-{n}"), n)))
            .collect(),
        new_items: names.iter().map(|name| item("r2", name, ItemOutcome::Pending)).collect(),
        ..unit("c2")
    }
}

fn report() -> Unit {
    let names = names();
    let updates = names.iter().map(|name| RowUpdate {
        expected: 2,
        account: Account { requests: Vec::new(), ..full(name, 3) },
        definition: None,
    });
    let holdings = names.iter().enumerate().map(|(n, name)| {
        let mut holding = holding(name, "agent-1");
        holding.revision = 2;
        holding.observed = Observed::Held(n as u64);
        holding.identity = full(name, 1).identity;
        HoldingWrite { expected: Some(1), holding }
    });
    Unit {
        updates: updates.collect(),
        holdings: holdings.collect(),
        ended: names
            .iter()
            .map(|n| OperationEnd {
                id: format!("o-{n}"),
                kind: OperationKind::Add,
                state: OperationState::Done,
                failure: None,
                sight: None,
            })
            .collect(),
        journal: names.iter().map(|name| journal(&format!("j3-{name}"), name)).collect(),
        finished_items: names.iter().map(|name| item("r2", name, ItemOutcome::Done)).collect(),
        ..unit("c3")
    }
}

async fn a_batch_costs_single_digit_statements(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    assert_eq!(writes_of(&store, migration()).await, 4, "call, rows, journal, items");
    assert_eq!(
        writes_of(&store, activation()).await,
        7,
        "call, generations, holdings, rows, operations, journal, items"
    );
    assert_eq!(
        writes_of(&store, report()).await,
        6,
        "call, holdings, rows, operations, journal, items"
    );
    let before = store.statements().reads;
    assert_eq!(store.accounts(names()).await.expect("a read").len(), BATCH);
    assert_eq!(store.holdings(names()).await.expect("a read").len(), BATCH);
    assert_eq!(store.statements().reads - before, 2);
    store.close().await;
}

async fn rows_that_differ_in_everything_still_cost_single_digits(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let rows = names().into_iter().enumerate().map(|(n, name)| {
        let n = n as u64;
        insert(Account { revision: n, state_revision: n, definition_revision: n, ..account(&name) })
    });
    store.apply(Unit { inserts: rows.collect(), ..unit("c1") }).await.expect("applied");
    let updates = names().into_iter().enumerate().map(|(n, name)| {
        let n = n as u64;
        let account = Account {
            due_at: Some(n),
            attributes: vec![("n".into(), n.to_string())],
            ..full(&name, n + 1)
        };
        RowUpdate { expected: n, account, definition: None }
    });
    let unit = Unit { updates: updates.collect(), ..unit("c2") };
    let writes = writes_of(&store, unit).await;
    assert!(writes <= 5, "{writes} statements for one table");
    store.close().await;
}
