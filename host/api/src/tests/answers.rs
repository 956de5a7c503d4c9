//! How requests are answered: statuses, the handle, waiting, and what is refused.

use std::sync::atomic::Ordering;

use axum::body::Body;
use axum::http::Request;
use host_control::intake::AskError;
use host_core::request::ItemOutcome;
use serde_json::{Value, json};

use super::world::{NOW, World, failure};

const ACCOUNTS: &str = "/armory/accounts";

fn names(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect()
}

#[tokio::test]
async fn a_plain_202_has_the_originals_body_and_a_way_to_the_outcome() {
    let world = World::new();
    let answer = world.json("PATCH", ACCOUNTS, names(&["a", "b"])).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (202, &json!([])));
    assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert!(world.intake.waited.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_wait_answers_200_with_one_result_per_account() {
    let world = World::new();
    world.intake.refuse("c", "unknown", None, &[]);
    world.intake.later("a", ItemOutcome::Done, Some("ACTIVE"));
    world.intake.later("b", ItemOutcome::Failed(failure("unreachable")), Some("FAILED"));
    let answer = world.json("PATCH", "/armory/accounts?wait=30s", names(&["a", "b", "c"])).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
    let waited = world.intake.waited.lock().expect("no panic").clone();
    assert_eq!(waited, [("01REQUEST".to_owned(), NOW + 30_000)]);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "operation": "01REQUEST",
      "done": true,
      "items": [
        {
          "name": "a",
          "outcome": "done",
          "state": "ACTIVE",
          "error": null
        },
        {
          "name": "b",
          "outcome": "failed",
          "state": "FAILED",
          "error": {
            "code": "unreachable",
            "text": "the text of unreachable"
          }
        },
        {
          "name": "c",
          "outcome": "refused",
          "state": null,
          "error": {
            "code": "unknown",
            "text": "the reason for unknown"
          }
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn a_wait_that_runs_out_answers_202_in_the_same_shape() {
    let world = World::new();
    world.intake.later("a", ItemOutcome::Pending, Some("ACTIVATING"));
    let answer = world.json("PATCH", "/armory/accounts?wait=2", names(&["a"])).await;
    assert_eq!(answer.status, 202);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "operation": "01REQUEST",
      "done": false,
      "items": [
        {
          "name": "a",
          "outcome": "pending",
          "state": "ACTIVATING",
          "error": null
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_header_prefer_asks_for_the_shape_and_may_wait() {
    for (prefer, waits) in [("wait=30", true), ("respond-async", false), ("wait=0", true)] {
        let world = World::new();
        world.intake.later("a", ItemOutcome::Pending, Some("ACTIVATING"));
        let request = Request::builder()
            .method("PATCH")
            .uri(ACCOUNTS)
            .header("Prefer", prefer)
            .body(Body::from(names(&["a"]).to_string()));
        let answer = world.send(request.expect("a good request")).await;
        assert_eq!(answer.body["operation"], "01REQUEST", "{prefer}");
        assert_eq!(!world.intake.waited.lock().expect("no panic").is_empty(), waits, "{prefer}");
    }
}

#[tokio::test]
async fn what_is_done_at_the_commit_is_not_waited_for() {
    let world = World::new();
    world.intake.decide("a", ItemOutcome::Done, Some("INACTIVE"));
    let answer = world.json("POST", "/armory/accounts?wait=30s", names(&["a"])).await;
    assert_eq!((answer.status.as_u16(), &answer.body["done"]), (200, &json!(true)));
    assert!(world.intake.waited.lock().expect("no panic").is_empty());
}

#[tokio::test]
async fn a_wait_is_at_most_ten_minutes_and_must_be_a_time() {
    let world = World::new();
    world.json("PATCH", "/armory/accounts?wait=3d", names(&["a"])).await;
    assert_eq!(world.intake.waited.lock().expect("no panic")[0].1, NOW + 600_000);
    let world = World::new();
    let answer = world.json("PATCH", "/armory/accounts?wait=soon", names(&["a"])).await;
    assert_eq!(answer.problem(400), "wait must be a time like 30s or 2m, not \"soon\"");
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn a_wait_that_breaks_off_still_answers_the_handle() {
    let world = World::new();
    *world.intake.wait_trouble.lock().expect("no panic") =
        Some(AskError::Unavailable("the disk is gone".into()));
    let answer = world.json("PATCH", "/armory/accounts?wait=30s", names(&["a"])).await;
    assert_eq!(answer.status, 202);
    assert_eq!(answer.body["items"][0]["outcome"], "pending");
}

#[tokio::test]
async fn accounts_that_exist_are_a_409_though_the_others_are_done() {
    for path in [ACCOUNTS, "/armory/accounts/dynamic"] {
        let world = World::new();
        world.intake.refuse("a", "exists", Some("ACTIVE"), &["deactivate", "delete"]);
        world.intake.decide("b", ItemOutcome::Done, Some("INACTIVE"));
        let body =
            json!([{"name": "a", "serviceAccount": true}, {"name": "b", "serviceAccount": true}]);
        let answer = world.json("POST", path, body).await;
        answer.problem(409);
        assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
        insta::allow_duplicates! {
            insta::assert_json_snapshot!(answer.body, @r#"
            {
              "type": "urn:swingbridge:problem:exists",
              "title": "Some accounts exist already",
              "status": 409,
              "detail": "1 of 2 accounts were refused, each says why; the others are taken",
              "state": "ACTIVE",
              "possible": [
                "deactivate",
                "delete"
              ],
              "items": [
                {
                  "name": "a",
                  "status": 409,
                  "detail": "the reason for exists",
                  "state": "ACTIVE",
                  "possible": [
                    "deactivate",
                    "delete"
                  ]
                }
              ]
            }
            "#);
        }
    }
}

#[tokio::test]
async fn refused_items_beside_accepted_ones_are_202_and_stand_in_the_handle() {
    let world = World::new();
    world.intake.refuse("a", "static", Some("ACTIVE"), &[]);
    let answer = world.json("PATCH", ACCOUNTS, names(&["a", "b"])).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, json!([])));
}

#[tokio::test]
async fn an_edge_that_does_not_exist_is_a_409_that_says_what_is_possible() {
    let world = World::new();
    world.intake.refuse("a", "state", Some("DELETING"), &["rebind"]);
    let answer = world.json("PATCH", ACCOUNTS, names(&["a"])).await;
    assert_eq!(answer.problem(409), "a: the reason for state");
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "type": "urn:swingbridge:problem:refused",
      "title": "Nothing was accepted",
      "status": 409,
      "detail": "a: the reason for state",
      "state": "DELETING",
      "possible": [
        "rebind"
      ],
      "items": [
        {
          "name": "a",
          "status": 409,
          "detail": "the reason for state",
          "state": "DELETING",
          "possible": [
            "rebind"
          ]
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn the_status_of_a_refused_request_is_what_its_accounts_agree_on() {
    let cases: [(&[&str], u16); 10] = [
        (&["unknown", "unknown"], 404),
        (&["unknown", "state"], 409),
        (&["static", "zone"], 409),
        (&["not-in-source", "not-in-source"], 400),
        (&["not-in-source", "exists"], 409),
        (&["bad-source"], 409),
        (&["policy"], 409),
        (&["unsupported"], 501),
        (&["some-code-of-a-module"], 409),
        (&["exists"], 409),
    ];
    for (codes, status) in cases {
        let world = World::new();
        let all: Vec<String> = (0..codes.len()).map(|n| format!("account-{n}")).collect();
        for (name, code) in all.iter().zip(codes) {
            world.intake.refuse(name, code, None, &[]);
        }
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let answer = world.json("POST", ACCOUNTS, names(&all)).await;
        answer.problem(status);
        assert_eq!(answer.body["items"].as_array().map(Vec::len), Some(codes.len()));
        assert_eq!(answer.header("location"), Some("/operations/01REQUEST"), "{codes:?}");
    }
}

#[tokio::test]
async fn what_the_module_could_not_decide_is_the_bridges_fault() {
    let world = World::new();
    world.intake.decide("a", ItemOutcome::ModuleFailed("it trapped".into()), None);
    world.json("PATCH", ACCOUNTS, names(&["a"])).await.problem(500);
    world.intake.decide("b", ItemOutcome::Busy("the row kept changing".into()), None);
    world.json("PATCH", ACCOUNTS, names(&["a", "b"])).await.problem(503);
    assert_eq!(world.json("PATCH", ACCOUNTS, names(&["a", "c"])).await.status, 202);
}

#[tokio::test]
async fn static_rows_and_unknown_ones_refuse_a_delete_each() {
    let world = World::new();
    world.intake.refuse("s", "static", Some("ACTIVE"), &[]);
    world.intake.refuse("u", "unknown", None, &[]);
    world.call("DELETE", "/armory/accounts/s", Body::empty()).await.problem(409);
    world.call("DELETE", "/armory/accounts/u", Body::empty()).await.problem(404);
    world.json("DELETE", ACCOUNTS, json!(["s", "u"])).await.problem(409);
    assert_eq!(world.json("DELETE", ACCOUNTS, json!(["s", "a"])).await.status, 202);
}

#[tokio::test]
async fn a_request_that_was_not_begun_is_a_503_without_a_handle() {
    for (trouble, seconds) in [
        (AskError::Unavailable("disk /dev/sda1 is gone".into()), "1"),
        (AskError::Paused("no module serves".into()), "5"),
    ] {
        let world = World::new();
        *world.intake.trouble.lock().expect("no panic") = Some(trouble);
        let answer = world.json("PATCH", ACCOUNTS, names(&["a"])).await;
        assert!(answer.problem(503).starts_with("nothing was begun"), "{}", answer.body);
        assert!(!answer.body.to_string().contains("sda1"), "{}", answer.body);
        assert_eq!(answer.header("retry-after"), Some(seconds));
        assert_eq!(answer.header("location"), None);
    }
}

#[tokio::test]
async fn a_request_of_unknown_fate_is_a_503_with_its_handle() {
    let world = World::new();
    *world.intake.trouble.lock().expect("no panic") =
        Some(AskError::Interrupted { request: "01R".into(), reason: "COMMIT was lost".into() });
    let answer = world.json("PATCH", ACCOUNTS, names(&["a"])).await;
    answer.problem(503);
    assert_eq!(answer.header("location"), Some("/operations/01R"));
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_call_works() {
    let world = World::new();
    world.intake.panics.store(true, Ordering::Relaxed);
    let answer = world.json("PATCH", ACCOUNTS, names(&["a"])).await;
    assert_eq!(answer.problem(500), "the bridge's log says what happened");
    world.intake.panics.store(false, Ordering::Relaxed);
    assert_eq!(world.json("PATCH", ACCOUNTS, names(&["a"])).await.status, 202);
}

#[tokio::test]
async fn everything_about_accounts_is_501_when_switched_off() {
    let world = World { enabled: false, ..World::new() };
    for (method, path) in [
        ("GET", ACCOUNTS),
        ("POST", ACCOUNTS),
        ("PATCH", "/armory/accounts/dynamic"),
        ("DELETE", "/armory/accounts/a"),
        ("GET", "/agents/kubernetes/accounts/a"),
    ] {
        world.json(method, path, names(&["a"])).await.problem(501);
    }
    assert!(world.intake.nothing_was_asked());
    assert_eq!(world.get("/armory/agents").await.status, 200);
    assert_eq!(world.get("/health/live").await.status, 200);
}
