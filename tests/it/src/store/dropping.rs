//! Callers go away at every point; what they began is done whole or not at all, and every connection works on.
//!
//! (A deadline that drops a database's future can give its connection back inside a transaction, where the next user's
//! work is lost: design §2, point 3.)

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;

use host_core::port::replicas::Replicas as _;
use host_core::port::slots::Slots as _;
use host_core::port::store::{ListFilter, Memory as _, Outbox as _, Page, Records as _, Rows as _};
use host_core::port::vault::Vault as _;
use host_core::request::{ItemOutcome, RequestRow};
use host_core::secret::Secret;
use host_core::unit::Unit;
use host_store::Store;
use tests_harness::Kind;

use super::Fresh;
use super::words::{NOW, agent, inserts, item, journal, offer, operation, texts, update};

on_every_database!(
    callers_that_go_away_at_any_point_harm_nobody,
    tasks_that_are_aborted_harm_nobody,
    closing_waits_for_what_is_under_way,
);

type Action<'s> = Pin<Box<dyn Future<Output = ()> + Send + 's>>;

/// Polls a future so many times, letting others work between, and drops it. Answers whether it had ended by then.
async fn dropped_after(polls: usize, mut action: Action<'_>) -> bool {
    for _ in 0..polls {
        let ended = poll_fn(|context| Poll::Ready(action.as_mut().poll(context).is_ready())).await;
        if ended {
            return true;
        }
        tokio::task::yield_now().await;
    }
    false
}

/// Every method of every port, with work of its own for each turn.
fn every_action(store: &Store, turn: usize) -> Vec<Action<'_>> {
    let name = format!("n-{turn}");
    let request = RequestRow {
        id: format!("r-{turn}"),
        action: host_core::event::Action::Create,
        who: "alice".into(),
        created_at: NOW,
        total: 1,
        replica: "bridge-0".into(),
    };
    let unit = unit_of(turn);
    let list = Page { after: None, skip: 0, limit: 10 };
    let reference = store.reference("a", &Secret::new("x"));
    macro_rules! actions {
        ($($call:expr),* $(,)?) => {
            vec![$({
                let call = $call;
                Box::pin(async move { drop(call.await); }) as Action<'_>
            }),*]
        };
    }
    actions![
        store.apply(unit),
        store.begin_request(request, vec![item(&format!("r-{turn}"), "x", ItemOutcome::Pending)]),
        store.put_items(vec![item("r", &name, ItemOutcome::Pending)]),
        store.put_agent(agent(&name), None),
        store.put_namespaces(vec![("a".into(), format!("g-{turn}"), texts(["x"]))]),
        store.serve(format!("slot-{turn}"), offer("d"), NOW),
        store.sent(texts(["o-0"]), "s".into(), NOW),
        store.accounts(texts(["a", "b"])),
        store.accounts_page(String::new(), 10),
        store.due(NOW, 10),
        store.next_due(),
        store.definitions(texts(["a"])),
        store.holdings(texts(["a"])),
        store.names(texts(["a"])),
        store.agents_since(0),
        store.unsent(NOW, 10),
        store.module("d".into()),
        store.lease("keeper".into()),
        store.replicas(),
        store.names_concerning("agent-1".into(), "eu".into(), String::new(), 10),
        store.to_send("agent-1".into(), "i".into(), "s".into(), NOW, 10),
        store.next_to_send("agent-1".into(), "i".into(), NOW),
        store.operations(texts(["o-0"])),
        store.agents(),
        store.count_in_zone("eu".into()),
        store.request("r-0".into()),
        store.items("r-0".into()),
        store.pending_items("r-0".into()),
        store.account("a".into()),
        store.list(ListFilter::default(), list.clone()),
        store.count(ListFilter::default()),
        store.journal("a".into(), None, 10),
        store.operation_history(list),
        store.operations_of_request("r".into(), 10),
        store.held_by(vec!["agent-1".into()]),
        store.namespaces("a".into()),
        store.ping(),
        store.open(vec![reference]),
    ]
}

/// A unit that writes three tables; each is there if and only if the others are.
fn unit_of(turn: usize) -> Unit {
    let name = format!("n-{turn}");
    Unit {
        journal: vec![journal(&format!("j-{turn}"), &name)],
        operations: vec![operation(&format!("o-{turn}"), &name, "agent-1")],
        ..inserts(&format!("c-{turn}"), [name.as_str()])
    }
}

const TURNS: usize = 24;

/// Uses more connections at once than the pools have, for reading and writing.
async fn the_whole_pool_works(store: &Store) {
    let mut tasks = Vec::new();
    for user in 0..16 {
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            let name = format!("user-{user}");
            store.apply(inserts(&format!("u-{user}"), [name.as_str()])).await.expect("applied");
            let unit = Unit {
                updates: vec![update(&name, "ACTIVE")],
                ..super::words::unit(&format!("v-{user}"))
            };
            store.apply(unit).await.expect("applied");
            let read = store.accounts(vec![name.clone()]).await.expect("a read");
            assert_eq!(read[0].state, "ACTIVE", "what was said to be written is there");
        }));
    }
    for task in tasks {
        task.await.expect("no panic");
    }
}

async fn callers_that_go_away_at_any_point_harm_nobody(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let mut left = 0;
    for turn in 0..TURNS {
        // Each turn leaves at another point: at once, and after ever more polls.
        for action in every_action(&fresh.store, turn) {
            if !dropped_after(turn, action).await {
                left += 1;
            }
        }
    }
    assert!(left > TURNS, "only {left} callers went away before their answer came");
    the_whole_pool_works(&fresh.store).await;

    let fresh = fresh.again().await;
    for turn in 0..TURNS {
        let rows = fresh.store.accounts(vec![format!("n-{turn}")]).await.expect("a read").len();
        let steps = fresh.store.journal(format!("n-{turn}"), None, 9).await.expect("a read").len();
        let sent = fresh.store.operations(vec![format!("o-{turn}")]).await.expect("a read").len();
        assert!(rows == steps && steps == sent, "turn {turn}: {rows}, {steps}, {sent}");
        assert_eq!(
            rows,
            usize::from(turn > 0),
            "whoever began was applied, whoever did not was not"
        );
    }
    the_whole_pool_works_again(&fresh.store).await;
    fresh.store.close().await;
}

async fn the_whole_pool_works_again(store: &Store) {
    for user in 0..16 {
        let rows = store.accounts(vec![format!("user-{user}")]).await.expect("a read");
        assert_eq!((rows[0].state.as_str(), rows[0].revision), ("ACTIVE", 2));
    }
}

async fn tasks_that_are_aborted_harm_nobody(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    let mut tasks = Vec::new();
    for turn in 0..64 {
        let store = fresh.store.clone();
        tasks.push(tokio::spawn(async move { store.apply(unit_of(turn)).await }));
    }
    tokio::task::yield_now().await;
    for task in &tasks {
        task.abort();
    }
    the_whole_pool_works(&fresh.store).await;
    fresh.store.close().await;
}

async fn closing_waits_for_what_is_under_way(kind: Kind) {
    let fresh = Fresh::new(kind).await;
    for turn in 0..32 {
        let action: Action<'_> = Box::pin(async {
            drop(fresh.store.apply(unit_of(turn)).await);
        });
        assert!(!dropped_after(1, action).await);
    }
    let fresh = fresh.again().await;
    for turn in 0..32 {
        let rows = fresh.store.accounts(vec![format!("n-{turn}")]).await.expect("a read");
        assert_eq!(rows.len(), 1, "turn {turn}");
    }
    fresh.store.close().await;
}
