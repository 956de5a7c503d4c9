//! How operations travel: in order, packed, with back-pressure, and not at all where they cannot.

use host_agents::{AgentServer, BindError, Options};
use host_core::operation::OperationKind;
use proto::agent::v1::{Register, operation::Kind};
use proto::packing;
use std::sync::Arc;

use super::clock::Hands;
use super::dialler::{Dialler, part};
use super::station::{Station, add, delivery, drop_account, soon};

#[tokio::test]
async fn ten_thousand_accounts_travel_at_once_in_order_and_in_comfortable_messages() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    let definition = format!(r#"{{"kubeconfigContents":"{}"}}"#, "x".repeat(1_000));
    let deliveries = (0..10_000)
        .map(|n| {
            delivery(&format!("op-{n}"), OperationKind::Add, &format!("a-{n}"), 1, &definition)
        })
        .collect();
    let link = Arc::clone(&station.link);
    let delivered = tokio::spawn(async move { link.deliver(&session, deliveries).await });
    let mut arrived = Vec::new();
    while arrived.len() < 10_000 {
        let operations = dialler.operations().await;
        assert!(operations.iter().map(packing::cost).sum::<usize>() <= packing::COMFORTABLE);
        arrived.extend(operations);
    }
    let delivered = soon(delivered).await.unwrap();
    assert!(delivered.open && delivered.undeliverable.is_empty());
    for (n, operation) in arrived.iter().enumerate() {
        assert_eq!(
            (operation.id.as_str(), operation.kind()),
            (format!("op-{n}").as_str(), Kind::AddAccounts)
        );
        assert_eq!(operation.definition, definition.as_bytes());
    }
}

#[tokio::test]
async fn an_operation_says_everything_that_it_was_submitted_with() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    let mut update = delivery("op-1", OperationKind::Update, "a", 4, r#"{"a":1}"#);
    update.operation.parent = Some("request".into());
    update.operation.deadline = Some(99);
    station.link.deliver(&session, vec![update, drop_account("op-2", "b", 1)]).await;
    let operations = dialler.operations().await;
    let update = &operations[0];
    assert_eq!((update.kind(), update.account.as_str()), (Kind::UpdateAccounts, "a"));
    assert_eq!((update.generation, update.definition_revision, update.deadline_ms), (4, 40, 99));
    assert_eq!(
        (update.parent.as_str(), update.definition.as_slice()),
        ("request", &br#"{"a":1}"#[..])
    );
    assert_eq!((operations[1].kind(), operations[1].definition.len()), (Kind::DeleteAccounts, 0));
}

#[tokio::test]
async fn an_operation_that_fits_into_no_message_is_left_out_with_what_to_do() {
    let options = Options { max_message: 512 * 1024, ..Options::default() };
    let mut station = Station::open_with(options, "127.0.0.1:0").await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    let (_, session) = station.registered().await;
    let huge = delivery("huge", OperationKind::Add, "a", 1, &"x".repeat(400_000));
    let large = delivery("large", OperationKind::Add, "b", 1, &"x".repeat(300_000));
    let delivered = station.link.deliver(&session, vec![huge, large, add("small", "c", 1)]).await;
    assert!(delivered.open);
    let left_out = &delivered.undeliverable;
    assert_eq!((left_out.len(), left_out[0].operation.as_str()), (1, "huge"));
    assert!(left_out[0].failure.text.contains("agents.max_message"), "{:?}", left_out[0]);
    assert_eq!(dialler.operations().await[0].id, "large");
    assert_eq!(dialler.operations().await[0].id, "small");
}

#[tokio::test]
async fn a_slow_agent_slows_only_its_own_operations() {
    let mut station = Station::open().await;
    let slow = Dialler::register(station.address, part([], true)).await;
    let (_, slow_session) = station.registered().await;
    let quick = Register { agent_id: "agent-b".into(), ..part([], true) };
    let mut quick = Dialler::register(station.address, quick).await;
    let (_, quick_session) = station.registered().await;

    let much = (0..400)
        .map(|n| {
            delivery(
                &format!("op-{n}"),
                OperationKind::Add,
                &format!("a-{n}"),
                1,
                &"x".repeat(200_000),
            )
        })
        .collect();
    let link = Arc::clone(&station.link);
    let waiting = tokio::spawn(async move { link.deliver(&slow_session, much).await });
    for n in 0..100 {
        let id = format!("op-{n}");
        assert!(soon(station.link.deliver(&quick_session, vec![add(&id, "b", n)])).await.open);
        assert_eq!(quick.operations().await[0].id, id);
    }
    assert!(!waiting.is_finished(), "80 MB fit nowhere but in the memory of the bridge");
    drop(slow);
    assert!(!soon(waiting).await.unwrap().open, "who waits for a stream that ends is told");
}

#[tokio::test]
async fn whoever_is_disconnected_is_told_why() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    assert!(station.link.disconnect("agent-a", "somebody asked for it").await);
    assert_eq!(dialler.drained().await, "somebody asked for it");
    assert!(!station.link.disconnect("agent-b", "").await);
}

#[tokio::test]
async fn plain_text_does_not_listen_to_other_machines_unless_it_was_asked_for() {
    let bind = |insecure| {
        let options = Options { insecure, ..Options::default() };
        AgentServer::bind("0.0.0.0:0".parse().unwrap(), options, Arc::new(Hands::new()))
    };
    let refused = bind(false).await.unwrap_err();
    assert!(matches!(refused, BindError::Exposed(_)));
    assert!(refused.to_string().contains("agents.insecure"), "{refused}");
    assert!(bind(true).await.is_ok());
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let station = Station::open().await;
    let clock = Arc::new(Hands::new());
    let taken = AgentServer::bind(station.address, Options::default(), clock).await.unwrap_err();
    assert!(taken.to_string().contains(&station.address.to_string()), "{taken}");
}
