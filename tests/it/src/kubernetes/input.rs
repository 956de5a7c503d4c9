//! A kubeconfig is input and not trusted code: files and commands that it names, and what it cannot do.

use std::os::unix::fs::{PermissionsExt as _, symlink};

use host_agent::Code;
use serde_json::json;

use super::scene::{Scene, inline};
use tests_harness::ApiServer;

#[tokio::test]
async fn files_are_read_under_the_root_only() {
    let (api, folder) = (ApiServer::start().await, tempfile::tempdir().unwrap());
    let (root, outside) = (folder.path().join("root"), folder.path().join("outside"));
    std::fs::create_dir_all(&root).unwrap();
    std::fs::create_dir_all(&outside).unwrap();
    for place in [&root, &outside] {
        std::fs::write(place.join("ca"), api.authority.pem()).unwrap();
        std::fs::write(place.join("token"), "good").unwrap();
        std::fs::write(place.join("config"), api.kubeconfig("", "token: good")).unwrap();
    }
    symlink(outside.join("token"), root.join("link")).unwrap();
    let scene = Scene::allowing(&root, "none");
    let config = |ca: &str, token: &str| {
        let cluster = format!("certificate-authority: {ca}");
        inline(&api.kubeconfig_without_ca(&cluster, &format!("tokenFile: {token}")))
    };
    let at = |name: &str| outside.join(name).display().to_string();
    assert!(scene.look(&config("ca", "token")).await.is_ok());
    assert!(scene.look(&json!({ "kubeconfigFile": "config" })).await.is_ok());
    for (definition, field) in [
        (config(&at("ca"), "token"), "certificate-authority"),
        (config("../outside/ca", "token"), "certificate-authority"),
        (config("ca", "link"), "tokenFile"),
        (json!({ "kubeconfigFile": at("config") }), "kubeconfigFile"),
    ] {
        let (code, text) = scene.refused(&definition).await;
        assert_eq!(code, Code::InvalidKubeconfig);
        assert!(text.contains("not under agent.files.root") && text.contains(field), "{text}");
    }
    let (_, text) = Scene::new().refused(&config("ca", "token")).await;
    assert!(text.contains("this agent reads none"), "{text}");
}

#[tokio::test]
async fn paths_in_a_file_begin_at_its_folder_and_end_under_the_root() {
    let (api, folder) = (ApiServer::start().await, tempfile::tempdir().unwrap());
    let root = folder.path().join("root");
    std::fs::create_dir_all(root.join("eu")).unwrap();
    std::fs::write(folder.path().join("ca"), api.authority.pem()).unwrap();
    std::fs::write(root.join("eu/ca"), api.authority.pem()).unwrap();
    std::fs::write(root.join("token"), "good").unwrap();
    let write = |ca: &str| {
        let cluster = format!("certificate-authority: {ca}");
        let config = api.kubeconfig_without_ca(&cluster, "tokenFile: ../token");
        std::fs::write(root.join("eu/config"), config).unwrap();
    };
    let scene = Scene::allowing(&root, "none");
    let definition = json!({ "kubeconfigFile": "eu/config" });
    write("ca");
    assert!(scene.look(&definition).await.is_ok());
    write("../../ca");
    let (_, text) = scene.refused(&definition).await;
    assert!(text.contains("certificate-authority names a file that is not under"), "{text}");
}

#[tokio::test]
async fn a_files_token_is_read_anew_for_every_look() {
    let (api, folder) = (ApiServer::start().await, tempfile::tempdir().unwrap());
    let scene = Scene::allowing(folder.path(), "none");
    let definition = inline(&api.kubeconfig("", "tokenFile: token\ntoken: stale"));
    std::fs::write(folder.path().join("token"), "hunter2").unwrap();
    assert_eq!(scene.refused(&definition).await.0, Code::Unauthorized);
    std::fs::write(folder.path().join("token"), "good").unwrap();
    assert!(scene.look(&definition).await.is_ok());
}

#[tokio::test]
async fn a_command_runs_only_if_it_is_named_and_a_token_that_is_not_taken_is_fetched_anew() {
    let (api, folder) = (ApiServer::start().await, tempfile::tempdir().unwrap());
    let command = folder.path().join("give").display().to_string();
    let give = |token: &str| {
        let credential = json!({ "kind": "ExecCredential", "status": { "token": token } });
        let script = format!("#!/bin/sh\necho ran >> {command}.log\necho '{credential}'\n");
        std::fs::write(&command, script).unwrap();
        std::fs::set_permissions(&command, std::fs::Permissions::from_mode(0o755)).unwrap();
    };
    let ran =
        || std::fs::read_to_string(format!("{command}.log")).unwrap_or_default().lines().count();
    let definition =
        inline(&api.kubeconfig("", &format!("exec:\n  command: {command}\n  args: [a]")));
    give("good");
    let (code, text) = Scene::new().refused(&definition).await;
    assert_eq!((code, ran()), (Code::InvalidKubeconfig, 0));
    assert!(text.contains("agent.exec.allow does not name it"), "{text}");
    let scene = Scene::allowing(folder.path(), &command);
    assert!(scene.look(&definition).await.is_ok());
    assert!(scene.look(&definition).await.is_ok());
    assert_eq!(ran(), 1);
    api.revoke("good");
    api.grant("next", tests_harness::Rights::all());
    give("next");
    assert_eq!(scene.refused(&definition).await.0, Code::Unauthorized);
    assert!(scene.look(&definition).await.is_ok());
    assert_eq!(ran(), 2);
}

#[tokio::test]
async fn definitions_that_a_stock_clouddriver_lists_as_enabled_are_refused_with_a_sentence() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let config = api.kubeconfig("", "token: good");
    let mut context = inline(&config);
    context["context"] = json!("prod");
    let bomb = format!(
        "a: &a [{}]\nb: &b [{}]\ncontexts: [{}]",
        "x,".repeat(5_000),
        "*a,".repeat(5_000),
        "*b,".repeat(5_000)
    );
    let provider = api.kubeconfig("", "auth-provider: {name: gcp}");
    let mut blank = inline(&config);
    blank["namespaces"] = json!(["dev "]);
    for (definition, said) in [
        (inline("this is no kubeconfig: ["), "cannot be read"),
        (inline("garbage"), "cannot be read"),
        (inline(&bomb), "cannot be read"),
        (inline("{}"), "no current-context"),
        (context, "has no context prod; it has: it"),
        (inline(&provider), "the auth-provider gcp"),
        (inline(&config.replace("https://", "http://")), "only https shows who answers"),
        (inline(&config.replace(&api.url(), "ftp://elsewhere")), "only https"),
        (json!({}), "give kubeconfigContents"),
        (json!({ "kubeconfigFile": "/etc/kubernetes/admin.conf" }), "this agent reads none"),
        (json!({ "kubeconfigFile": "token: hunter2\n" }), "kubeconfigFile takes the path"),
        (inline(&config.replace("user: u}", "user: u, namespace: 'dev '}")), "the namespace of"),
        (blank, "entry 1 of namespaces"),
    ] {
        let (code, text) = scene.refused(&definition).await;
        assert_eq!(code, Code::InvalidKubeconfig, "{text}");
        assert!(text.contains(said), "{said}: {text}");
    }
    assert_eq!(api.connections(), 0, "nobody was asked");
}
