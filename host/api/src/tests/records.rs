//! Recorded calls: whole, one a line, the newest first, in pages and by what is asked for.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request};
use futures::StreamExt as _;
use host_control::packed;
use host_core::error::{CallClass, CallError, StoreError};
use host_core::event::{Answer, Event, TickReason};
use host_core::id;
use host_core::port::recordings::KeptRecord;
use host_core::record::{
    Applied, Asked, End, FORMAT, LIFECYCLE_CONTRACT, LogLevel, LogLine, Record,
};
use host_core::unit::Writes;
use tower::ServiceExt as _;

use super::world::{NOW, World};

/// The n-th record, made n milliseconds after [`NOW`].
fn record(n: u64) -> Record {
    Record {
        format: FORMAT,
        id: id::floor(NOW + n),
        at: NOW + n,
        contract: LIFECYCLE_CONTRACT.into(),
        slot: "lifecycle".into(),
        slot_generation: 1,
        module: "sha256:0123abcd".into(),
        settings: Vec::new(),
        asked: Asked::Event(Event::Tick { reason: TickReason::Due, accounts: vec!["a".into()] }),
        imports: Vec::new(),
        log: vec![LogLine { level: LogLevel::Info, message: "two\nlines".into() }],
        end: End::Decided { answer: Answer::Nothing, writes: Writes::default() },
        applied: Applied::Nothing,
        took_us: 5,
    }
}

fn kept(record: &Record) -> KeptRecord {
    KeptRecord {
        id: record.id.clone(),
        at: record.at,
        slot: record.slot.clone(),
        module: record.module.clone(),
        export: record.asked.export().into(),
        outcome: record.outcome().into(),
        accounts: record.asked.names(),
        took_us: record.took_us,
        body: packed(record).expect("a record is JSON"),
    }
}

/// A bridge with these recorded calls.
fn with(records: &[Record]) -> World {
    let world = World::new();
    world.store.fill(|content| {
        content.recorded.extend(records.iter().map(|record| (record.id.clone(), kept(record))));
    });
    world
}

/// The headers of a list, and the records on its lines.
async fn list(world: &World, path: &str) -> (HeaderMap, Vec<Record>) {
    let request = Request::builder().uri(path).body(Body::empty()).expect("a request");
    let response = world.router().oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), 200, "{path}");
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.expect("a whole body");
    let text = String::from_utf8(bytes.to_vec()).expect("text");
    assert!(text.is_empty() || text.ends_with('\n'));
    let lines = text.lines().map(|line| serde_json::from_str(line).expect("a record"));
    (parts.headers, lines.collect())
}

fn next(headers: &HeaderMap) -> Option<String> {
    let link = headers.get("link")?.to_str().expect("text");
    let address = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    Some(address.expect("the next page").to_owned())
}

#[tokio::test]
async fn records_are_listed_whole_the_newest_first_a_line_each() {
    let records: Vec<Record> = (0..5).map(record).collect();
    let world = with(&records);
    let (headers, told) = list(&world, "/records").await;
    assert_eq!(headers["content-type"], "application/x-ndjson");
    assert_eq!(next(&headers), None, "that is all");
    assert_eq!(told, records.into_iter().rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_page_leads_to_the_next_with_the_same_filter_until_all_are_told() {
    let records: Vec<Record> = (0..25).map(record).collect();
    let world = with(&records);
    let mut path = "/records?limit=10&slot=lifecycle".to_owned();
    let mut told = Vec::new();
    loop {
        let (headers, page) = list(&world, &path).await;
        assert!(page.len() <= 10);
        told.extend(page);
        let Some(address) = next(&headers) else { break };
        assert!(address.starts_with("/records?limit=10&slot=lifecycle&before="), "{address}");
        assert_eq!(address.matches("before=").count(), 1, "{address}");
        path = address;
    }
    assert_eq!(told, records.into_iter().rev().collect::<Vec<_>>());
    let (headers, _) = list(&world, "/records?limit=25").await;
    assert_eq!(next(&headers), None, "a full page behind which nothing is");
}

#[tokio::test]
async fn a_list_has_what_is_asked_for() {
    let error = CallError { class: CallClass::Trap, sentence: "it trapped".into() };
    let other = Record {
        slot: "admission-1".into(),
        module: "native".into(),
        asked: Asked::Event(Event::Tick {
            reason: TickReason::Sweep,
            accounts: vec!["b".into(), "a_1".into()],
        }),
        end: End::Stopped(error),
        ..record(9)
    };
    let world = with(&[record(1), other]);
    let later = "2026-11-22T12:01:57.505Z";
    for (query, found) in [
        ("account=a", vec![1]),
        ("account=a_1", vec![9]),
        ("account=1", vec![]),
        ("module=0123", vec![1]),
        ("module=0123ABCD", vec![1]),
        ("module=sha256:01", vec![1]),
        ("module=123", vec![]),
        ("module=nat", vec![9]),
        ("slot=admission-1", vec![9]),
        ("export=tick", vec![9, 1]),
        ("export=handle", vec![]),
        ("outcome=trap", vec![9]),
        ("outcome=ok&account=a", vec![1]),
        (&format!("since={}", NOW + 9), vec![9]),
        (&format!("until={}", NOW + 9), vec![1]),
        (&format!("since={later}"), vec![9]),
        (&format!("since={NOW}&until={later}"), vec![1]),
        (&format!("before={}", id::floor(NOW + 9)), vec![1]),
    ] {
        let (_, told) = list(&world, &format!("/records?{query}")).await;
        let told: Vec<u64> = told.iter().map(|record| record.at - NOW).collect();
        assert_eq!(told, found, "{query}");
    }
}

#[tokio::test]
async fn one_record_is_answered_as_it_is_and_one_that_is_gone_is_a_404() {
    let world = with(&[record(1)]);
    let answer = world.get(&format!("/records/{}", id::floor(NOW + 1))).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("content-type")),
        (200, Some("application/json"))
    );
    assert_eq!(serde_json::from_value::<Record>(answer.body).expect("a record"), record(1));
    let gone = world.get("/records/01GONE").await;
    assert!(gone.problem(404).contains("the ring has let go of it"), "{}", gone.body);
}

#[tokio::test]
async fn a_long_list_is_read_in_pieces_as_its_reader_takes_it() {
    let records: Vec<Record> = (0..250).map(record).collect();
    let world = with(&records);
    let request = Request::builder().uri("/records?limit=250").body(Body::empty());
    let response = world.router().oneshot(request.expect("a request")).await.expect("infallible");
    let pieces = || world.store.pieces.load(std::sync::atomic::Ordering::Relaxed);
    let mut lines = response.into_body().into_data_stream();
    assert_eq!(pieces(), 0);
    lines.next().await.expect("a line").expect("read");
    assert_eq!(pieces(), 1, "nobody has read further");
    assert_eq!(lines.count().await, 249);
    assert_eq!(pieces(), 3);
}

#[tokio::test]
async fn a_list_that_cannot_be_read_to_its_end_breaks_off() {
    let records: Vec<Record> = (0..150).map(record).collect();
    let world = with(&records);
    let request = Request::builder().uri("/records?limit=150").body(Body::empty());
    let response = world.router().oneshot(request.expect("a request")).await.expect("infallible");
    let mut lines = response.into_body().into_data_stream();
    lines.next().await.expect("a line").expect("read");
    *world.store.trouble.lock().expect("no panic") =
        Some(StoreError::Unavailable("planted".into()));
    let rest: Vec<_> = lines.collect().await;
    assert_eq!(rest.len(), 100, "what was read, and that it broke off");
    assert!(rest[99].is_err());
    world.get("/records").await.problem(503);
}

#[tokio::test]
async fn what_is_no_record_stops_nobody_from_reading_the_others() {
    let world = with(&[record(1), record(2)]);
    world.store.fill(|content| {
        let damaged = content.recorded.get_mut(&id::floor(NOW + 1)).expect("there");
        damaged.body.truncate(20);
    });
    assert_eq!(list(&world, "/records").await.1, [record(2)]);
    world.get(&format!("/records/{}", id::floor(NOW + 1))).await.problem(500);
}

#[tokio::test]
async fn a_parameter_that_cannot_be_used_is_named() {
    let world = World::new();
    for (query, detail) in [
        ("limit=0", "limit must be 1 to 1000, not 0"),
        ("limit=1001", "limit must be 1 to 1000, not 1001"),
        ("limit=x", "limit: invalid digit"),
        ("account=a/b", "account: the name contains '/'"),
        ("account=", "account: the name is empty"),
        ("since=yesterday", "since must be a time"),
        ("until=-1", "until must be a time"),
        ("since=5&until=4", "until must not lie before since"),
        ("module=", "module must have 1 to 255 characters"),
        ("slot=%00", "slot must have 1 to 255 characters"),
        ("export=%0A", "export must have 1 to 255 characters"),
        ("outcome=", "outcome must have 1 to 255 characters"),
        ("before=x", "before must be the id of a record"),
        ("account=a&account=b", "duplicate field `account`"),
    ] {
        let answer = world.get(&format!("/records?{query}")).await;
        assert!(answer.problem(400).contains(detail), "{query}: {}", answer.body);
    }
}
