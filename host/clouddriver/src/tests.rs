//! What the reading of Clouddriver promises about single rows and references.

use host_core::port::vault::SecretEngines;
use host_core::secret::Secret;
use host_core::source::RawAccount;

use crate::Engines;
use crate::body::read;

fn row(id: &str, body: &str) -> RawAccount {
    RawAccount {
        id: id.into(),
        kind: "kubernetes".into(),
        body: Secret::new(body),
        last_modified_at: 1,
    }
}

fn fault(id: &str, body: &str) -> String {
    read(&row(id, body)).expect_err("a bad row")
}

#[test]
fn a_good_row_is_its_definition_without_name_and_type() {
    let body = r#"{"type":"kubernetes","name":"eu-1","kubeconfigFile":"/kc","metrics":true}"#;
    let definition = read(&row("eu-1", body)).expect("a good row");
    assert_eq!(definition.to_text(), r#"{"kubeconfigFile":"/kc","metrics":true}"#);
}

#[test]
fn a_row_whose_body_names_another_account_is_at_fault() {
    let body = r#"{"type":"kubernetes","name":"eu-2","kubeconfigFile":"/kc"}"#;
    assert!(fault("eu-1", body).contains("another one than the row's id"));
}

#[test]
fn a_body_of_another_type_is_at_fault() {
    let of = |head: &str| fault("a", &format!(r#"{{{head}"name":"a","kubeconfigFile":"/kc"}}"#));
    assert!(of(r#""type":"aws","#).contains("another type"));
    assert!(of(r#""@type":"kubernetes","#).contains("has no type"));
    assert!(of("").contains("has no type"));
}

#[test]
fn a_reference_of_the_bridge_in_a_source_is_at_fault() {
    let body =
        r#"{"name":"a","type":"kubernetes","kubeconfigContents":"secret://swingbridge/00ff"}"#;
    assert!(
        fault("a", body).contains("nobody else may use"),
        "it would open another account's secret"
    );
}

#[test]
fn no_fault_holds_anything_of_the_body() {
    let bodies = [
        "TOKEN-1",
        "{\"kubeconfigContents\": TOKEN-1",
        "[\"TOKEN-1\"]",
        "{\"name\":\"TOKEN-1\"}",
        r#"{"name":"a","type":"TOKEN-1"}"#,
        r#"{"name":"a","type":"kubernetes","namespaces":"TOKEN-1","kubeconfigFile":"/kc"}"#,
        r#"{"name":"a","type":"kubernetes","kubeconfigContents":"encrypted:noop!TOKEN-1"}"#,
        r#"{"name":"a","type":"kubernetes","kubeconfigContents":"encrypted:noop!x:TOKEN-1"}"#,
        r#"{"name":"a","type":"kubernetes","kubeconfigContents":"encrypted:TOKEN-1"}"#,
        r#"{"name":"a","type":"kubernetes","kubeconfigFile":"encryptedFile:noop!v:TOKEN-1"}"#,
        r#"{"name":"a","type":"kubernetes","permissions":{"TOKEN-1":[]},"kubeconfigFile":"/kc"}"#,
        r#"{"name":"a","type":"kubernetes","permissions":{"READ":["TOKEN-1 "]},"kubeconfigFile":"/kc"}"#,
    ];
    for body in bodies {
        let said = fault("a", body);
        assert!(!said.contains("TOKEN"), "{said}");
    }
}

#[tokio::test]
async fn the_noop_engine_answers_its_value() {
    for text in ["encrypted:noop!v:a:b", "encryptedFile:noop!v:a:b", "encrypted:noop!w:x!v:a:b"] {
        assert_eq!(Engines.resolve(text).await, Ok(Secret::new("a:b")), "{text}");
    }
}

#[tokio::test]
async fn a_text_in_no_notation_comes_back_as_it_is() {
    assert_eq!(Engines.resolve("apiVersion: v1").await, Ok(Secret::new("apiVersion: v1")));
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named_and_its_parameters_are_not() {
    for text in
        ["encrypted:s3!r:eu!b:TOKEN-1", "encryptedFile:s3!k:TOKEN-1", "secret://s3?k=TOKEN-1"]
    {
        let said = Engines.resolve(text).await.expect_err("no such engine");
        assert!(said.contains("\"s3\"") && !said.contains("TOKEN"), "{said}");
    }
    for text in
        ["encrypted:", "encrypted:noop", "encrypted:noop!TOKEN-1", "secret://noop?v=TOKEN-1"]
    {
        let said = Engines.resolve(text).await.expect_err("malformed");
        assert!(!said.contains("TOKEN"), "{said}");
    }
}
