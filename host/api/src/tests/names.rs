//! Names of accounts: which are taken, which are refused, and how each is named in the answer.

use axum::body::Body;
use serde_json::{Value, json};

use super::world::World;

/// Names that no account can have.
const BAD: [&str; 10] =
    [" a", "a ", "a b", "a\u{a0}", "a/b", "a\\b", "..", "a..b", "a\u{0}b", "a\u{202e}b"];

fn list(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect()
}

#[tokio::test]
async fn a_name_that_cannot_be_is_a_400_that_says_why() {
    let long = "x".repeat(300);
    let world = World::new();
    for bad in BAD.iter().copied().chain([long.as_str(), "   "]) {
        for (method, body) in
            [("POST", list(&[bad])), ("PATCH", list(&[bad])), ("DELETE", json!([bad]))]
        {
            let answer = world.json(method, "/armory/accounts", body).await;
            answer.problem(400);
            assert_eq!(answer.body["type"], "urn:swingbridge:problem:name", "{bad:?}");
        }
    }
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn each_of_several_bad_names_is_named() {
    let world = World::new();
    let answer = world.json("POST", "/armory/accounts", list(&["a/b", "a\u{7}b", ".."])).await;
    answer.problem(400);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "type": "urn:swingbridge:problem:name",
      "title": "No account can have this name",
      "status": 400,
      "detail": "none of 3 accounts was accepted; each says why",
      "items": [
        {
          "name": "a/b",
          "status": 400,
          "detail": "the name contains '/'; letters, digits and . _ - : @ are allowed"
        },
        {
          "name": "a\\u{7}b",
          "status": 400,
          "detail": "the name contains '\\u{7}'; letters, digits and . _ - : @ are allowed"
        },
        {
          "name": "..",
          "status": 400,
          "detail": "the name contains '..', which would be read as a path"
        }
      ]
    }
    "#);
}

#[tokio::test]
async fn bad_names_beside_good_ones_are_refused_alone() {
    let world = World::new();
    let long = "x".repeat(300);
    let mut names = BAD.to_vec();
    names.extend([long.as_str(), "good"]);
    assert_eq!(world.json("PATCH", "/armory/accounts", list(&names)).await.status, 202);
    let asked = world.intake.only();
    assert_eq!(asked.groups[0].1.len(), 1);
    assert_eq!(asked.refused.len(), BAD.len() + 1);
    for (name, refused) in &asked.refused {
        assert_eq!(refused.code, "name");
        assert!(name.chars().count() <= 255 && !name.chars().any(char::is_control), "{name:?}");
    }
}

#[tokio::test]
async fn names_of_any_script_are_taken_as_they_are() {
    let names = ["кластер-1", "集群", "عنقود", "prod.eu_1:a@b", "E\u{301}U"];
    let world = World::new();
    assert_eq!(world.json("PATCH", "/armory/accounts", list(&names)).await.status, 202);
    let asked = world.intake.only();
    let taken: Vec<_> = asked.groups[0].1.iter().map(|item| item.name.as_str()).collect();
    assert_eq!(taken, ["кластер-1", "集群", "عنقود", "prod.eu_1:a@b", "\u{c9}U"]);
}

#[tokio::test]
async fn a_name_that_stands_twice_is_a_400_that_names_it() {
    let world = World::new();
    for names in [["a", "a"], ["\u{e9}", "e\u{301}"], ["a/b", "a/b"]] {
        let answer = world.json("PATCH", "/armory/accounts", list(&names)).await;
        assert!(answer.problem(400).ends_with("is named twice; name each account once"));
    }
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn of_two_new_names_that_differ_by_case_the_second_is_a_409() {
    let world = World::new();
    let answer = world.json("POST", "/armory/accounts", list(&["EU-1", "eu-1"])).await;
    answer.problem(409);
    assert_eq!(answer.header("location"), Some("/operations/01REQUEST"));
    assert_eq!(world.intake.only().groups[0].1[0].name, "EU-1");
    insta::assert_json_snapshot!(answer.body["items"], @r#"
    [
      {
        "name": "eu-1",
        "status": 409,
        "detail": "the name differs only by case from EU-1, which stands in the same request"
      }
    ]
    "#);
}

#[tokio::test]
async fn names_that_differ_by_case_may_both_be_asked_about() {
    let world = World::new();
    assert_eq!(world.json("PATCH", "/armory/accounts", list(&["EU-1", "eu-1"])).await.status, 202);
    assert_eq!(world.intake.only().groups[0].1.len(), 2);
}

#[tokio::test]
async fn a_path_with_a_name_that_cannot_be_is_a_400() {
    let world = World::new();
    for name in ["a%2Fb", "..%2F..", "%20a", "a%00b", "%FF", &"x".repeat(300)] {
        for (method, path) in [
            ("GET", format!("/armory/accounts/{name}")),
            ("DELETE", format!("/armory/accounts/{name}")),
            ("GET", format!("/armory/accounts/{name}/history")),
            ("POST", format!("/armory/accounts/{name}/check")),
            ("GET", format!("/agents/kubernetes/accounts/{name}")),
        ] {
            world.call(method, &path, Body::empty()).await.problem(400);
        }
    }
    for path in ["/armory/agents/a%00b", "/operations/%0A"] {
        world.get(path).await.problem(400);
    }
    assert!(world.intake.nothing_was_asked());
}
