//! The story with real clusters: two are held and watched, and one of them is stopped, started, and given another
//! certificate.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use reqwest::Method;
use serde_json::{Value as Json, json};

use super::clusters::Clusters;
use super::health::{self, Sight};
use super::narrate::{self, scene};
use super::proof::check;
use super::stage::{EU, Stage, US};
use super::watch::Watch;
use crate::cli::output::write;

/// On the first cluster, in zone eu.
const CALM: &str = "shop-eu";
/// On the second, in zone us: the one that things happen to.
const TROUBLED: &str = "shop-us";
/// Its token is nobody's.
const STRANGER: &str = "wrong-token";
/// Its kubeconfig chooses a context that is not in it.
const MISSPELT: &str = "wrong-context";

/// How long it may take until they are created.
const CREATED: Duration = Duration::from_secs(30);

/// Somebody is watching: an agent looks every other second, where once in half a minute is enough elsewhere.
pub(crate) fn agent_flags() -> Vec<String> {
    vec!["--agent-health-every=2s".to_owned()]
}

/// Tells it.
///
/// # Errors
/// What is not as it should be.
pub(crate) async fn tell(stage: &Stage, clusters: &Clusters) -> Result<()> {
    let mut watch = Watch::default();
    activate(stage, clusters, &mut watch).await?;
    stop_and_start(stage, clusters).await?;
    renew(stage, clusters).await?;
    write(narrate::NEXT_WITH_CLUSTERS)
}

/// Four accounts: two are good, two cannot be, and each says why.
async fn activate(stage: &Stage, clusters: &Clusters, watch: &mut Watch) -> Result<()> {
    write(&scene(
        1,
        "Four accounts",
        &format!(
            "{CALM} and {TROUBLED} are kubeconfigs of two clusters. {STRANGER} is the second one with a token that is \
             nobody's, and {MISSPELT} chooses a context that is not in it. We create all of them (POST \
             /armory/accounts/dynamic) and want all of them ACTIVE (PATCH /armory/accounts)."
        ),
    ))?;
    let (first, second) = (clusters.kubeconfig(1)?, clusters.kubeconfig(2)?);
    let wanted = [
        (CALM, EU.zone, first),
        (TROUBLED, US.zone, second.clone()),
        (STRANGER, US.zone, with_line(&second, "token", "nobodys-token")?),
        (MISSPELT, US.zone, with_line(&second, "current-context", "misspelt")?),
    ];
    let names: Vec<&str> = wanted.iter().map(|(name, ..)| *name).collect();
    let create = |(name, zone, kubeconfig)| json!({"name": name, "zoneId": zone, "kubeconfigContents": kubeconfig});
    let accounts: Vec<Json> = wanted.into_iter().map(create).collect();
    let client = &stage.client;
    let path = ["armory", "accounts", "dynamic"];
    client.send(client.waiting(Method::POST, &path, &[], CREATED).json(&accounts)).await?;
    let active: Vec<Json> =
        names.iter().map(|name| json!({"name": name, "state": "ACTIVE"})).collect();
    let request = client.call(Method::PATCH, &["armory", "accounts"], &[]);
    client.send(request.json(&active)).await?;
    watch
        .until(client, "two accounts ACTIVE and two FAILED", |watch| {
            watch.in_state("ACTIVE") == 2 && watch.in_state("FAILED") == 2
        })
        .await?;
    let failed = |name: &str| watch.accounts().get(name).is_some_and(|seen| seen.state == "FAILED");
    check(
        failed(STRANGER) && failed(MISSPELT),
        "the two that cannot be say what is wrong with them, and hold up neither of the others",
    )?;
    for name in [CALM, TROUBLED] {
        let seen = well(stage, name, "its cluster answers").await?;
        check(
            seen.version.starts_with("v1.") && seen.host.starts_with("https://"),
            &format!(
                "{name} is {} at {}, with {} namespaces",
                seen.version, seen.host, seen.namespaces
            ),
        )?;
    }
    // Otherwise the bridge would go on trying them by itself.
    let request = client.call(Method::DELETE, &["armory", "accounts"], &[]);
    client.send(request.json(&[STRANGER, MISSPELT])).await?;
    watch.until(client, "those two removed", |watch| watch.accounts().len() == 2).await
}

/// The second cluster goes, and comes back.
async fn stop_and_start(stage: &Stage, clusters: &Clusters) -> Result<()> {
    write(&scene(
        2,
        "Stopped and started",
        &format!("We stop the second API server. {} looks at it every other second.", US.id),
    ))?;
    clusters.have_done("stop", 2).await?;
    let gone = |sight: &Sight| sight.healthy == Some(false);
    let seen = health::until(&stage.client, TROUBLED, "the loss", gone).await?;
    check(
        !seen.why.is_empty() && seen.state == "ACTIVE",
        "the loss is told with its reason; the account stays where it is",
    )?;
    let other = health::look(&stage.client, CALM).await?;
    check(
        other.is_some_and(|sight| sight.healthy == Some(true)),
        &format!("{CALM} noticed nothing of it"),
    )?;
    write("\n   We start it again.")?;
    clusters.have_done("start", 2).await?;
    let back = well(stage, TROUBLED, "the return").await?;
    check(back.fingerprint == seen.fingerprint, "it is back, and is the same cluster as before")
}

/// The second cluster shows another certificate.
async fn renew(stage: &Stage, clusters: &Clusters) -> Result<()> {
    write(&scene(
        3,
        "Another certificate",
        "We give the second API server another certificate of the same authority. That may be a renewal, or somebody else's \
         server: the bridge does not guess. It records the claim, changes nothing, and waits for somebody to accept it (POST \
         /armory/accounts/NAME/rebind).",
    ))?;
    clusters.have_done("renew", 2).await?;
    let claimed = |sight: &Sight| sight.conflict;
    let seen = health::until(&stage.client, TROUBLED, "the claim", claimed).await?;
    check(seen.state == "ACTIVE", "the claim is recorded, and the account stays where it is")?;
    let path = ["armory", "accounts", TROUBLED, "rebind"];
    stage.client.send(stage.client.call(Method::POST, &path, &[])).await?;
    let accepted = |sight: &Sight| !sight.conflict;
    let after = health::until(&stage.client, TROUBLED, "the end of it", accepted).await?;
    check(after.fingerprint == seen.fingerprint, "the new certificate is the recorded one now")
}

/// Waits until the cluster of an account answers.
async fn well(stage: &Stage, account: &str, what: &str) -> Result<Sight> {
    let answers = |sight: &Sight| sight.healthy == Some(true);
    health::until(&stage.client, account, what, answers).await
}

/// A kubeconfig in which another value stands behind a key that it has once.
fn with_line(kubeconfig: &str, key: &str, value: &str) -> Result<String> {
    let begins = format!("{key}: ");
    let is = |line: &&str| line.trim_start().starts_with(&begins);
    ensure!(kubeconfig.lines().filter(is).count() == 1, "the kubeconfig has not one {key}");
    let line = kubeconfig.lines().find(is).context("it has been counted")?;
    let indent = &line[..line.len() - line.trim_start().len()];
    Ok(kubeconfig.replace(line, &format!("{indent}{begins}{value}")))
}

#[cfg(test)]
mod tests {
    use super::with_line;

    #[test]
    fn one_line_of_a_kubeconfig_is_replaced_where_it_stands() {
        let text = "current-context: a\nusers:\n- name: a\n  user:\n    token: b\n";
        let other = with_line(text, "token", "c").unwrap();
        assert_eq!(other, "current-context: a\nusers:\n- name: a\n  user:\n    token: c\n");
        assert!(with_line(text, "absent", "c").is_err());
    }
}
