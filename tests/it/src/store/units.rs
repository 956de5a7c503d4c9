//! A unit of work is applied whole, once, and only to rows that are as they were read.

use host_core::account::Account;
use host_core::account::Failure;
use host_core::agent::Agent;
use host_core::error::ApplyError;
use host_core::holding::{Health, Holding, Observed, Refusal, Unanswered};
use host_core::operation::{OperationKind, OperationState, SeenNamespaces, Sight};
use host_core::port::replicas::Lease;
use host_core::request::ItemOutcome;
use host_core::unit::{Fences, GenerationWrite, HoldingWrite, OperationEnd, RowUpdate, Unit};

use super::anywhere::{Fresh, Kind, Ports};
use super::words::{
    NOW, account, agent, definition, full, generation, holding, insert, inserts, item, journal,
    new_holding, offer, operation, removal, texts, unit, update,
};

on_every_store!(
    a_row_comes_back_as_it_was_written,
    a_change_writes_every_field_and_moves_the_revision_by_one,
    a_change_without_a_step_keeps_the_revision_of_the_state,
    changes_of_a_large_batch_reach_each_row_its_own,
    a_row_that_moved_on_makes_the_unit_stale_and_nothing_is_written,
    a_row_that_exists_already_makes_an_insert_stale,
    a_name_that_differs_by_case_is_found_and_cannot_be_inserted,
    a_call_is_applied_once,
    a_unit_of_a_module_that_serves_no_more_is_fenced,
    of_two_writers_of_a_row_one_wins_each_time,
    what_is_known_of_agents_is_compared_and_swapped,
    a_unit_of_a_lease_that_another_holder_has_is_refused,
    a_unit_of_a_session_that_was_overtaken_is_refused,
    the_revision_at_which_a_row_went_outlives_it,
    generations_outlive_the_row,
    operations_journal_and_items_commit_with_the_rows,
);

async fn read(store: &Ports, name: &str) -> Option<Account> {
    store.accounts(texts([name])).await.expect("a read").into_iter().next()
}

fn is_stale(answer: &Result<(), ApplyError>) -> bool {
    matches!(answer, Err(ApplyError::Stale(_)))
}

async fn a_row_comes_back_as_it_was_written(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let mut row = insert(full("eu-1", 7));
    row.account.declared_by = Some("agent-1".into());
    let unit = Unit { inserts: vec![row.clone()], ..unit("c1") };
    store.apply(unit).await.expect("applied");
    assert_eq!(read(&store, "eu-1").await, Some(row.account.clone()));
    let record = store.account("eu-1".into()).await.expect("a read").expect("a row");
    assert_eq!((record.account, record.definition), (row.account, row.definition));
    assert_eq!((record.source.as_str(), record.last_updated), ("api", NOW));
    store.close().await;
}

async fn a_change_writes_every_field_and_moves_the_revision_by_one(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let changed = full("a", 2);
    let definition = definition(r#"{"permissions":{"READ":["dev"]},"kubeconfigFile":"/new"}"#);
    let update =
        RowUpdate { expected: 1, account: changed.clone(), definition: Some(definition.clone()) };
    store.apply(Unit { updates: vec![update], ..unit("c2") }).await.expect("applied");
    let record = store.account("a".into()).await.expect("a read").expect("a row");
    assert_eq!((record.account, record.definition), (changed, definition));
    assert_eq!(read(&store, "b").await, Some(account("b")), "the other row is as it was");
    store.close().await;
}

async fn a_change_without_a_step_keeps_the_revision_of_the_state(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let stays = Account { revision: 2, due_at: Some(9), ..account("a") };
    let update_a = RowUpdate { expected: 1, account: stays.clone(), definition: None };
    let unit = Unit { updates: vec![update_a, update("b", "ACTIVE")], ..unit("c2") };
    store.apply(unit).await.expect("applied");
    assert_eq!(read(&store, "a").await, Some(stays));
    assert_eq!(read(&store, "b").await.map(|b| (b.revision, b.state_revision)), Some((2, 2)));
    store.close().await;
}

async fn changes_of_a_large_batch_reach_each_row_its_own(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    // 333 is no length of a list, and rows differ in every column.
    let names: Vec<String> = (0..333).map(|n| format!("n-{n}")).collect();
    let rows = names.iter().enumerate().map(|(n, name)| {
        insert(Account { revision: n as u64, state_revision: n as u64, ..account(name) })
    });
    store.apply(Unit { inserts: rows.collect(), ..unit("c1") }).await.expect("applied");
    let changed: Vec<Account> = names
        .iter()
        .enumerate()
        .map(|(n, name)| Account { failed_count: n as u32, ..full(name, n as u64 + 1) })
        .collect();
    let updates = changed.iter().map(|account| RowUpdate {
        expected: account.revision - 1,
        account: account.clone(),
        definition: None,
    });
    store.apply(Unit { updates: updates.collect(), ..unit("c2") }).await.expect("applied");
    let mut read = store.accounts(names).await.expect("a read");
    let mut wanted = changed;
    read.sort_by(|a, b| a.name.cmp(&b.name));
    wanted.sort_by(|a, b| a.name.cmp(&b.name));
    assert_eq!(read, wanted);
    store.close().await;
}

async fn a_row_that_moved_on_makes_the_unit_stale_and_nothing_is_written(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let first = Unit { updates: vec![update("a", "ACTIVE")], ..unit("c2") };
    store.apply(first).await.expect("applied");
    let late = Unit {
        updates: vec![update("a", "FAILED"), update("b", "FAILED")],
        journal: vec![journal("j1", "a")],
        ..unit("c3")
    };
    assert!(is_stale(&store.apply(late).await));
    assert_eq!(read(&store, "a").await.map(|a| a.state), Some("ACTIVE".into()));
    assert_eq!(read(&store, "b").await, Some(account("b")), "not even the row that was as read");
    assert!(store.journal("a".into(), None, 10).await.expect("a read").is_empty());
    let gone = Unit { removals: vec![removal("a", 1)], ..unit("c4") };
    assert!(is_stale(&store.apply(gone).await), "a removal too");
    store.close().await;
}

async fn a_row_that_exists_already_makes_an_insert_stale(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a"])).await.expect("applied");
    assert!(is_stale(&store.apply(inserts("c2", ["b", "a"])).await));
    assert_eq!(read(&store, "b").await, None);
    store.close().await;
}

async fn a_name_that_differs_by_case_is_found_and_cannot_be_inserted(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["EU-Prod_A"])).await.expect("applied");
    assert_eq!(read(&store, "eu-prod_a").await.map(|row| row.name), Some("EU-Prod_A".into()));
    assert!(is_stale(&store.apply(inserts("c2", ["eu-prod_a"])).await));
    assert!(store.account("eu-prod_a".into()).await.expect("a read").is_none(), "names are exact");
    store.close().await;
}

async fn a_call_is_applied_once(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let unit = inserts("c1", ["a"]);
    store.apply(unit.clone()).await.expect("applied");
    store.apply(unit.clone()).await.expect("applied already");
    store
        .apply(Unit { removals: vec![removal("a", 1)], ..super::words::unit("c2") })
        .await
        .expect("applied");
    store.apply(unit).await.expect("applied already");
    assert_eq!(read(&store, "a").await, None, "the old call does not bring it back");
    store.close().await;
}

async fn a_unit_of_a_module_that_serves_no_more_is_fenced(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let applied = inserts("c1", ["a"]);
    store.apply(applied.clone()).await.expect("applied");
    store.serve("lifecycle".into(), offer("sha256:2"), NOW).await.expect("served");
    assert_eq!(store.apply(inserts("c2", ["b"])).await, Err(ApplyError::Fenced));
    assert_eq!(store.apply(applied).await, Ok(()), "what was applied before stays applied");
    assert_eq!(read(&store, "b").await, None);
    let now = Unit { slot_generation: 2, ..inserts("c3", ["b"]) };
    store.apply(now).await.expect("applied");
    store.close().await;
}

async fn of_two_writers_of_a_row_one_wins_each_time(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c0", ["a"])).await.expect("applied");
    let mut tasks = Vec::new();
    for writer in 0..16 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let unit = Unit {
                updates: vec![update("a", "ACTIVE")],
                journal: vec![journal(&format!("j{writer}"), "a")],
                ..unit(&format!("w{writer}"))
            };
            store.apply(unit).await
        }));
    }
    let mut won = 0;
    for task in tasks {
        match task.await.expect("no panic") {
            Ok(()) => won += 1,
            other => assert!(is_stale(&other), "{other:?}"),
        }
    }
    assert_eq!(won, 1);
    assert_eq!(store.journal("a".into(), None, 100).await.expect("a read").len(), 1);
    store.close().await;
}

async fn what_is_known_of_agents_is_compared_and_swapped(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let known = Holding {
        identity: full("a", 1).identity,
        health: Some(Health {
            failure: Some(Failure { code: "unauthorized".into(), text: "expired".into() }),
            since: NOW - 7,
        }),
        configured: true,
        operation: Some(Unanswered {
            id: "o1".into(),
            kind: OperationKind::Update,
            definition_revision: 4,
            generation: 5,
            not_before: Some(6),
        }),
        answered_generation: 4,
        refusal: Some(Refusal {
            failure: Failure { code: "x".into(), text: "y".into() },
            kind: OperationKind::Add,
            definition_revision: 2,
            at: NOW,
            times: 3,
        }),
        asked_revision: 9,
        ..holding("a", "agent-1")
    };
    let first = Unit {
        holdings: vec![
            HoldingWrite { expected: None, holding: known.clone() },
            new_holding("b", "agent-1"),
        ],
        generations: vec![generation("a", None, 5)],
        ..unit("c1")
    };
    store.apply(first).await.expect("applied");
    let with_generation = Holding { generation: Some(5), ..known };
    assert_eq!(store.holdings(texts(["a"])).await, Ok(vec![with_generation]));

    let later = Holding { revision: 2, observed: Observed::Unknown, ..holding("a", "agent-1") };
    let swap = |call: &str| Unit {
        holdings: vec![HoldingWrite { expected: Some(1), holding: later.clone() }],
        generations: vec![generation("a", Some(5), 6)],
        ..unit(call)
    };
    store.apply(swap("c2")).await.expect("applied");
    assert!(is_stale(&store.apply(swap("c3")).await));
    let again = Unit { holdings: vec![new_holding("a", "agent-1")], ..unit("c4") };
    assert!(is_stale(&store.apply(again).await), "it is known already");
    let of = store.holdings(texts(["a", "b", "c"])).await.expect("a read");
    assert_eq!(of, [Holding { generation: Some(6), ..later }, holding("b", "agent-1")]);
    store.close().await;
}

async fn a_unit_of_a_lease_that_another_holder_has_is_refused(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let lease = |fence| Lease { name: "keeper".into(), holder: "bridge-0".into(), fence, beat: 0 };
    assert_eq!(store.swap_lease(None, lease(1)).await, Ok(true));
    let under = |call, fence, name| {
        let lease = Some(("keeper".to_owned(), fence));
        Unit { fences: Fences { lease, session: None }, ..inserts(call, [name]) }
    };
    store.apply(under("c1", 1, "a")).await.expect("applied");
    assert_eq!(store.swap_lease(Some(lease(1)), lease(2)).await, Ok(true));
    let late = store.apply(under("c2", 1, "b")).await;
    assert!(matches!(late, Err(ApplyError::Overtaken(_))), "{late:?}");
    assert_eq!(store.apply(under("c1", 1, "a")).await, Ok(()), "it stays applied");
    assert_eq!(read(&store, "b").await, None);
    store.close().await;
}

async fn a_unit_of_a_session_that_was_overtaken_is_refused(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.put_agent(agent("agent-1"), None).await.expect("written");
    let said = |call, session: &str, name| {
        let session = Some(("agent-1".to_owned(), session.to_owned()));
        Unit { fences: Fences { lease: None, session }, ..inserts(call, [name]) }
    };
    store.apply(said("c1", "s", "a")).await.expect("applied");
    let newer = Agent { session: "s2".into(), ..agent("agent-1") };
    store.put_agent(newer, None).await.expect("written");
    let late = store.apply(said("c2", "s", "b")).await;
    assert!(matches!(late, Err(ApplyError::Overtaken(_))), "{late:?}");
    store.apply(said("c3", "s2", "b")).await.expect("applied");
    store.close().await;
}

async fn the_revision_at_which_a_row_went_outlives_it(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.apply(inserts("c1", ["a", "b"])).await.expect("applied");
    let removed = |name: &str, expected, revision| GenerationWrite {
        removed_at: Some(revision),
        ..generation(name, expected, 1)
    };
    let counted = Unit { generations: vec![generation("a", None, 1)], ..unit("c2") };
    store
        .apply(Unit { operations: vec![operation("o-1", "a", "agent-1")], ..counted })
        .await
        .expect("applied");
    let gone = Unit {
        removals: vec![removal("a", 1), removal("b", 1)],
        generations: vec![removed("a", Some(1), 7), removed("b", None, 8)],
        ..unit("c3")
    };
    store.apply(gone).await.expect("applied");
    let names = store.names(texts(["a", "b", "never"])).await.expect("a read");
    let mut removed_at: Vec<(String, u64, u64)> =
        names.into_iter().map(|row| (row.name, row.generation, row.removed_at)).collect();
    removed_at.sort();
    assert_eq!(removed_at, [("a".to_owned(), 1, 7), ("b".to_owned(), 1, 8)]);
    store.close().await;
}

async fn generations_outlive_the_row(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let first = Unit { generations: vec![generation("a", None, 1)], ..inserts("c1", ["a"]) };
    store.apply(first).await.expect("applied");
    assert_eq!(read(&store, "a").await.and_then(|a| a.generation), Some(1));
    let end = Unit { removals: vec![removal("a", 1)], ..unit("c2") };
    store.apply(end).await.expect("applied");
    store.apply(inserts("c3", ["a"])).await.expect("applied");
    assert_eq!(read(&store, "a").await.and_then(|a| a.generation), Some(1));
    let twice = Unit { generations: vec![generation("a", None, 1)], ..inserts("c4", ["b"]) };
    assert!(is_stale(&store.apply(twice).await));
    store.close().await;
}

async fn operations_journal_and_items_commit_with_the_rows(kind: Kind) {
    let Fresh { store, database } = Fresh::new(kind).await;
    let first = Unit {
        operations: vec![operation("o1", "a", "agent-1"), operation("o2", "a", "agent-2")],
        journal: vec![journal("j1", "a"), journal("j2", "a")],
        new_items: vec![item("r", "a", ItemOutcome::Pending)],
        ..inserts("c1", ["a"])
    };
    store.apply(first).await.expect("applied");
    let failure = Failure { code: "refused".into(), text: "no".into() };
    let sight = Sight {
        identity: full("a", 1).identity,
        namespaces: Some(SeenNamespaces { count: 512, first: texts(["dev", "\u{fc}ber"]) }),
    };
    let second = Unit {
        ended: vec![
            OperationEnd {
                id: "o1".into(),
                kind: OperationKind::Add,
                state: OperationState::Done,
                failure: None,
                sight: Some(sight.clone()),
            },
            OperationEnd {
                id: "o2".into(),
                kind: OperationKind::Add,
                state: OperationState::Refused,
                failure: Some(failure.clone()),
                sight: None,
            },
        ],
        finished_items: vec![item("r", "a", ItemOutcome::Done)],
        updates: vec![update("a", "ACTIVE")],
        ..unit("c2")
    };
    store.apply(second).await.expect("applied");
    let Fresh { store, database: _database } = Fresh { store, database }.again().await;
    let operations = store.operations(texts(["o1", "o2", "o3"])).await.expect("a read");
    let ends: Vec<_> =
        operations.iter().map(|o| (o.state, o.ended_at, o.failure.clone(), &o.sight)).collect();
    assert_eq!(
        ends,
        [
            (OperationState::Done, Some(NOW), None, &Some(sight)),
            (OperationState::Refused, Some(NOW), Some(failure), &None),
        ]
    );
    let journal_ids: Vec<String> = store
        .journal("a".into(), None, 10)
        .await
        .expect("a read")
        .into_iter()
        .map(|j| j.id)
        .collect();
    assert_eq!(journal_ids, ["j2", "j1"], "newest first");
    let items = store.items("r".into()).await.expect("a read");
    assert_eq!(items[0].outcome, ItemOutcome::Done);
    store.close().await;
}
