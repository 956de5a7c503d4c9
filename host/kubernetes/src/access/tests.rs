//! Which way is chosen, and what of a kubeconfig is refused.

use host_agent::Code;

use super::{Access, Place, Trust, choose};
use crate::files::{Files, Named};
use crate::kubeconfig::read;
use crate::options::ExecRules;

fn chosen(text: &str, context: Option<&str>) -> Result<Access, String> {
    let rules = ExecRules { allow: vec!["aws".into()], env: vec!["AWS_PROFILE".into()] };
    choose(read(text).unwrap(), context, &Files::under(None), &rules).map_err(|refusal| {
        assert_eq!(refusal.code, Code::InvalidKubeconfig);
        refusal.text
    })
}

/// A kubeconfig with one of everything, and what is said of its cluster and its user.
fn one(cluster: &str, user: &str) -> String {
    format!(
        "current-context: a\ncontexts: [{{name: a, context: {{cluster: c, user: u}}}}, {{name: b, context: {{}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://api:6443'{cluster}}}}}]\n\
         users: [{{name: u, user: {{{user}}}}}]\n"
    )
}

#[test]
fn the_definitions_context_counts_before_the_current_one() {
    assert_eq!(chosen(&one("", ""), None).unwrap().server.identity(), "https://api:6443");
    let text = chosen(&one("", ""), Some("b")).unwrap_err();
    assert_eq!(text, "the context b of the kubeconfig names no cluster");
    let text = chosen(&one("", ""), Some("prod")).unwrap_err();
    assert_eq!(text, "the kubeconfig has no context prod; it has: a, b");
    let text = chosen("contexts: [{name: x}]", None).unwrap_err();
    assert!(text.contains("set context to one of: x"), "{text}");
    let text = chosen("contexts: [{name: x, context: {cluster: gone}}]", Some("x")).unwrap_err();
    assert_eq!(text, "the kubeconfig has no cluster gone; it has: none");
}

#[test]
fn exec_is_refused_unless_allowed_by_name_and_auth_providers_always() {
    let text = chosen(&one("", "exec: {command: /bin/sh, args: [-c, hunter2]}"), None);
    let text = text.unwrap_err();
    assert!(text.contains("/bin/sh") && text.contains("agent.exec.allow"), "{text}");
    assert!(!text.contains("hunter2"), "{text}");
    assert!(chosen(&one("", "exec: {command: aws, args: [eks]}"), None).is_ok());
    let text = chosen(&one("", "auth-provider: {name: gcp, config: {cmd-path: /x}}"), None);
    assert!(text.unwrap_err().contains("the auth-provider gcp"));
}

#[test]
fn who_vouches_for_the_server_is_said_once() {
    let trust = |cluster: &str| chosen(&one(cluster, ""), None).map(|access| access.trust);
    assert!(matches!(trust("").unwrap(), Trust::System));
    assert!(matches!(trust(", insecure-skip-tls-verify: true").unwrap(), Trust::Nobody));
    let Trust::Given(Place::File(file)) = trust(", certificate-authority: /ca").unwrap() else {
        panic!("no file")
    };
    assert_eq!(file, Named::read("certificate-authority", "/ca").unwrap());
    let data = trust(", certificate-authority: /ca, certificate-authority-data: Y2E=").unwrap();
    assert!(matches!(data, Trust::Given(Place::Here(data)) if **data == *b"ca"));
    let both = trust(", insecure-skip-tls-verify: true, certificate-authority: /ca");
    assert!(both.unwrap_err().contains("keep the latter"));
    assert!(trust(", certificate-authority-data: '%%'").unwrap_err().contains("no Base64"));
}

#[test]
fn a_certificate_without_its_key_is_refused() {
    let text = chosen(&one("", "client-certificate-data: Y2E="), None).unwrap_err();
    assert!(text.contains("no client-key"), "{text}");
    let text = chosen(&one("", "client-key: /k"), None).unwrap_err();
    assert!(text.contains("no client-certificate"), "{text}");
}

#[test]
fn an_access_does_not_print_its_secrets() {
    let user = "token: hunter2, username: me, password: hunter2, client-key-data: aHVudGVyMg==, \
                client-certificate-data: aHVudGVyMg==";
    let access = chosen(&one(", proxy-url: 'http://me:hunter2@p'", user), None).unwrap();
    let printed = format!("{access:?}");
    assert!(!printed.contains("hunter2") && !printed.contains("104, 117"), "{printed}");
}

#[test]
fn a_namespace_that_cannot_be_is_refused_and_none_is_the_default() {
    let namespace = |text: &str| {
        let config = one("", "").replace("user: u}}", &format!("user: u, namespace: '{text}'}}}}"));
        chosen(&config, None).map(|access| access.namespace)
    };
    assert_eq!(namespace("dev").unwrap(), "dev");
    assert_eq!(namespace("").unwrap(), "default");
    for odd in ["dev ", " ", "Dev", &"x".repeat(64)] {
        let text = namespace(odd).unwrap_err();
        assert!(text.contains("the namespace of the context a"), "{odd:?}: {text}");
    }
}

#[test]
fn groups_and_the_like_without_a_user_to_act_as_are_refused() {
    assert!(chosen(&one("", "as: me, as-groups: [dev], as-uid: '7'"), None).is_ok());
    let empty = "as: '', as-groups: [], as-uid: '', as-user-extra: {}";
    assert!(chosen(&one("", empty), None).is_ok());
    for odd in ["as-groups: [dev]", "as-uid: '7'", "as-user-extra: {a: [b]}", "as: '', as-uid: x"] {
        assert!(chosen(&one("", odd), None).unwrap_err().contains("no `as`"), "{odd}");
    }
}

#[test]
fn contents_in_the_place_of_a_path_are_refused_and_not_shown() {
    for (cluster, user) in [
        (", certificate-authority: '{hunter2}'", ""),
        ("", "tokenFile: '{hunter2}'"),
        ("", "client-certificate: '{hunter2}', client-key: a"),
    ] {
        let text = chosen(&one(cluster, user), None).unwrap_err();
        assert!(text.contains("takes the path") && !text.contains("hunter2"), "{text}");
    }
    let access = chosen(&one("", "tokenFile: hunter2"), None).unwrap();
    assert!(!format!("{access:?}").contains("hunter2"));
}
