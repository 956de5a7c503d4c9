//! Keys of requests: remembered with the request or not at all, for a day, and nobody's body beside them.

use host_core::event::Action;
use host_core::once::{KEPT_MS, Once};
use host_core::port::idempotency::KeyUse;
use host_core::request::{ItemOutcome, RequestRow};
use serde_json::json;

use super::anywhere::{Fresh, Kind};
use super::words::{NOW, item};

/// What is asked of a database's bytes.
mod of_databases {
    use super::neither_key_nor_body_can_be_guessed_from_the_database;

    on_every_database!(neither_key_nor_body_can_be_guessed_from_the_database);
}

on_every_store!(
    a_key_stands_for_the_request_that_began_with_it,
    of_many_at_once_with_one_key_one_begins,
    a_key_is_free_again_after_a_day,
    a_request_that_was_cut_short_is_taken_up_by_one,
);

fn request(id: &str, at: u64) -> RequestRow {
    RequestRow {
        id: id.into(),
        action: Action::Activate,
        who: "alice".into(),
        created_at: at,
        total: 2,
        replica: "one".into(),
    }
}

fn once(key: &str, body: &str) -> Once {
    Once::new("alice", "PATCH /armory/accounts", key, Vec::new(), Some(&json!([body])))
}

async fn a_key_stands_for_the_request_that_began_with_it(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    assert_eq!(store.key_use(once("k", "x"), NOW).await, Ok(KeyUse::New));
    let decided = || vec![item("r1", "x", ItemOutcome::Busy("b".into()))];
    let begun = store.begin_once(once("k", "x"), request("r1", NOW), decided()).await;
    assert_eq!(begun, Ok(KeyUse::New));
    let again = store.begin_once(once("k", "x"), request("r2", NOW + 1), decided()).await;
    assert_eq!(again, Ok(KeyUse::Same("r1".into())));
    assert_eq!(store.key_use(once("k", "x"), NOW).await, Ok(KeyUse::Same("r1".into())));
    let other = store.begin_once(once("k", "y"), request("r3", NOW), decided()).await;
    assert_eq!(other, Ok(KeyUse::Other));
    assert_eq!(store.request("r1".into()).await, Ok(Some(request("r1", NOW))));
    for id in ["r2", "r3"] {
        assert_eq!(store.request(id.into()).await, Ok(None), "{id} did not begin");
    }
    assert_eq!(store.items("r1".into()).await.expect("a read").len(), 1);
    store.close().await;
}

async fn of_many_at_once_with_one_key_one_begins(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let calls = (0..12).map(|n| {
        let store = store.clone();
        let id = format!("r{n:02}");
        tokio::spawn(async move {
            store.begin_once(once("k", "x"), request(&id, NOW), Vec::new()).await
        })
    });
    let mut uses = Vec::new();
    for call in calls.collect::<Vec<_>>() {
        uses.push(call.await.expect("no panic").expect("an answer"));
    }
    assert_eq!(uses.iter().filter(|used| **used == KeyUse::New).count(), 1, "{uses:?}");
    let same: std::collections::BTreeSet<String> = uses
        .into_iter()
        .filter_map(|used| match used {
            KeyUse::Same(id) => Some(id),
            KeyUse::New | KeyUse::Other => None,
        })
        .collect();
    assert_eq!(same.len(), 1, "all others are told the same request: {same:?}");
    store.close().await;
}

async fn a_key_is_free_again_after_a_day(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let begin = |id: &'static str, body: &'static str, at| {
        store.begin_once(once("k", body), request(id, at), Vec::new())
    };
    assert_eq!(begin("r1", "x", NOW).await, Ok(KeyUse::New));
    assert_eq!(begin("r2", "x", NOW + KEPT_MS).await, Ok(KeyUse::Same("r1".into())));
    assert_eq!(store.key_use(once("k", "y"), NOW + KEPT_MS + 1).await, Ok(KeyUse::New));
    assert_eq!(begin("r3", "y", NOW + KEPT_MS + 1).await, Ok(KeyUse::New));
    store.close().await;
}

async fn a_request_that_was_cut_short_is_taken_up_by_one(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.begin_once(once("k", "x"), request("r1", NOW), Vec::new()).await.expect("begun");
    assert_eq!(store.close_half_begun("one".into(), NOW + 1).await, Ok(1));
    assert_eq!(store.take_up("r1".into(), "two".into(), 0, 2).await, Ok(true));
    assert_eq!(store.take_up("r1".into(), "two".into(), 0, 2).await, Ok(false), "somebody has it");
    assert_eq!(store.pending_items("r1".into()).await, Ok(2));
    store.close().await;
}

async fn neither_key_nor_body_can_be_guessed_from_the_database(kind: tests_harness::Kind) {
    use host_core::port::idempotency::Idempotency as _;

    let fresh = super::Fresh::new(kind).await;
    let once = once("the-key", "the-body");
    fresh.store.begin_once(once.clone(), request("r1", NOW), Vec::new()).await.expect("begun");
    let again = fresh.again().await;
    assert_eq!(again.store.key_use(once.clone(), NOW).await, Ok(KeyUse::Same("r1".into())));
    let bytes = again.everything().await;
    let holds = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(holds(&once.id), "this is where it would be");
    for text in ["the-key", "the-body", &once.fingerprint] {
        assert!(!holds(text), "{text}");
    }
    again.store.close().await;
}
