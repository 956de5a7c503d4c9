//! What is kept for a time: old rows go in pieces, and nothing that is still needed does.

use host_core::agent::{Agent, Presence};
use host_core::holding::{Holding, Observed};
use host_core::journal::JournalEntry;
use host_core::once::Once;
use host_core::operation::{Operation, OperationKind, OperationState};
use host_core::port::housekeeping::{Kept, Piece};
use host_core::port::idempotency::KeyUse;
use host_core::request::{ItemOutcome, RequestRow};
use host_core::unit::{HoldingWrite, OperationEnd, Unit};

use super::anywhere::{Fresh, Kind, Ports};
use super::words::{NOW, agent, holding, inserts, item, journal, operation, unit};

on_every_store!(
    old_steps_go_but_the_last_one_of_an_account_that_is_there,
    operations_go_when_they_have_ended_and_a_pending_one_stays_however_old_it_is,
    requests_go_with_their_items_and_one_with_a_pending_item_stays,
    keys_and_calls_go_by_their_age,
    an_agent_that_is_gone_and_holds_nothing_is_forgotten_with_what_was_known_of_it,
);

/// Everything of a kind that is old, in pieces of `limit`; answers how many rows went, and in how many pieces.
async fn purged(store: &Ports, what: Kept, before: u64, limit: usize) -> (usize, usize) {
    let (mut after, mut went, mut pieces) = (Some(String::new()), 0, 0);
    while let Some(from) = after.take() {
        let Piece { went: some, next } =
            store.purge(what, before, from, limit).await.expect("a piece");
        assert!(some <= 2 * limit, "a small piece: {some}");
        went += some;
        pieces += 1;
        after = next;
    }
    (went, pieces)
}

fn step(n: u64, account: &str, at: u64) -> JournalEntry {
    JournalEntry { at, ..journal(&format!("01{n:024}"), account) }
}

async fn old_steps_go_but_the_last_one_of_an_account_that_is_there(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let mut steps: Vec<JournalEntry> = (0..10).map(|n| step(n, "there", NOW)).collect();
    steps.extend((10..20).map(|n| step(n, "removed", NOW)));
    steps.extend([step(20, "there", NOW + 10), step(21, "busy", NOW), step(22, "busy", NOW + 10)]);
    let written = Unit { journal: steps, ..inserts("c", ["there", "busy"]) };
    store.apply(written).await.expect("applied");
    // Of "there" the newest step is young; of "removed" there is no row, so that nothing of it stays.
    let (went, pieces) = purged(&store, Kept::Journal, NOW + 1, 4).await;
    assert_eq!(went, 21, "10 of there, 10 of removed, 1 of busy");
    assert!(pieces > 4, "{pieces}");
    // When all of them are old, the last ones stay.
    assert_eq!(purged(&store, Kept::Journal, NOW + 11, 4).await.0, 0);
    for (account, left) in [("there", 1), ("busy", 1), ("removed", 0)] {
        let steps = store.journal(account.into(), None, 100).await.expect("a read");
        assert_eq!(steps.len(), left, "{account}");
    }
    store.close().await;
}

fn sent(n: u64, agent: &str) -> Operation {
    Operation { created_at: NOW, ..operation(&format!("01{n:024}"), "a", agent) }
}

async fn operations_go_when_they_have_ended_and_a_pending_one_stays_however_old_it_is(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let operations = (0..6).map(|n| sent(n, "agent-1")).collect();
    store.apply(Unit { operations, ..inserts("c1", ["a"]) }).await.expect("applied");
    let end = |n: u64| OperationEnd {
        id: sent(n, "").id,
        kind: OperationKind::Add,
        state: OperationState::Done,
        failure: None,
        sight: None,
    };
    let ended = Unit { ended: (0..4).map(end).collect(), ..unit("c2") };
    store.apply(ended).await.expect("applied");
    assert_eq!(purged(&store, Kept::Operations, NOW, 2).await.0, 0, "they ended at {NOW}");
    assert_eq!(purged(&store, Kept::Operations, NOW + 1, 2).await.0, 4);
    let left = store.operations((0..6).map(|n| sent(n, "").id).collect()).await.expect("a read");
    assert!(left.len() == 2 && left.iter().all(|o| o.state == OperationState::Pending));
    store.close().await;
}

fn request(id: &str, created_at: u64, total: u64) -> RequestRow {
    RequestRow {
        id: id.into(),
        action: host_core::event::Action::Activate,
        who: "alice".into(),
        created_at,
        total,
        replica: "one".into(),
    }
}

async fn requests_go_with_their_items_and_one_with_a_pending_item_stays(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let items = |id: &str, outcome: ItemOutcome| {
        (0..7).map(|n| item(id, &format!("a{n}"), outcome.clone())).collect::<Vec<_>>()
    };
    store.begin_request(request("r1", NOW, 7), items("r1", ItemOutcome::Done)).await.expect("r1");
    let pending = items("r2", ItemOutcome::Pending);
    store.begin_request(request("r2", NOW, 7), pending).await.expect("r2");
    let young = items("r3", ItemOutcome::Done);
    store.begin_request(request("r3", NOW + 5, 7), young).await.expect("r3");
    let (went, pieces) = purged(&store, Kept::Requests, NOW + 1, 3).await;
    assert_eq!(went, 8, "seven items and the request");
    assert!(pieces >= 3, "{pieces}");
    for (id, left) in [("r1", false), ("r2", true), ("r3", true)] {
        let row = store.request(id.into()).await.expect("a read");
        assert_eq!(row.is_some(), left, "{id}");
        assert_eq!(store.items(id.into()).await.expect("a read").len(), if left { 7 } else { 0 });
    }
    store.close().await;
}

async fn keys_and_calls_go_by_their_age(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let once = |key: &str| Once::new("alice", "PATCH /", key, Vec::new(), None);
    for (n, at) in [(1, NOW), (2, NOW + 9)] {
        let begun =
            store.begin_once(once(&format!("k{n}")), request(&format!("r{n}"), at, 0), vec![]);
        begun.await.expect("begun");
    }
    assert_eq!(purged(&store, Kept::Keys, NOW + 1, 500).await.0, 1);
    assert_eq!(store.key_use(once("k1"), NOW).await, Ok(KeyUse::New));
    assert_eq!(store.key_use(once("k2"), NOW).await, Ok(KeyUse::Same("r2".into())));
    for n in 0..5 {
        let journal = vec![step(n, "a", NOW)];
        let made = Unit { journal, at: NOW + n, ..inserts(&format!("c{n}"), [&*format!("a{n}")]) };
        store.apply(made).await.expect("applied");
    }
    assert_eq!(purged(&store, Kept::Calls, NOW + 3, 2).await.0, 3);
    store.close().await;
}

fn gone(id: &str) -> Agent {
    let presence = Presence::Gone;
    Agent { presence, settled: presence, presence_since: NOW, ..agent(id) }
}

fn not_held(account: &str, agent: &str) -> HoldingWrite {
    let holding = Holding { observed: Observed::NotHeld, ..holding(account, agent) };
    HoldingWrite { expected: None, holding }
}

async fn an_agent_that_is_gone_and_holds_nothing_is_forgotten_with_what_was_known_of_it(
    kind: Kind,
) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    for row in [gone("away"), gone("holds"), gone("asked"), agent("there")] {
        store.put_agent(row, None).await.expect("written");
    }
    let known = Unit {
        holdings: vec![
            not_held("a", "away"),
            not_held("b", "away"),
            HoldingWrite { expected: None, holding: holding("a", "holds") },
            not_held("a", "there"),
        ],
        operations: vec![sent(1, "asked")],
        ..inserts("c", ["a", "b"])
    };
    store.apply(known).await.expect("applied");
    let namespaces = vec![("a".to_owned(), "away".to_owned(), vec!["n".to_owned()])];
    store.put_namespaces(namespaces).await.expect("written");
    assert_eq!(purged(&store, Kept::Agents, NOW, 500).await.0, 0, "not long enough");
    assert_eq!(purged(&store, Kept::Agents, NOW + 1, 500).await.0, 3, "its row and two holdings");
    let left: Vec<String> =
        store.agents().await.expect("a read").into_iter().map(|agent| agent.id).collect();
    assert_eq!(left, ["asked", "holds", "there"]);
    let holdings = store.holdings(vec!["a".into(), "b".into()]).await.expect("a read");
    assert_eq!(holdings.len(), 2, "{holdings:?}");
    assert!(store.namespaces("a".into()).await.expect("a read").is_empty());
    store.close().await;
}
