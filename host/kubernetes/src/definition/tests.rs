//! Which attributes count, and what is said of those that cannot be used.

use host_agent::{Code, Definition};

use super::{Source, read};
use crate::exceptions::Direct;
use crate::files::Named;

fn fault(json: &str) -> String {
    let refusal = read(&Definition::new(json)).unwrap_err();
    assert_eq!(refusal.code, Code::InvalidKubeconfig);
    refusal.text
}

#[test]
fn the_first_way_that_is_given_counts_as_for_clouddriver() {
    let source = |json: &str| read(&Definition::new(json)).unwrap().source;
    let all = r#"{"serviceAccount":true,"kubeconfigFile":"/k","kubeconfigContents":"c"}"#;
    assert!(matches!(source(all), Source::Pod));
    let two = r#"{"serviceAccount":false,"kubeconfigFile":"/k","kubeconfigContents":"c"}"#;
    assert!(
        matches!(source(two), Source::File(file) if file == Named::read("kubeconfigFile", "/k").unwrap())
    );
    let one = r#"{"kubeconfigFile":"","kubeconfigContents":"c","liveManifestCalls":true}"#;
    assert!(matches!(source(one), Source::Contents(contents) if *contents == "c"));
    assert!(fault("{}").contains("give kubeconfigContents"));
}

#[test]
fn a_fault_names_its_attribute_and_shows_no_value() {
    assert!(fault("[]").contains("no JSON object"));
    let text = fault(r#"{"kubeconfigContents":{"token":"hunter2"}}"#);
    assert!(text.contains("kubeconfigContents") && !text.contains("hunter2"), "{text}");
    assert!(fault(r#"{"kubeconfigContents":"c","namespaces":"a"}"#).contains("namespaces"));
    assert!(fault(r#"{"kubeconfigContents":"c","serviceAccount":"yes"}"#).contains("neither"));
    let both = r#"{"kubeconfigContents":"c","namespaces":["a"],"omitNamespaces":["b"]}"#;
    assert!(fault(both).contains("keep one"));
}

#[test]
fn permissions_are_checked_unless_the_definition_says_no() {
    let must_see = |json: &str| read(&Definition::new(json)).unwrap().wanted.must_see;
    assert!(must_see(r#"{"kubeconfigContents":"c"}"#));
    assert!(!must_see(r#"{"kubeconfigContents":"c","checkPermissionsOnStartup":false}"#));
}

#[test]
fn what_may_be_secret_does_not_print() {
    for field in ["kubeconfigContents", "kubeconfigFile", "kubeconfigAgent"] {
        let written = read(&Definition::new(format!(r#"{{"{field}":"hunter2"}}"#))).unwrap();
        assert!(!format!("{written:?}").contains("hunter2"), "{field}: {written:?}");
    }
}

#[test]
fn contents_in_the_field_of_a_file_are_refused_and_not_shown() {
    for contents in ["apiVersion: v1\nhunter2", r#"{"hunter2":1}"#] {
        let text = fault(&serde_json::json!({ "kubeconfigFile": contents }).to_string());
        assert!(text.contains("kubeconfigContents") && !text.contains("hunter2"), "{text}");
    }
}

#[test]
fn a_namespace_that_cannot_be_is_refused_by_its_place_and_not_shown() {
    let long = "x".repeat(64);
    for odd in ["dev ", "", " ", "Dev", "a.b", "-a", "a\tb", "\u{e4}", &long] {
        for key in ["namespaces", "omitNamespaces"] {
            let json = serde_json::json!({ "kubeconfigContents": "c", key: ["dev", odd] });
            let text = fault(&json.to_string());
            assert!(text.starts_with(&format!("entry 2 of {key} ")), "{odd:?}: {text}");
        }
    }
    let json = r#"{"kubeconfigContents":"c","namespaces":["dev","kube-system"]}"#;
    let written = read(&Definition::new(json)).unwrap();
    assert_eq!(written.wanted.declared, ["dev", "kube-system"]);
}

#[test]
fn the_agents_own_kubeconfig_counts_before_every_other_way() {
    let source = |own: &str| {
        let all = serde_json::json!({
            "serviceAccount": true, "kubeconfigFile": "/k", "kubeconfigContents": "c", "kubeconfigAgent": own,
        });
        read(&Definition::new(all.to_string())).unwrap().source
    };
    assert!(matches!(source("a:\n- b"), Source::Contents(own) if *own == "a:\n- b"));
    assert!(matches!(source("{}"), Source::Contents(own) if *own == "{}"));
    let file = Named::read("kubeconfigAgent", "/own").unwrap();
    assert!(matches!(source("/own"), Source::File(own) if own == file));
    assert!(matches!(source(" "), Source::Pod));
}

#[test]
fn insecure_and_no_proxy_are_read() {
    let exceptions = |more: &str| {
        let json = format!(r#"{{"kubeconfigContents":"c"{more}}}"#);
        read(&Definition::new(json)).unwrap().exceptions
    };
    assert!(!exceptions("").insecure && exceptions("").direct == Direct::None);
    let both = exceptions(r#","insecure":true,"noProxy":"api""#);
    assert!(both.insecure && both.direct == Direct::Of("api".into()));
    assert!(fault(r#"{"kubeconfigContents":"c","insecure":1}"#).contains("insecure"));
    assert!(fault(r#"{"kubeconfigContents":"c","noProxy":1}"#).contains("noProxy"));
}
