//! The `OpenAPI` document and the paths that are served: the same ones, and problems for everything else.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use serde_json::{Value, json};

use super::world::World;
use crate::router::{accounts_table, rest_table};

const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"];

type Paths = BTreeMap<String, BTreeSet<String>>;

async fn document() -> Value {
    let answer = World::new().get("/openapi.json").await;
    assert_eq!(answer.status, 200);
    answer.body
}

fn documented(document: &Value) -> Paths {
    let paths = document["paths"].as_object().expect("paths");
    let methods = |path: &Value| {
        path.as_object().expect("methods").keys().map(|method| method.to_uppercase()).collect()
    };
    paths.iter().map(|(path, item)| (path.clone(), methods(item))).collect()
}

/// The methods that the router itself says it takes on each path of its table.
async fn served() -> Paths {
    let world = World::new();
    let mut served = Paths::new();
    for path in [accounts_table().paths, rest_table().paths].concat() {
        let address = path.replace("{name}", "a").replace("{id}", "a");
        let answer = world.call("CONNECTS", &address, Body::empty()).await;
        answer.problem(405);
        let allowed = answer.header("allow").expect("an Allow header");
        let methods = allowed.split(',').filter(|method| *method != "HEAD").map(str::to_owned);
        served.insert(path.to_owned(), methods.collect());
    }
    served
}

#[tokio::test]
async fn the_document_lists_exactly_what_is_served() {
    assert_eq!(documented(&document().await), served().await);
}

#[tokio::test]
async fn the_paths_of_the_original_are_kept() {
    let listing: Vec<String> = served()
        .await
        .into_iter()
        .map(|(path, methods)| {
            format!("{path} {}", methods.into_iter().collect::<Vec<_>>().join(" "))
        })
        .collect();
    insta::assert_snapshot!(listing.join("\n"), @r#"
    /agents/kubernetes/accounts/{name} GET
    /agents/kubernetes/accounts/{name}/namespaces GET
    /armory/accounts DELETE GET PATCH POST
    /armory/accounts/dynamic PATCH POST PUT
    /armory/accounts/{name} DELETE GET
    /armory/accounts/{name}/check POST
    /armory/accounts/{name}/explanation GET
    /armory/accounts/{name}/history GET
    /armory/accounts/{name}/rebind POST
    /armory/agent/operations GET
    /armory/agent/operations/{id} GET
    /armory/agent/{id}/disconnect POST
    /armory/agents GET
    /armory/agents/{id} GET
    /armory/clouddrivers GET
    /events GET
    /health GET
    /health/live GET
    /health/ready GET
    /metrics GET
    /openapi.json GET
    /operations/{id} GET
    /operations/{id}/events GET
    /records GET
    /records/{id} GET
    /replicas/ring POST
    "#);
}

#[tokio::test]
async fn the_document_is_openapi_3_1_and_refers_to_nothing_that_it_lacks() {
    let document = document().await;
    assert_eq!(document["openapi"], "3.1.0");
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#/").skip(1) {
        let pointer = format!("/{}", reference.split('"').next().expect("an end"));
        assert!(document.pointer(&pointer).is_some(), "{pointer}");
    }
    for (path, item) in document["paths"].as_object().expect("paths") {
        for (method, operation) in item.as_object().expect("methods") {
            assert!(operation["summary"].is_string(), "{method} {path} says nothing");
            let starts_work = operation["responses"]["202"]["headers"]["Location"].is_object();
            let waits = operation["parameters"].to_string().contains("\"wait\"");
            assert!(!starts_work || waits, "{method} {path} starts work and cannot be waited for");
        }
    }
}

#[tokio::test]
async fn a_problem_is_described_with_all_its_members() {
    let document = document().await;
    let members: Vec<&String> = document["components"]["schemas"]["Problem"]["properties"]
        .as_object()
        .expect("properties")
        .keys()
        .collect();
    assert_eq!(members, ["detail", "items", "possible", "state", "status", "title", "type"]);
}

#[tokio::test]
async fn an_unknown_path_is_a_404_problem() {
    let world = World::new();
    for path in ["/", "/armory", "/armory/accounts/", "/armory/accounts/a/b/c", "/%00", "/../etc"] {
        for method in METHODS {
            let answer = world.call(method, path, Body::empty()).await;
            assert_eq!(answer.status, 404, "{method} {path}");
            assert_eq!(answer.header("content-type"), Some("application/problem+json"));
        }
    }
    let answer = world.get("/nothing/here").await;
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "type": "urn:swingbridge:problem:no-such-path",
      "title": "There is no such path",
      "status": 404,
      "detail": "/nothing/here is not here; /openapi.json lists what is"
    }
    "#);
}

#[tokio::test]
async fn a_wrong_method_is_a_405_problem_that_says_which_are_right() {
    let world = World::new();
    let answer = world.json("POST", "/armory/accounts/a", json!({})).await;
    assert_eq!(answer.problem(405), "/armory/accounts/a does not take POST; see the Allow header");
    assert_eq!(answer.header("allow"), Some("GET,HEAD,DELETE"));
}
