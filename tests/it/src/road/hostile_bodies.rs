//! Bad input over HTTP gets a clear answer and harms nothing: the next call works, and nothing of it remains.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Value, json};

use super::{create, names};
use tests_harness::{Answer, TestBridge};

/// Sends one body to each path that takes accounts, and answers what came.
async fn everywhere(bridge: &TestBridge, body: &[u8]) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for (method, path) in [
        (Method::POST, "/armory/accounts"),
        (Method::PATCH, "/armory/accounts"),
        (Method::POST, "/armory/accounts/dynamic"),
        (Method::PUT, "/armory/accounts/dynamic"),
        (Method::DELETE, "/armory/accounts"),
    ] {
        answers.push(bridge.api.raw(method, path, body.to_vec()).await?);
    }
    Ok(answers)
}

/// Every answer is a 4xx problem with a sentence, and nothing was done.
async fn assert_refused(bridge: &TestBridge, body: &[u8]) -> Result<()> {
    for answer in everywhere(bridge, body).await? {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
        assert!((400..500).contains(&answer.status), "{shown}: {answer:?}");
        let sentence = answer.body["detail"].as_str().unwrap_or_default();
        assert!(sentence.len() > 10, "{shown}: {answer:?}");
    }
    assert_eq!(bridge.api.states().await?, []);
    bridge.api.get("/health").await?.expect(200)?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_not_json_is_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    for body in ["", "{", "[", "name=eu-1", "[{\"name\": \"a\"", "\u{feff}[]x", "nul"] {
        assert_refused(&bridge, body.as_bytes()).await?;
    }
    assert_refused(&bridge, &[0xff, 0xfe, 0x00]).await?;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_of_the_wrong_type_is_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    for body in ["null", "7", "\"a\"", "[1]", "[[]]", "[null]", "[{}]", "[{\"name\": 7}]"] {
        assert_refused(&bridge, body.as_bytes()).await?;
    }
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_list_is_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    assert_refused(&bridge, b"[]").await?;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_that_is_too_large_is_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let body = format!("[{{\"name\": \"{}\"}}]", "x".repeat(17 << 20));
    let answer = bridge.api.raw(Method::POST, "/armory/accounts", body.into_bytes()).await?;
    assert_eq!(answer.status, 413, "{:?}", answer.body);
    assert_eq!(bridge.api.states().await?, []);
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_no_path_could_reach_are_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let long = "x".repeat(300);
    for name in [
        "", " ", " a", "a ", "a b", "a/b", "..", "../evil", "a\\b", "a\u{0}", "a\nb", "a\u{7f}",
        &long,
    ] {
        let item = json!({"name": name, "kubeconfigFile": "/kc"});
        let answer = bridge.api.post("/armory/accounts/dynamic", json!([item])).await?;
        assert_eq!(answer.status, 400, "{name:?}: {answer:?}");
    }
    assert_eq!(bridge.api.states().await?, []);
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn names_in_other_scripts_are_names() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let all: Vec<String> = ["кластер-1", "集群", "größe", "प्रोड"].map(str::to_owned).into();
    create(&bridge, &all, None).await?;
    for name in &all {
        assert_eq!(bridge.api.state(name).await?.as_deref(), Some("INACTIVE"), "{name}");
    }
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_differs_from_another_by_case_only_is_refused() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["eu-1".into()], None).await?;
    let other = json!([{"name": "EU-1", "kubeconfigFile": "/kc"}]);
    let answer = bridge.api.post("/armory/accounts/dynamic", other).await?.expect(409)?;
    assert!(answer.body.to_string().contains("eu-1"), "{answer:?}");
    assert_eq!(bridge.api.states().await?.len(), 1);
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_account_is_a_404() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let instruction = json!([{"name": "nobody", "state": "ACTIVE"}]);
    bridge.api.patch("/armory/accounts", instruction).await?.expect(404)?;
    bridge.api.delete("/armory/accounts/nobody", None).await?.expect(404)?;
    bridge.api.get("/armory/accounts/nobody").await?.expect(404)?;
    bridge
        .api
        .put("/armory/accounts/dynamic", json!({"name": "nobody", "metrics": true}))
        .await?
        .expect(404)?;
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edge_that_does_not_exist_is_refused_with_what_is_possible() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    let again = json!([{"name": "a", "kubeconfigFile": "/kc"}]);
    let answer = bridge.api.post("/armory/accounts/dynamic", again).await?.expect(409)?;
    assert!(answer.location.is_some(), "{answer:?}");
    assert!(answer.body["items"][0]["detail"].as_str().is_some(), "{answer:?}");
    // rebind has nothing to accept where no agent claims another cluster.
    let rebind = bridge.api.post("/armory/accounts/a/rebind?wait=1s", Value::Null).await?;
    assert!(rebind.status == 409 || rebind.outcome("a") == Some("done"), "{rebind:?}");
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_instruction_twice_is_no_error() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    create(&bridge, &["a".into()], Some("eu")).await?;
    for _ in 0..2 {
        let instruction = json!([{"name": "a", "state": "ACTIVE"}]);
        bridge.api.patch("/armory/accounts", instruction).await?.expect(202)?;
    }
    for _ in 0..2 {
        let instruction = json!([{"name": "a", "state": "INACTIVE"}]);
        bridge.api.patch("/armory/accounts", instruction).await?.expect(202)?;
    }
    assert_eq!(bridge.api.state("a").await?.as_deref(), Some("INACTIVE"));
    bridge.stop().await;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn one_bad_item_among_ten_thousand_stops_nobody_else() -> Result<()> {
    let mut bridge = TestBridge::start().await?;
    let mut items: Vec<Value> =
        names("a", 9_999).iter().map(|n| json!({"name": n, "kubeconfigFile": "/kc"})).collect();
    items.insert(5_000, json!({"name": "bad/one", "kubeconfigFile": "/kc"}));
    let answer = bridge.api.post("/armory/accounts/dynamic?wait=30s", Value::Array(items)).await?;
    assert_eq!(
        answer.status,
        200,
        "{}",
        answer.body.to_string().chars().take(300).collect::<String>()
    );
    assert_eq!(answer.outcome("bad/one"), Some("refused"));
    assert_eq!(bridge.api.states().await?.len(), 9_999);
    bridge.stop().await;
    Ok(())
}
