//! What a look shows of a cluster that answers, and what it says of credentials that are not taken.

use host_agent::Code;
use host_kubernetes::{KubernetesOptions, Pod};
use serde_json::json;

use super::scene::{Scene, good, inline};
use tests_harness::{ApiServer, Rights};

#[tokio::test]
async fn a_look_shows_identity_version_and_namespaces_and_leaves_no_connection_open() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let seen = scene.look(&good(&api)).await.unwrap();
    assert_eq!(seen.identity.host, format!("https://{}", api.address));
    assert_eq!(seen.identity.version, "v1.34.4");
    assert_eq!(seen.identity.fingerprint.len(), 95);
    assert_eq!(seen.namespaces.unwrap(), ["default", "dev", "kube-system"]);
    assert_eq!(api.connections(), 1, "a look is one connection");
    super::scene::soon(api.until_open(0)).await;
}

#[tokio::test]
async fn the_fingerprint_is_the_certificates_also_where_nobody_vouches_for_it() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let trusted = scene.look(&good(&api)).await.unwrap();
    let insecure = api.kubeconfig_without_ca("insecure-skip-tls-verify: true", "token: good");
    let insecure = scene.look(&inline(&insecure)).await.unwrap();
    assert_eq!(insecure.identity, trusted.identity);
    let mut by_definition = inline(&api.kubeconfig_without_ca("", "token: good"));
    let (code, text) = scene.refused(&by_definition).await;
    assert_eq!(code, Code::InvalidKubeconfig, "{text}");
    by_definition["insecure"] = json!(true);
    assert_eq!(scene.look(&by_definition).await.unwrap().identity, trusted.identity);
    api.renew(&["127.0.0.1"]);
    let renewed = scene.look(&good(&api)).await.unwrap();
    assert_ne!(renewed.identity.fingerprint, trusted.identity.fingerprint);
}

#[tokio::test]
async fn declared_namespaces_are_told_as_they_are_and_omitted_ones_are_not() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let mut definition = good(&api);
    definition["omitNamespaces"] = json!(["kube-system"]);
    let seen = scene.look(&definition).await.unwrap();
    assert_eq!(seen.namespaces.unwrap(), ["default", "dev"]);
    let mut definition = good(&api);
    definition["namespaces"] = json!(["dev", "prod"]);
    let seen = scene.look(&definition).await.unwrap();
    assert_eq!(seen.namespaces.unwrap(), ["dev", "prod"]);
}

#[tokio::test]
async fn namespaces_are_read_in_pages_and_no_more_than_ten_thousand() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.set_namespaces((0..600).map(|n| format!("ns-{n:05}")));
    let seen = scene.look(&good(&api)).await.unwrap();
    assert_eq!(seen.namespaces.unwrap().len(), 600);
    let pages = api.asked().iter().filter(|asked| asked.contains("/namespaces?")).count();
    assert_eq!(pages, 3);
    api.set_namespaces((0..10_200).map(|n| format!("ns-{n:05}")));
    let seen = scene.look(&good(&api)).await.unwrap();
    assert_eq!(seen.namespaces.unwrap().len(), 10_000);
}

#[tokio::test]
async fn credentials_of_each_kind_are_shown_and_those_that_are_not_taken_are_named() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let (certificate, key) = api.authority.client();
    let user = format!("client-certificate-data: {certificate}\nclient-key-data: {key}");
    assert!(scene.look(&inline(&api.kubeconfig("", &user))).await.is_ok());
    let refused = |user: &'static str| scene_refused(&scene, &api, user);
    insta::assert_snapshot!(refused("token: hunter2").await, @"Unauthorized: https://127.0.0.1:PORT does not know who asks: it does not take the token (401); give the account new credentials, or see whether they are of another cluster");
    insta::assert_snapshot!(refused("username: me\npassword: hunter2").await, @"Unauthorized: https://127.0.0.1:PORT does not know who asks: it does not take the user and password (401); give the account new credentials, or see whether they are of another cluster");
    // {"exp":1000000000}
    insta::assert_snapshot!(refused("token: h.eyJleHAiOjEwMDAwMDAwMDB9.s").await, @"Unauthorized: https://127.0.0.1:PORT does not know who asks: it does not take the token (401): it expired at 2001-09-09T01:46:40Z; give the account new credentials, or see whether they are of another cluster");
    assert!(refused("{}").await.contains("has no credentials"));
}

async fn scene_refused(scene: &Scene, api: &ApiServer, user: &str) -> String {
    let (code, text) = scene.refused(&inline(&api.kubeconfig("", user))).await;
    format!("{code:?}: {text}")
}

#[tokio::test]
async fn where_namespaces_are_hidden_the_known_ones_are_told_if_anything_may_be_seen_there() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.grant("dev", Rights::only_in("dev"));
    let config = api.kubeconfig("", "token: dev");
    let mut definition = inline(&config);
    definition["namespaces"] = json!(["prod", "dev"]);
    let seen = scene.look(&definition).await.unwrap();
    assert_eq!(seen.namespaces.unwrap(), ["dev", "prod"]);
    let in_dev = config.replace("user: u}", "user: u, namespace: dev}");
    assert_eq!(scene.look(&inline(&in_dev)).await.unwrap().namespaces.unwrap(), ["dev"]);
    let (code, text) = scene.refused(&inline(&config)).await;
    assert_eq!(code, Code::Unauthorized);
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT takes the token, and lets nothing be seen with it: neither the list of namespaces nor anything in default; grant it a role such as `view`, or name namespaces that it may see in `namespaces`");
    let mut unchecked = inline(&config);
    unchecked["checkPermissionsOnStartup"] = json!(false);
    assert_eq!(scene.look(&unchecked).await.unwrap().namespaces.unwrap(), ["default"]);
}

#[tokio::test]
async fn of_many_declared_namespaces_it_is_said_how_many_were_tried() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.grant("dev", Rights::only_in("dev"));
    let mut definition = inline(&api.kubeconfig("", "token: dev"));
    let others = (0..10).map(|n| format!("ns-{n}"));
    definition["namespaces"] = others.chain(["dev".to_owned()]).collect();
    let (code, text) = scene.refused(&definition).await;
    assert_eq!(code, Code::Unauthorized);
    assert!(text.contains("the first 10 of 11 in `namespaces` were tried"), "{text}");
}

#[tokio::test]
async fn the_agents_own_kubeconfig_counts_before_the_accounts() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let mut definition = inline(&api.kubeconfig("", "token: hunter2"));
    assert_eq!(scene.refused(&definition).await.0, Code::Unauthorized);
    definition["kubeconfigAgent"] = json!(api.kubeconfig("", "token: good"));
    assert!(scene.look(&definition).await.is_ok());
}

#[tokio::test]
async fn a_certificate_that_cannot_be_trusted_says_what_to_mend() {
    let (api, other, scene) = (ApiServer::start().await, ApiServer::start().await, Scene::new());
    let wrong = format!("certificate-authority-data: {}", other.authority.data());
    let wrong = inline(&api.kubeconfig_without_ca(&wrong, "token: good"));
    let (code, text) = scene.refused(&wrong).await;
    assert_eq!(code, Code::InvalidKubeconfig);
    insta::assert_snapshot!(text, @"the certificate of https://127.0.0.1:PORT is signed by nobody whom the kubeconfig trusts: another cluster answers there, or its certificate authority has changed; see certificate-authority-data");

    api.renew(&["api.example.com"]);
    let (code, text) = scene.refused(&good(&api)).await;
    assert_eq!(code, Code::InvalidKubeconfig);
    insta::assert_snapshot!(text, @"the certificate of https://127.0.0.1:PORT is for another name; set server to a name that stands in it, or set tls-server-name");
    let named = api.kubeconfig("tls-server-name: api.example.com", "token: good");
    assert!(scene.look(&inline(&named)).await.is_ok());

    api.renew(&["127.0.0.1"]);
    // 2030 is past.
    scene.clock.advance(4 * 366 * 86_400_000);
    let (code, text) = scene.refused(&good(&api)).await;
    assert_eq!(code, Code::Unreachable);
    insta::assert_snapshot!(text, @"the certificate of https://127.0.0.1:PORT has expired; renew it there, or see the clock of this agent");
}

#[tokio::test]
async fn the_pods_own_account_reaches_the_cluster_of_the_pod() {
    let (api, folder) = (ApiServer::start().await, tempfile::tempdir().unwrap());
    std::fs::write(folder.path().join("token"), "good\n").unwrap();
    std::fs::write(folder.path().join("ca.crt"), api.authority.pem()).unwrap();
    let pod = Pod {
        host: "127.0.0.1".into(),
        port: api.address.port(),
        namespace: "default".into(),
        folder: folder.path().into(),
    };
    let options = KubernetesOptions { pod: Some(pod), ..KubernetesOptions::default() };
    let definition = json!({ "serviceAccount": true });
    assert!(Scene::with(options).look(&definition).await.is_ok());
    let (code, text) = Scene::new().refused(&definition).await;
    assert_eq!(code, Code::InvalidKubeconfig);
    assert!(text.contains("runs in no pod"), "{text}");
}
