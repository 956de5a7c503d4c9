//! What is seen in a cluster: many namespaces, those that rules hide, and one that goes.

use anyhow::{Result, ensure};
use serde_json::json;
use tests_clusters::{Cluster, Rights};

use super::scene::{Scene, failure};
use super::with_real_clusters;

with_real_clusters!(
    five_hundred_namespaces_are_seen_and_one_that_is_deleted_is_not_any_more,
    who_may_not_list_namespaces_is_taken_with_those_that_are_declared,
    omitted_namespaces_are_not_told,
);

async fn five_hundred_namespaces_are_seen_and_one_that_is_deleted_is_not_any_more() -> Result<()> {
    let cluster = Cluster::start().await?;
    let names: Vec<String> = (0..500).map(|number| format!("team-{number:03}")).collect();
    cluster.create_namespaces(names.iter().map(String::as_str)).await?;
    let scene = Scene::start().await?;
    scene.hold("many", &cluster.kubeconfig()).await?;
    let there = cluster.namespaces().await?;
    scene.until_namespaces("many", |seen| seen == there).await?;
    cluster.delete_namespaces(["team-007"]).await?;
    let gone = |seen: &[String]| !seen.iter().any(|name| name == "team-007");
    let seen = scene.until_namespaces("many", gone).await?;
    ensure!(seen.len() == there.len() - 1, "{} of {}", seen.len(), there.len());
    Ok(())
}

async fn who_may_not_list_namespaces_is_taken_with_those_that_are_declared() -> Result<()> {
    let cluster = Cluster::start().await?;
    let within = Rights::ReadWithin(vec!["team-a".to_owned(), "team-b".to_owned()]);
    let team = cluster.service_account("team", &within).await?;
    let nobody = cluster.service_account("nobody", &Rights::Nothing).await?;
    let scene = Scene::start().await?;
    let kubeconfig = cluster.kubeconfig_of(team.credential()).to_string();
    let declared = json!({"namespaces": ["team-a", "team-b"]});
    scene.create_with("team", &kubeconfig, declared).await?;
    let answer = scene.want_active("team").await?;
    ensure!(answer.outcome("team") == Some("done"), "{answer:?}");
    scene.until_namespaces("team", |seen| seen == ["team-a", "team-b"]).await?;
    let answer = scene.activate("nobody", &cluster.kubeconfig_of(nobody.credential())).await?;
    let (code, text) = failure(&answer, "nobody")?;
    ensure!(code == "unauthorized", "{code}: {text}");
    ensure!(text.contains("namespaces"), "it does not say what may not be seen: {text}");
    Ok(())
}

async fn omitted_namespaces_are_not_told() -> Result<()> {
    let cluster = Cluster::start().await?;
    cluster.create_namespaces(["shown", "hidden"]).await?;
    let scene = Scene::start().await?;
    let omitted = json!({"omitNamespaces": ["hidden", "kube-system"]});
    scene.create_with("some", &cluster.kubeconfig().to_string(), omitted).await?;
    scene.want_active("some").await?;
    let shown = |seen: &[String]| seen.iter().any(|name| name == "shown");
    let seen = scene.until_namespaces("some", shown).await?;
    ensure!(!seen.iter().any(|name| name == "hidden" || name == "kube-system"), "{seen:?}");
    Ok(())
}
