//! `Idempotency-Key`, as far as a call can be judged without what was asked before.

use axum::body::Body;
use axum::http::Request;
use host_control::intake::{AskError, Asked};
use host_core::once::Once;
use serde_json::{Value, json};

use super::world::{Answer, World};

const ACCOUNTS: &str = "/armory/accounts";

async fn keyed(world: &World, path: &str, headers: &[(&str, &str)], body: &Value) -> Answer {
    let request = Request::builder().method("PATCH").uri(path);
    let request = headers.iter().fold(request, |request, (name, value)| {
        let value = axum::http::HeaderValue::from_bytes(value.as_bytes()).expect("a header");
        request.header(*name, value)
    });
    world.send(request.body(Body::from(body.to_string())).expect("a good request")).await
}

fn wanted(state: &str) -> Value {
    json!([{"name": "a", "state": state}])
}

fn last(world: &World) -> Option<Once> {
    let asked = world.intake.asked.lock().expect("no panic");
    asked.last().and_then(|asked: &Asked| asked.once.clone())
}

#[tokio::test]
async fn a_key_that_cannot_be_one_is_a_400_and_nothing_is_asked() {
    let world = World::new();
    let long = "k".repeat(256);
    for (keys, why) in [
        (&[""][..], "is empty"),
        (&["   "], "is empty"),
        (&[long.as_str()], "is too long"),
        (&["a", "b"], "is given twice"),
        (&["a\u{85}b"], "holds a control character"),
    ] {
        let headers: Vec<(&str, &str)> = keys.iter().map(|key| ("Idempotency-Key", *key)).collect();
        let answer = keyed(&world, ACCOUNTS, &headers, &wanted("ACTIVE")).await;
        assert!(answer.problem(400).contains(why), "{}", answer.body);
    }
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn the_longest_key_is_taken_and_no_key_is_no_key() {
    let world = World::new();
    let long = "ключ-".repeat(51);
    let answer = keyed(&world, ACCOUNTS, &[("Idempotency-Key", &long)], &wanted("ACTIVE")).await;
    assert_eq!((answer.status.as_u16(), last(&world).is_some()), (202, true));
    assert_eq!(keyed(&world, ACCOUNTS, &[], &wanted("ACTIVE")).await.status, 202);
    assert_eq!(last(&world), None);
}

#[tokio::test]
async fn how_the_answer_is_wanted_is_no_part_of_what_is_asked() {
    let world = World::new();
    let key = ("Idempotency-Key", "k-1");
    let once = |path: &'static str, headers: Vec<(&'static str, &'static str)>, state| {
        let world = &world;
        async move {
            keyed(world, path, &headers, &wanted(state)).await;
            last(world).expect("a key")
        }
    };
    let first = once(ACCOUNTS, vec![key], "ACTIVE").await;
    assert_eq!(once("/armory/accounts?wait=1s", vec![key], "ACTIVE").await, first);
    assert_eq!(once(ACCOUNTS, vec![key, ("Prefer", "wait=1")], "ACTIVE").await, first);
    let other = once(ACCOUNTS, vec![key], "INACTIVE").await;
    assert!(other.id == first.id && other.fingerprint != first.fingerprint, "another body");
    let parameter = once("/armory/accounts?x=1", vec![key], "ACTIVE").await;
    assert!(parameter.id == first.id && parameter.fingerprint != first.fingerprint);
    let somebody = once(ACCOUNTS, vec![key, ("X-Spinnaker-User", "bob")], "ACTIVE").await;
    assert_ne!(somebody.id, first.id, "another caller");
    assert_ne!(once("/armory/accounts/dynamic", vec![key], "ACTIVE").await.id, first.id);
}

#[tokio::test]
async fn a_key_that_stands_for_something_else_is_a_422() {
    let world = World::new();
    *world.intake.trouble.lock().expect("no panic") = Some(AskError::OtherUse);
    let answer = keyed(&world, ACCOUNTS, &[("Idempotency-Key", "k")], &wanted("ACTIVE")).await;
    assert!(answer.problem(422).contains("nothing was begun"));
    assert_eq!(answer.header("location"), None);
}
