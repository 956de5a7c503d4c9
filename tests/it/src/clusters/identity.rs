//! Which cluster it is: another certificate is a conflict until somebody accepts it, another cluster is refused.

use anyhow::{Result, ensure};
use serde_json::json;
use tests_clusters::{Cluster, Rights};

use super::scene::{Scene, fingerprint, trouble};
use super::with_real_clusters;

with_real_clusters!(
    another_certificate_is_a_conflict_until_it_is_accepted,
    another_cluster_at_the_same_address_is_not_taken_for_the_one_that_was_held,
);

async fn another_certificate_is_a_conflict_until_it_is_accepted() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let scene = Scene::start().await?;
    scene.hold("renewed", &cluster.kubeconfig()).await?;
    let before = cluster.fingerprint().to_owned();
    cluster.restart_with_new_certificate().await?;
    let conflict = |account: &serde_json::Value| Scene::of_agent(account)["conflict"] == true;
    let claimed = scene.until("renewed", "a conflict is told", conflict).await?;
    ensure!(claimed["status"] == "ACTIVE", "{claimed:#}");
    ensure!(fingerprint(&claimed) == before, "the row keeps what it had: {claimed:#}");
    scene.api().post("/armory/accounts/renewed/rebind?wait=60s", json!({})).await?.expect(200)?;
    let accepted =
        scene.until("renewed", "the conflict is over", |account| !conflict(account)).await?;
    ensure!(fingerprint(&accepted) == cluster.fingerprint(), "{accepted:#}");
    Ok(())
}

async fn another_cluster_at_the_same_address_is_not_taken_for_the_one_that_was_held() -> Result<()>
{
    let mut cluster = Cluster::start().await?;
    let reader = cluster.service_account("reader", &Rights::ReadEverything).await?;
    let scene = Scene::start().await?;
    let kubeconfig = cluster.kubeconfig_of(reader.credential());
    scene.hold("careful", &kubeconfig).await?;
    scene.hold("careless", &kubeconfig.insecure()).await?;
    cluster.replace_by_another_cluster().await?;
    for (name, code) in [("careful", "invalid-kubeconfig"), ("careless", "unauthorized")] {
        let after =
            scene.until(name, "it is not well", |account| account["healthy"] == false).await?;
        let (found, text) = trouble(&after);
        ensure!(found == code, "{name}: {found}: {text}");
        ensure!(after["status"] == "ACTIVE", "{after:#}");
    }
    Ok(())
}
