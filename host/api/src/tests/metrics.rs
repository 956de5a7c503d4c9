//! The metrics: all of those that are promised, read no more often than is good for the database.

use std::sync::atomic::Ordering;

use axum::body::{Body, to_bytes};
use axum::http::Request;
use host_core::error::StoreError;
use serde_json::json;
use tower::ServiceExt as _;

use super::store::record;
use super::world::World;

async fn scrape(router: &axum::Router) -> String {
    let request = Request::builder().uri("/metrics").body(Body::empty()).expect("a request");
    let response = router.clone().oneshot(request).await.expect("infallible");
    assert_eq!(response.status(), 200);
    assert!(
        response.headers()["content-type"].to_str().expect("text").contains("openmetrics-text")
    );
    let bytes = to_bytes(response.into_body(), usize::MAX).await.expect("a body");
    String::from_utf8(bytes.to_vec()).expect("text")
}

/// The names in the table at the head of the file that writes them.
fn promised() -> Vec<&'static str> {
    let table = include_str!("../metrics.rs").lines().filter(|line| line.starts_with("//! | `"));
    table.filter_map(|line| line.split('`').nth(1)).collect()
}

#[tokio::test]
async fn every_metric_that_is_promised_is_there() {
    let world = World::new();
    world.store.put(record("a", json!({})));
    let router = world.router();
    // Once before, so that there is an answer to measure.
    scrape(&router).await;
    let text = scrape(&router).await;
    let promised = promised();
    assert!(promised.len() > 15, "{promised:?}");
    // Before an account has taken a step there are none to be told by their states.
    for name in promised.iter().filter(|name| **name != "swingbridge_transitions_total") {
        let family = name.trim_end_matches("_total");
        assert!(text.contains(&format!("# TYPE {family} ")), "{name} is missing in\n{text}");
    }
    let served = text.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for family in served.filter_map(|line| line.split(' ').next()) {
        let known = promised.iter().any(|name| name.trim_end_matches("_total") == family);
        assert!(known, "{family} is not in the table");
    }
    assert!(text.contains("swingbridge_accounts_stuck 0\n"), "{text}");
    assert!(
        text.contains(
            r#"http_request_seconds_count{route="/metrics",method="GET",status="200"} 1"#
        ),
        "{text}"
    );
}

#[tokio::test]
async fn figures_of_tables_are_read_once_however_often_somebody_looks() {
    let world = World::new();
    let router = world.router();
    for _ in 0..5 {
        scrape(&router).await;
    }
    assert_eq!(world.store.looks.load(Ordering::Relaxed), 1, "the clock stands still");
}

#[tokio::test]
async fn without_the_database_the_counters_are_still_told() {
    let world = World::new();
    *world.store.trouble.lock().expect("no panic") =
        Some(StoreError::Unavailable("planted".into()));
    let text = scrape(&world.router()).await;
    assert!(text.contains("swingbridge_database_up 0\n"), "{text}");
    assert!(!text.contains("swingbridge_accounts_stuck"), "no figure is made up: {text}");
    assert!(text.contains("# TYPE swingbridge_units counter"), "{text}");
}

#[tokio::test]
async fn an_unknown_path_is_measured_without_naming_it() {
    let world = World::new();
    let router = world.router();
    let request = Request::builder().uri("/secret/place").body(Body::empty()).expect("a request");
    router.clone().oneshot(request).await.expect("infallible");
    let text = scrape(&router).await;
    assert!(!text.contains("secret"), "{text}");
    assert!(text.contains(r#"route="none""#), "{text}");
}
