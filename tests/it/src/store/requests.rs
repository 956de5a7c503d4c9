//! Requests and how they went, account by account.

use host_core::account::Failure;
use host_core::event::{Action, Refused};
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use host_core::unit::Unit;

use super::anywhere::{Fresh, Kind};
use super::words::{NOW, inserts, item, unit};

on_every_store!(
    every_outcome_comes_back_as_it_was_written,
    a_request_begins_once,
    a_request_that_was_half_begun_when_the_bridge_stopped_comes_to_an_end,
    a_pending_item_shows_the_state_of_its_account_and_a_finished_one_its_own,
    what_a_unit_said_of_an_item_is_not_overwritten,
);

fn request(total: u64) -> RequestRow {
    RequestRow {
        id: "r".into(),
        action: Action::Activate,
        who: "alice".into(),
        created_at: NOW,
        total,
        replica: "bridge-0".into(),
    }
}

fn outcomes() -> Vec<ItemOutcome> {
    let failure = Failure { code: "timeout".into(), text: "no answer".into() };
    let refused = Refused {
        code: "state".into(),
        reason: "it is being deleted".into(),
        possible: vec!["delete".into()],
    };
    vec![
        ItemOutcome::Pending,
        ItemOutcome::Done,
        ItemOutcome::Failed(failure),
        ItemOutcome::Refused(refused),
        ItemOutcome::Superseded,
        ItemOutcome::ModuleFailed("it trapped".into()),
        ItemOutcome::Busy("it kept changing".into()),
    ]
}

async fn every_outcome_comes_back_as_it_was_written(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let items: Vec<_> = outcomes()
        .into_iter()
        .enumerate()
        .map(|(n, outcome)| item("r", &format!("a{n}"), outcome))
        .collect();
    store.begin_request(request(7), items.clone()).await.expect("begun");
    let read = store.items("r".into()).await.expect("a read");
    for (written, read) in items.into_iter().zip(read) {
        // A pending item shows the account's state, and there is no such account.
        let state = written.state.filter(|_| written.outcome.is_final());
        assert_eq!(read, RequestItem { name: written.name, outcome: written.outcome, state });
    }
    assert_eq!(store.request("r".into()).await, Ok(Some(request(7))));
    assert_eq!(store.request("s".into()).await, Ok(None));
    assert_eq!(store.pending_items("r".into()).await, Ok(1));
    store.close().await;
}

async fn a_request_begins_once(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    let decided = vec![item("r", "x", ItemOutcome::Busy("b".into()))];
    store.begin_request(request(2), decided.clone()).await.expect("begun");
    store.begin_request(request(2), decided).await.expect("begun already");
    assert_eq!(store.items("r".into()).await.expect("a read").len(), 1);
    store.close().await;
}

async fn a_request_that_was_half_begun_when_the_bridge_stopped_comes_to_an_end(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.begin_request(request(3), vec![item("r", "x", ItemOutcome::Done)]).await.expect("begun");
    assert_eq!(store.pending_items("r".into()).await, Ok(2));
    assert_eq!(
        store.close_half_begun("bridge-0".into(), NOW).await,
        Ok(0),
        "it may still be going on"
    );
    let other = store.close_half_begun("bridge-1".into(), NOW + 1).await;
    assert_eq!(other, Ok(0), "it is another replica's");
    assert_eq!(store.close_half_begun("bridge-0".into(), NOW + 1).await, Ok(1));
    assert_eq!(store.pending_items("r".into()).await, Ok(0));
    assert_eq!(store.close_half_begun("bridge-0".into(), NOW + 1).await, Ok(0));
    store.close().await;
}

async fn a_pending_item_shows_the_state_of_its_account_and_a_finished_one_its_own(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.begin_request(request(1), Vec::new()).await.expect("begun");
    assert_eq!(store.pending_items("r".into()).await, Ok(1), "no unit has come to it yet");
    let begun =
        Unit { new_items: vec![item("r", "a", ItemOutcome::Pending)], ..inserts("c1", ["a"]) };
    store.apply(begun).await.expect("applied");
    let of = |items: Vec<RequestItem>| items[0].state.clone();
    assert_eq!(of(store.items("r".into()).await.expect("a read")).as_deref(), Some("INACTIVE"));
    assert_eq!(store.pending_items("r".into()).await, Ok(1));
    let mut done = item("r", "a", ItemOutcome::Done);
    done.state = Some("ACTIVE".into());
    store.apply(Unit { finished_items: vec![done], ..unit("c2") }).await.expect("applied");
    assert_eq!(of(store.items("r".into()).await.expect("a read")).as_deref(), Some("ACTIVE"));
    assert_eq!(store.pending_items("r".into()).await, Ok(0));
    store.close().await;
}

async fn what_a_unit_said_of_an_item_is_not_overwritten(kind: Kind) {
    let Fresh { store, database: _database } = Fresh::new(kind).await;
    store.begin_request(request(2), Vec::new()).await.expect("begun");
    let done = Unit { new_items: vec![item("r", "a", ItemOutcome::Done)], ..inserts("c1", ["a"]) };
    store.apply(done).await.expect("applied");
    let failed = |name: &str| item("r", name, ItemOutcome::ModuleFailed("it trapped".into()));
    store.put_items(vec![failed("a"), failed("b")]).await.expect("written");
    let late = Unit { finished_items: vec![item("r", "b", ItemOutcome::Done)], ..unit("c2") };
    store.apply(late).await.expect("applied");
    let outcomes: Vec<_> =
        store.items("r".into()).await.expect("a read").into_iter().map(|i| i.outcome).collect();
    assert_eq!(outcomes, [ItemOutcome::Done, ItemOutcome::ModuleFailed("it trapped".into())]);
    store.close().await;
}
