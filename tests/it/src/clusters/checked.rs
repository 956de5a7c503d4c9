//! `swingbridge accounts check NAME`: whether an account's cluster can be reached, without activating it.

use anyhow::{Context as _, Result, ensure};
use tests_clusters::{Cluster, Options};

use super::scene::Scene;
use super::with_real_clusters;
use crate::shell::{Said, accounts};

with_real_clusters!(
    a_check_shows_a_cluster_of_an_account_that_nobody_holds_and_activates_nothing,
    a_check_says_what_is_wrong_with_an_account_and_changes_nothing_that_is_held,
);

async fn check(scene: &Scene, name: &str) -> Result<Said> {
    accounts(scene.api(), &["check", name, "--wait", "60s"]).await
}

async fn a_check_shows_a_cluster_of_an_account_that_nobody_holds_and_activates_nothing()
-> Result<()> {
    let cluster = Cluster::start().await?;
    let scene = Scene::start().await?;
    scene.create("asked", &cluster.kubeconfig()).await?;
    let said = check(&scene, "asked").await?;
    ensure!((said.code, said.complaint.as_str()) == (Some(0), ""), "{}", said.complaint);
    let line = said.out.lines().nth(1).context("one agent")?;
    for cell in ["agent-a  done", "v1.", &cluster.url()] {
        ensure!(line.contains(cell), "{cell} is missing in {line}");
    }
    let account = scene.account("asked").await?;
    ensure!(account["status"] == "INACTIVE" && account["connections"] == 0, "{account:#}");
    Ok(())
}

async fn a_check_says_what_is_wrong_with_an_account_and_changes_nothing_that_is_held() -> Result<()>
{
    let mut clusters = Cluster::start_many(2, Options::default()).await?;
    // It looks by itself so seldom that only a check can notice anything.
    let scene = Scene::start_with(&["--agent-health-every", "1h"]).await?;
    let (held, dead) = (&clusters[0].kubeconfig(), &clusters[1].kubeconfig());
    scene.activate("held", held).await?;
    scene.create("dead", dead).await?;
    clusters[0].kill()?;
    clusters[1].kill()?;
    for (name, address) in [("held", clusters[0].address()), ("dead", clusters[1].address())] {
        let said = check(&scene, name).await?;
        ensure!(said.code == Some(1), "{}", said.out);
        ensure!(said.complaint.contains("unreachable"), "{}", said.complaint);
        ensure!(said.complaint.contains(&address.to_string()), "{}", said.complaint);
    }
    let account = scene.account("held").await?;
    ensure!(account["status"] == "ACTIVE" && account["connections"] == 1, "{account:#}");
    Ok(())
}
