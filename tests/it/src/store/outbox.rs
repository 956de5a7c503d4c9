//! The outbox gives each session what it was not yet handed, and again to the next one.

use host_core::operation::{OperationKind, OperationState};
use host_core::unit::{OperationEnd, Unit};

use super::anywhere::{Fresh, Kind, Ports};
use super::words::{NOW, inserts, operation, texts, unit};

on_every_store!(
    a_session_is_handed_each_operation_once_and_the_next_one_again,
    an_operation_waits_for_its_time,
    an_operation_that_ended_is_not_sent_again,
    what_was_committed_is_sent_after_a_restart,
);

async fn to_send(store: &Ports, session: &str, now: u64) -> Vec<String> {
    let found = store.to_send("agent-1".into(), "i".into(), session.into(), now, 10).await;
    found.expect("a read").into_iter().map(|operation| operation.id).collect()
}

async fn filled(kind: Kind) -> Fresh {
    let fresh = Fresh::new(kind).await;
    let mut later = operation("o3", "a", "agent-1");
    later.not_before = Some(NOW + 500);
    let mut of_an_old_instance = operation("o4", "a", "agent-1");
    of_an_old_instance.instance = "old".into();
    let operations = vec![
        operation("o2", "a", "agent-1"),
        operation("o1", "a", "agent-1"),
        later,
        of_an_old_instance,
        operation("o5", "a", "agent-2"),
    ];
    let unit = Unit { operations, ..inserts("c1", ["a"]) };
    fresh.store.apply(unit).await.expect("applied");
    fresh
}

async fn a_session_is_handed_each_operation_once_and_the_next_one_again(kind: Kind) {
    let Fresh { store, database: _database } = filled(kind).await;
    assert_eq!(to_send(&store, "s1", NOW).await, ["o1", "o2"], "oldest first");
    store.sent(texts(["o1", "o2"]), "s1".into(), NOW).await.expect("written");
    assert!(to_send(&store, "s1", NOW).await.is_empty());
    assert_eq!(to_send(&store, "s2", NOW).await, ["o1", "o2"]);
    store.sent(texts(["o1"]), "s2".into(), NOW + 1).await.expect("written");
    let sent = store.operations(texts(["o1"])).await.expect("a read");
    assert_eq!((sent[0].attempts, sent[0].sent_at), (2, Some(NOW + 1)));
    store.close().await;
}

async fn an_operation_waits_for_its_time(kind: Kind) {
    let Fresh { store, database: _database } = filled(kind).await;
    let next = |now| store.next_to_send("agent-1".into(), "i".into(), now);
    assert_eq!(next(NOW).await, Ok(Some(NOW + 500)));
    assert_eq!(to_send(&store, "s1", NOW + 500).await, ["o1", "o2", "o3"]);
    assert_eq!(next(NOW + 500).await, Ok(None));
    store.close().await;
}

async fn an_operation_that_ended_is_not_sent_again(kind: Kind) {
    let Fresh { store, database: _database } = filled(kind).await;
    let end = OperationEnd {
        id: "o1".into(),
        kind: OperationKind::Add,
        state: OperationState::Withdrawn,
        failure: None,
        sight: None,
    };
    store.apply(Unit { ended: vec![end], ..unit("c2") }).await.expect("applied");
    assert_eq!(to_send(&store, "s1", NOW).await, ["o2"]);
    let of_request = store.operations_of_request("r".into(), 2).await.expect("a read");
    assert_eq!(of_request.iter().map(|o| o.id.as_str()).collect::<Vec<_>>(), ["o1", "o2"]);
    store.close().await;
}

async fn what_was_committed_is_sent_after_a_restart(kind: Kind) {
    let fresh = filled(kind).await.again().await;
    assert_eq!(to_send(&fresh.store, "s9", NOW).await, ["o1", "o2"]);
    fresh.store.close().await;
}
