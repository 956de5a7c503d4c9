//! Who may open a stream, and what one stream does to another of the same agent.

use std::net::SocketAddr;

use host_core::port::link::RegistrationRefused;
use proto::agent::v1::{
    BridgeMessage, Heartbeat, Register, agent_message::Message, bridge_message, refused::Reason,
};
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic_prost::ProstCodec;

use super::dialler::{Dialler, channel, done, part};
use super::station::{Fact, Station, add, soon};

fn names(range: std::ops::Range<usize>) -> impl Iterator<Item = String> {
    range.map(|n| format!("account-{n}"))
}

#[tokio::test]
async fn ten_thousand_accounts_register_in_parts() {
    let mut station = Station::open().await;
    let mut dialler = Dialler::dial(station.address).await;
    for n in 0..10 {
        dialler.say(Message::Register(part(names(n * 1_000..(n + 1) * 1_000), n == 9))).await;
    }
    let Some(bridge_message::Message::Registered(welcome)) = dialler.hear().await else {
        panic!("not registered")
    };
    assert_eq!((welcome.protocol, welcome.heartbeat_ms, welcome.wanted), (1, 20_000, 7));
    assert_eq!(welcome.max_message_bytes, 4 * 1024 * 1024);
    let (registration, session) = station.registered().await;
    assert_eq!(registration.accounts.len(), 10_000);
    assert_eq!((registration.agent.as_str(), registration.zone.as_str()), ("agent-a", "eu"));
    assert_eq!(session.session, welcome.session_id);
    let account = &registration.accounts[9_999];
    assert_eq!((account.held, account.generation, account.configured), (Some(3), 2, false));
}

#[tokio::test]
async fn an_agent_without_accounts_registers() {
    let mut station = Station::open().await;
    let _dialler = Dialler::register(station.address, part([], true)).await;
    assert!(station.registered().await.0.accounts.is_empty());
}

#[tokio::test]
async fn a_registration_that_breaks_a_rule_is_refused_with_the_reason_and_reaches_nobody() {
    let mut station = Station::open().await;
    let one = |name: &str| part([name.to_owned()], true);
    let other = Register { agent_id: "agent-b".into(), ..one("b") };
    let labels = (0..65).map(|n| (format!("label-{n}"), String::new())).collect();
    let mut no_origin = one("a");
    no_origin.accounts[0].origin = 0;
    let cases: Vec<(&str, Vec<Message>, Reason)> = vec![
        (
            "stands twice",
            vec![Message::Register(part(["a".into()], false)), Message::Register(one("a"))],
            Reason::Malformed,
        ),
        (
            "goes on as agent-b",
            vec![Message::Register(part(["a".into()], false)), Message::Register(other)],
            Reason::Malformed,
        ),
        ("nothing else before", vec![Message::Heartbeat(Heartbeat::default())], Reason::Malformed),
        ("300 characters", vec![Message::Register(one(&"x".repeat(300)))], Reason::Malformed),
        ("no origin", vec![Message::Register(no_origin)], Reason::Malformed),
        ("64 labels", vec![Message::Register(Register { labels, ..one("a") })], Reason::Malformed),
        (
            "agent_id",
            vec![Message::Register(Register { agent_id: "x".repeat(256), ..one("a") })],
            Reason::Malformed,
        ),
        (
            "versions 2 to 3",
            vec![Message::Register(Register { protocol_min: 2, protocol_max: 3, ..one("a") })],
            Reason::Protocol,
        ),
    ];
    for (words, messages, reason) in cases {
        let mut dialler = Dialler::dial(station.address).await;
        for message in messages {
            dialler.say(message).await;
        }
        let refused = dialler.refused().await;
        assert!(refused.text.contains(words), "{:?} without {words:?}", refused.text);
        assert_eq!((refused.reason(), refused.retry), (reason, false), "{words}");
    }
    let _good = Dialler::register(station.address, one("good")).await;
    assert_eq!(station.registered().await.0.accounts[0].account, "good");
}

/// Sends what is no `AgentMessage`: its first field is a number where a message belongs.
async fn garbage(address: SocketAddr) -> Option<bridge_message::Message> {
    let mut grpc = Grpc::new(channel(address).await);
    grpc.ready().await.unwrap();
    let codec = ProstCodec::<Heartbeat, BridgeMessage>::default();
    let path = PathAndQuery::from_static("/swingbridge.agent.v1.AgentLink/Connect");
    let garbage = tokio_stream::iter([Heartbeat { at_ms: 7, held: 7 }]);
    let answer = soon(grpc.streaming(tonic::Request::new(garbage), path, codec)).await.unwrap();
    soon(answer.into_inner().message()).await.unwrap().and_then(|message| message.message)
}

#[tokio::test]
async fn garbage_is_refused_and_harms_nobody() {
    let mut station = Station::open().await;
    let Some(bridge_message::Message::Refused(refused)) = garbage(station.address).await else {
        panic!("not refused")
    };
    assert_eq!((refused.reason(), refused.retry), (Reason::Malformed, false));
    let _good = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let station = Station::open().await;
    let mut dialler = Dialler::dial(station.address).await;
    let long = (0..50_000).map(|n| format!("{n:0>200}"));
    dialler.say(Message::Register(part(long, true))).await;
    let refused = dialler.refused().await;
    assert_eq!(refused.reason(), Reason::Malformed);
    assert!(refused.text.contains("too large"), "{}", refused.text);
}

#[tokio::test]
async fn what_the_bridge_decides_about_a_registration_reaches_the_agent() {
    let mut station = Station::open().await;
    for (retry, reason) in [(true, Reason::Unavailable), (false, Reason::Identity)] {
        let refusal = RegistrationRefused { reason: "the database is away".into(), retry };
        station.script.refusals.lock().unwrap().push_back(refusal);
        let mut dialler = Dialler::dial(station.address).await;
        dialler.say(Message::Register(part([], true))).await;
        let refused = dialler.refused().await;
        assert_eq!((refused.reason(), refused.retry), (reason, retry));
        assert_eq!(refused.text, "the database is away");
        assert!(matches!(station.next().await, Fact::Registered(_)));
    }
}

#[tokio::test]
async fn a_second_stream_of_an_instance_takes_the_place_of_the_first() {
    let mut station = Station::open().await;
    let mut first = Dialler::register(station.address, part([], true)).await;
    let (_, old) = station.registered().await;
    let mut second = Dialler::register(station.address, part([], true)).await;
    assert_eq!(first.hear().await, None, "the agent knows why: it has dialled again");

    let (mut new, mut closed) = (None, None);
    while new.is_none() || closed.is_none() {
        match station.next().await {
            Fact::Opened(session) => new = Some(session),
            Fact::Closed(session) => closed = Some(session),
            Fact::Registered(_) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(closed, Some(old.clone()), "a good-bye is for its own session");
    let new = new.unwrap();
    assert_ne!(old.session, new.session);
    assert!(!station.link.deliver(&old, vec![add("late", "a", 1)]).await.open);
    assert!(station.link.deliver(&new, vec![add("add", "a", 1)]).await.open);
    assert_eq!(second.operations().await[0].id, "add");
}

#[tokio::test]
async fn another_process_with_the_agents_id_takes_its_place_and_the_older_is_told_to_stop() {
    let mut station = Station::open().await;
    let mut first = Dialler::register(station.address, part([], true)).await;
    station.registered().await;
    let other = Register { instance_id: "instance-2".into(), ..part([], true) };
    let _second = Dialler::register(station.address, other).await;
    let refused = first.refused().await;
    assert_eq!((refused.reason(), refused.retry), (Reason::Identity, false));
    assert!(refused.text.contains("agent-a"), "{}", refused.text);
}

#[tokio::test]
async fn a_late_good_bye_of_the_old_stream_changes_nothing() {
    let mut station = Station::open().await;
    let first = Dialler::register(station.address, part([], true)).await;
    let (_, old) = station.registered().await;
    // The old stream is busy with a commit, so that its good-bye comes late.
    station.script.commits.forget_permits(1_000_000);
    first.answer(vec![done("op", "a", 1)]).await;
    station.results().await;
    let mut second = Dialler::register(station.address, part([], true)).await;
    let (_, new) = station.registered().await;
    station.script.commits.add_permits(1_000_000);
    assert_eq!(station.next().await, Fact::Closed(old));
    assert!(station.link.deliver(&new, vec![add("add", "a", 1)]).await.open);
    assert_eq!(second.operations().await[0].account, "a");
}
