//! `Idempotency-Key`, end to end: asked twice, done once.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};
use tests_harness::{Answer, TestBridge};

use super::{WELL, agent, create, names};

async fn keyed(bridge: &TestBridge, path: &str, key: &str, body: &Value) -> Result<Answer> {
    let headers = [("Idempotency-Key", key)];
    bridge.api.with_headers(Method::PATCH, path, &headers, body).await
}

fn active(names: &[String]) -> Value {
    names.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect()
}

async fn requests(bridge: &TestBridge, name: &str) -> Result<usize> {
    let path = format!("/armory/accounts/{name}/history");
    let history = bridge.api.get(&path).await?.expect(200)?.body;
    let steps = history["items"].as_array().cloned().unwrap_or_default();
    Ok(steps.iter().filter(|step| step["event"] == "activate").count())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_and_body_is_the_same_request_and_a_wait_shows_how_it_stands() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let held = agent(&bridge, "agent-a", "eu", WELL).await?;
    create(&bridge, &names("a", 2), Some("eu")).await?;
    let body = active(&names("a", 2));
    let first = keyed(&bridge, "/armory/accounts", "k", &body).await?.expect(202)?;
    let again = keyed(&bridge, "/armory/accounts?wait=30s", "k", &body).await?.expect(200)?;
    assert!(first.location.is_some());
    assert_eq!(again.location, first.location);
    assert_eq!(again.outcome("a-00001"), Some("done"));
    let other = keyed(&bridge, "/armory/accounts", "k", &active(&names("a", 1))).await?;
    assert_eq!((other.status, other.location), (422, None));
    bridge.restart().await?;
    let after = keyed(&bridge, "/armory/accounts", "k", &body).await?.expect(202)?;
    assert_eq!(after.location, first.location, "it survives a restart");
    assert_eq!(requests(&bridge, "a-00001").await?, 1);
    bridge.clock.advance(86_400_001);
    let next_day = keyed(&bridge, "/armory/accounts", "k", &body).await?;
    assert_ne!(next_day.location, first.location, "after a day the key is free again");
    held.stop().await;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_with_one_key_are_one_request() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &names("a", 30), Some("eu")).await?;
    let body = active(&names("a", 30));
    let calls = (0..8).map(|_| keyed(&bridge, "/armory/accounts", "k", &body));
    let answers = futures::future::try_join_all(calls).await?;
    let first = answers[0].location.clone();
    assert!(first.is_some());
    for answer in &answers {
        assert_eq!((answer.status, &answer.location), (202, &first));
    }
    assert_eq!(requests(&bridge, "a-00007").await?, 1);
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_before_it_began_stores_nothing() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    keyed(&bridge, "/armory/accounts", "k", &json!([])).await?.expect(400)?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    keyed(&bridge, "/armory/accounts", "k", &active(&["a".into()])).await?.expect(202)?;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upsert_that_is_repeated_creates_once_and_says_so_again() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let body = json!({"name": "a", "kubeconfigFile": "/kc"});
    let put = || async {
        let headers = [("Idempotency-Key", "k")];
        let path = "/armory/accounts/dynamic?upsert=true";
        bridge.api.with_headers(Method::PUT, path, &headers, &body).await
    };
    let first = put().await?.expect(201)?;
    let again = put().await?.expect(201)?;
    assert_eq!(first.location, again.location);
    bridge.api.delete("/armory/accounts/a?wait=5s", None).await?.expect(200)?;
    let gone = put().await?.expect(201)?;
    assert_eq!(gone.location, first.location, "it is answered as it stands, and not done again");
    assert_eq!(bridge.api.state("a").await?, None);
    bridge.stop().await;
    Ok(())
}

/// The bridge stopped between the beginning of the request and its batches: whoever repeats it gets all of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_was_cut_short_is_begun_in_full_when_it_is_repeated() -> Result<()> {
    use sqlx::Connection as _;
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &names("a", 3), Some("eu")).await?;
    let body = active(&names("a", 3));
    let first = keyed(&bridge, "/armory/accounts", "k", &body).await?.expect(202)?;
    let id = first.location.clone().unwrap_or_default().replace("/operations/", "");
    bridge.stop().await;
    let url = format!("sqlite:{}", bridge.folder().join("bridge.db").display());
    let mut connection = sqlx::SqliteConnection::connect(&url).await?;
    let lost = "DELETE FROM swingbridge_request_items WHERE name = 'a-00002'";
    sqlx::query(lost).execute(&mut connection).await?;
    connection.close().await?;
    bridge.clock.advance(1);
    bridge.restart().await?;
    let cut = bridge.api.get(&format!("/operations/{id}")).await?.expect(200)?;
    assert_eq!(cut.body["items"].as_array().map(Vec::len), Some(2), "{cut:?}");
    let again = keyed(&bridge, "/armory/accounts", "k", &body).await?.expect(202)?;
    assert_eq!(again.location, first.location);
    let standing = bridge.api.get(&format!("/operations/{id}")).await?.expect(200)?;
    assert_eq!(standing.body["items"].as_array().map(Vec::len), Some(3), "{standing:?}");
    assert_eq!(requests(&bridge, "a-00001").await?, 1, "nothing is begun twice");
    bridge.stop().await;
    Ok(())
}
