//! What definitions promise.

use std::collections::HashMap;
use std::convert::Infallible;

use serde_json::json;

use super::{BadDefinition, Definition, is_reference};
use crate::secret::Secret;

fn definition(value: serde_json::Value) -> Definition {
    Definition::from_json(value).expect("a good definition")
}

#[test]
fn the_spellings_of_the_original_become_one() {
    let read = definition(json!({"kubeConfigFile": "/kc", "oAuthScopes": ["a"], "NAME": "x"}));
    assert_eq!(read.to_json(), json!({"kubeconfigFile": "/kc", "oauthScopes": ["a"]}));
}

#[test]
fn a_wrong_type_names_the_field() {
    let wrong = |value| Definition::from_json(value).expect_err("a bad definition").to_string();
    assert_eq!(wrong(json!({"namespaces": "default"})), "namespaces must be a list of strings");
    assert_eq!(wrong(json!({"metrics": "yes"})), "metrics must be true or false");
    assert_eq!(
        wrong(json!({"cacheThreads": -1})),
        "cacheThreads must be a whole number, 0 or more"
    );
    assert_eq!(wrong(json!([])), "a definition is a JSON object");
}

#[test]
fn a_blank_role_is_an_error_and_never_an_open_account() {
    for role in ["", " ", " ops ", "ops\t"] {
        assert_eq!(
            Definition::from_json(json!({"permissions": {"READ": ["dev", role]}})),
            Err(BadDefinition::BlankRole { key: "READ".into() }),
            "{role:?}"
        );
    }
}

#[test]
fn exactly_one_kubeconfig_makes_a_whole_definition() {
    assert_eq!(definition(json!({})).check_whole(), Err(BadDefinition::Kubeconfig(0)));
    let one = json!({"kubeconfigFile": "/kc", "serviceAccount": false, "kubeconfigContents": ""});
    assert_eq!(definition(one).check_whole(), Ok(()));
    let two = json!({"kubeconfigFile": "/kc", "serviceAccount": true});
    assert_eq!(definition(two).check_whole(), Err(BadDefinition::Kubeconfig(2)));
}

#[test]
fn unknown_attributes_are_kept() {
    let read = definition(json!({"team": {"owner": "a"}, "kubeconfigFile": "/kc"}));
    assert_eq!(Definition::from_text(&read.to_text()), Ok(read));
}

#[test]
fn a_change_of_the_kubeconfig_clears_the_other_ways() {
    let row = definition(json!({"kubeconfigContents": "secret://swingbridge/1", "metrics": true}));
    let merged = row.merged(&definition(json!({"kubeconfigFile": "/kc", "metrics": null})));
    assert_eq!(merged.to_json(), json!({"kubeconfigFile": "/kc"}));
}

#[test]
fn inline_values_are_sealed_and_references_stay() {
    let mut read = definition(json!({
        "kubeconfigContents": "apiVersion: v1",
        "kubeconfigFile": "encryptedFile:noop!v:clear",
        "context": "c",
        "kubeconfigAgent": "encryptedFile:k8s!n:kc!k:config",
        "registryPassword": "hunter2",
        "mirrors": [{"host": "m", "accessToken": "hunter3"}],
    }));
    let mut taken = Vec::new();
    read.seal(|secret| {
        taken.push(secret.expose().to_owned());
        Ok::<_, Infallible>(format!("secret://swingbridge/{}", taken.len()))
    })
    .expect("infallible");
    assert_eq!(taken, ["apiVersion: v1", "encryptedFile:noop!v:clear", "hunter2", "hunter3"]);
    assert_eq!(read.references().len(), 5);
    let resolved = read
        .resolved(|reference| Ok::<_, Infallible>(Secret::new(format!("<{reference}>"))))
        .expect("infallible");
    assert!(resolved.expose().contains("<secret://swingbridge/1>"));
    assert!(resolved.expose().contains("\"accessToken\":\"<secret://swingbridge/4>\""));
    assert!(resolved.expose().contains("\"context\":\"c\""));
}

#[test]
fn a_reference_to_the_contents_of_a_file_is_the_kubeconfig_and_no_path() {
    let resolve = |text: &str| {
        let read = definition(json!({"kubeconfigFile": text, "context": "c"}));
        let behind = |text: &str| Secret::new(text.to_owned());
        let sealed: HashMap<&str, Secret> = HashMap::from([
            ("secret://swingbridge/1", behind("encryptedFile:noop!v:clear")),
            ("secret://swingbridge/2", behind("encrypted:noop!v:path")),
        ]);
        let resolved = read
            .with_file_as_contents(|text| sealed.get(text))
            .resolved(|_| Ok::<_, Infallible>(Secret::new("it".to_owned())))
            .expect("infallible");
        serde_json::from_str::<serde_json::Value>(resolved.expose()).expect("JSON")
    };
    let contents = json!({"kubeconfigContents": "it", "context": "c"});
    assert_eq!(resolve("encryptedFile:k8s!n:kc!k:config"), contents);
    assert_eq!(resolve("secret://swingbridge/1"), contents);
    assert_eq!(resolve("secret://swingbridge/2"), json!({"kubeconfigFile": "it", "context": "c"}));
    assert_eq!(resolve("/kc"), json!({"kubeconfigFile": "/kc", "context": "c"}));
}

#[test]
fn the_noop_engine_is_a_value_and_not_a_reference() {
    assert!(is_reference("encrypted:s3!r:eu!b:x!f:y"));
    assert!(is_reference("secret://swingbridge/1"));
    assert!(!is_reference("encrypted:noop!v:hunter2"));
    assert!(!is_reference("/etc/kubeconfig"));
}

#[test]
fn a_reader_sees_references_and_no_value_at_any_depth() {
    let read = definition(json!({
        "kubeconfigContents": "apiVersion: v1",
        "kubeconfigFile": "encryptedFile:k8s!n:kc!k:config",
        "registry": {"password": "hunter2", "user": "u", "mirrors": [{"accessToken": "t"}]},
        "hint": "encrypted:noop!v:clear",
    }));
    assert_eq!(
        read.redacted(),
        json!({
            "kubeconfigContents": "(redacted)",
            "kubeconfigFile": "encryptedFile:k8s!n:kc!k:config",
            "registry": {"password": "(redacted)", "user": "u", "mirrors": [{"accessToken": "(redacted)"}]},
            "hint": "(redacted)",
        })
    );
}

#[test]
fn a_definition_does_not_print_its_values() {
    let printed = format!("{:?}", definition(json!({"kubeconfigContents": "hunter2"})));
    assert_eq!(printed, "{\"kubeconfigContents\"}");
}
