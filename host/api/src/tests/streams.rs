//! Streams of events: what is sent, what ends them, and what cannot be followed.

use axum::body::Body;
use axum::http::Request;
use axum::response::Response;
use futures::StreamExt as _;
use host_control::intake::AskError;
use host_core::event::Action;
use host_core::journal::JournalEntry;
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use serde_json::Value;
use tower::ServiceExt as _;

use super::world::{NOW, REQUEST, World};

/// Ids of 26 letters, in order.
fn id(n: u64) -> String {
    format!("{n:026}")
}

fn step(n: u64, account: &str, from: Option<&str>, to: Option<&str>) -> JournalEntry {
    JournalEntry {
        id: id(n),
        at: NOW,
        account: account.into(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        event: "held".into(),
        reason: "agent agent-a holds it".into(),
        who: "agent agent-a".into(),
        request: Some(REQUEST.into()),
        operation: None,
        module: "sha256:d1".into(),
        revision: n,
    }
}

async fn open(world: &World, path: &str, last: Option<&str>) -> Response {
    let request = Request::builder().uri(path);
    let request = last.into_iter().fold(request, |r, last| r.header("Last-Event-ID", last));
    let request = request.body(Body::empty()).expect("a good request");
    world.router().oneshot(request).await.expect("infallible")
}

/// The stream's text until it holds as many events as are wanted.
async fn read(response: Response, events: usize) -> String {
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    let mut body = response.into_body().into_data_stream();
    while text.matches("event: ").count() < events {
        let Some(chunk) = body.next().await else { break };
        text.push_str(std::str::from_utf8(&chunk.expect("no error")).expect("text"));
    }
    text
}

/// The names and JSON bodies of a stream's events.
fn events(text: &str) -> Vec<(String, Value)> {
    let of = |event: &str| {
        let line = |key: &str| event.lines().find_map(|line| line.strip_prefix(key));
        Some((line("event: ")?.to_owned(), serde_json::from_str(line("data: ")?).expect("JSON")))
    };
    text.split("\n\n").filter_map(of).collect()
}

#[tokio::test]
async fn a_stream_that_is_resumed_sends_what_was_missed_and_what_is_wanted_of_it() {
    let world = World::new();
    world.store.fill(|content| {
        content.journal = vec![
            step(1, "eu-1", None, Some("INACTIVE")),
            step(2, "eu-1", Some("INACTIVE"), Some("TO_MIGRATE")),
            step(3, "us-1", None, Some("INACTIVE")),
            step(4, "eu-1", Some("TO_MIGRATE"), None),
        ];
    });
    let text = read(open(&world, "/events?q=EU", Some(&id(1))).await, 3).await;
    let sent: Vec<(Value, Value)> = events(&text)
        .into_iter()
        .map(|(_, body)| (body["id"].clone(), body["to"].clone()))
        .collect();
    let step = |n, to: Value| (Value::from(id(n)), to);
    assert_eq!(
        sent,
        [step(1, "INACTIVE".into()), step(2, "TO_MIGRATE".into()), step(4, Value::Null)],
        "{text}"
    );
    assert!(text.contains(&format!("id: {}", id(4))), "{text}");
    let out_of = read(open(&world, "/events?state=TO_MIGRATE", Some(&id(1))).await, 2).await;
    assert_eq!(events(&out_of).len(), 2, "into it and out of it: {out_of}");
    let of_one = read(open(&world, "/events?account=us-1", Some(&id(1))).await, 1).await;
    assert_eq!(events(&of_one)[0].1["account"], "us-1");
}

#[tokio::test]
async fn an_event_tells_who_why_and_which_module() {
    let world = World::new();
    world.store.fill(|content| {
        content.journal = vec![step(1, "eu-1", Some("ACTIVATING"), Some("ACTIVE"))];
    });
    let text = read(open(&world, "/events", Some(&id(1))).await, 1).await;
    insta::assert_json_snapshot!(events(&text)[0].1, @r#"
    {
      "id": "00000000000000000000000001",
      "at": 1795348917499,
      "account": "eu-1",
      "zoneId": null,
      "source": null,
      "from": "ACTIVATING",
      "to": "ACTIVE",
      "event": "held",
      "why": "agent agent-a holds it",
      "who": "agent agent-a",
      "module": "sha256:d1",
      "operation": "01REQUEST",
      "agentOperation": null,
      "revision": 1
    }
    "#);
}

#[tokio::test]
async fn whoever_connects_hears_at_once_that_it_is_listened() {
    let world = World::new();
    world.store.fill(|content| content.journal = vec![step(7, "a", None, Some("INACTIVE"))]);
    let response = open(&world, "/events", None).await;
    assert_eq!(response.headers()["cache-control"], "no-store");
    let mut body = response.into_body().into_data_stream();
    let first = body.next().await.expect("a heartbeat").expect("no error");
    let text = std::str::from_utf8(&first).expect("text");
    assert!(text.contains(": nothing new") && text.contains(&format!("id: {}", id(7))), "{text}");
    assert!(!text.contains("data:"), "it is no event: {text}");
}

#[tokio::test]
async fn what_is_not_kept_any_more_cannot_be_resumed() {
    let world = World::new();
    world.store.fill(|content| content.journal = vec![step(7, "a", None, Some("INACTIVE"))]);
    let path = "/events";
    let answer = world.send(request(path, &id(6))).await;
    assert!(answer.problem(410).contains("connect without Last-Event-ID"));
    for bad in ["x", "7", "0000000000000000000000000u"] {
        let answer = world.send(request(path, bad)).await;
        assert!(answer.problem(400).contains("Last-Event-ID"), "{bad}");
    }
}

fn request(path: &str, last: &str) -> Request<Body> {
    let request = Request::builder().uri(path).header("Last-Event-ID", last);
    request.body(Body::empty()).expect("a good request")
}

fn begun(world: &World, outcome: ItemOutcome, total: u64) {
    let item = RequestItem { name: "a".into(), outcome, state: Some("ACTIVATING".into()) };
    world.store.fill(|content| {
        content.items = vec![item];
        content.requests = vec![RequestRow {
            id: REQUEST.into(),
            action: Action::Activate,
            who: "ada".into(),
            created_at: NOW,
            total,
            replica: "bridge-a".into(),
        }];
    });
}

#[tokio::test]
async fn a_request_that_is_done_is_told_whole_and_ends() {
    let world = World::new();
    begun(&world, ItemOutcome::Done, 1);
    let text = read(open(&world, "/operations/01REQUEST/events", None).await, usize::MAX).await;
    let told = events(&text);
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["standing", "done"]);
    assert_eq!(told[0].1["items"][0]["outcome"], "done");
}

#[tokio::test]
async fn each_change_of_a_request_is_told_until_it_is_done() {
    let world = World::new();
    begun(&world, ItemOutcome::Pending, 1);
    // What the intake finds when it is asked what has moved.
    let asked = serde_json::json!([{"name": "a", "state": "ACTIVE"}]);
    world.json("PATCH", "/armory/accounts", asked).await;
    world.intake.later("a", ItemOutcome::Done, Some("ACTIVE"));
    let text = read(open(&world, "/operations/01REQUEST/events", None).await, usize::MAX).await;
    let told = events(&text);
    let names: Vec<&str> = told.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["standing", "item", "done"], "{text}");
    assert_eq!(told[1].1["state"], "ACTIVE");
}

#[tokio::test]
async fn a_request_that_cannot_be_followed_on_says_so_and_an_unknown_one_is_a_404() {
    let world = World::new();
    begun(&world, ItemOutcome::Pending, 1);
    *world.intake.wait_trouble.lock().expect("no panic") =
        Some(AskError::Unavailable("gone".into()));
    let text = read(open(&world, "/operations/01REQUEST/events", None).await, usize::MAX).await;
    let told = events(&text);
    assert_eq!(told.last().map(|(name, _)| name.as_str()), Some("ended"));
    world.get("/operations/01NONE/events").await.problem(404);
}
