//! Who is let in, what they may see, and how that ends.

use std::time::Duration;

use anyhow::Result;
use tests_clusters::{Cluster, Credential, Options, Rights, skipped};
use tokio::time::{sleep, timeout};

use super::{MOMENT, status};

const NAMESPACES: &str = "/api/v1/namespaces";
const HOUR: Duration = Duration::from_secs(3_600);

/// Waits until a list is answered with a status: rules are read from a watch.
async fn comes_to(
    cluster: &Cluster,
    credential: Credential,
    path: &str,
    wanted: u16,
) -> Result<()> {
    let kubeconfig = cluster.kubeconfig_of(credential);
    let until = timeout(5 * MOMENT, async {
        while status(&kubeconfig, path).await? != Some(wanted) {
            sleep(MOMENT / 100).await;
        }
        anyhow::Ok(())
    });
    until.await?
}

async fn sees(cluster: &Cluster, credential: Credential) -> Result<Option<u16>> {
    status(&cluster.kubeconfig_of(credential), NAMESPACES).await
}

#[tokio::test]
async fn who_shows_something_that_is_no_good_is_not_let_in() -> Result<()> {
    if skipped("who_shows_something_that_is_no_good_is_not_let_in").await? {
        return Ok(());
    }
    let [cluster, other] =
        <[Cluster; 2]>::try_from(Cluster::start_many(2, Options::default()).await?)
            .expect("two were asked for");
    let all = &Rights::ReadEverything;
    let account = cluster.service_account("reader", all).await?;
    let stranger = other.service_account("reader", all).await?;
    comes_to(&cluster, account.credential(), NAMESPACES, 200).await?;
    assert_eq!(sees(&cluster, cluster.short_token(&account, HOUR)?).await?, Some(200));
    assert_eq!(sees(&cluster, cluster.expired_token(&account, HOUR)?).await?, Some(401));
    assert_eq!(sees(&cluster, stranger.credential()).await?, Some(401));
    assert_eq!(sees(&cluster, cluster.expired_user("somebody")?).await?, Some(401));
    assert_eq!(sees(&cluster, Credential::None).await?, Some(403));
    let mistrusted = cluster.kubeconfig().trusting(other.authority());
    assert_eq!(status(&mistrusted, NAMESPACES).await?, None);
    Ok(())
}

#[tokio::test]
async fn who_has_rights_within_a_namespace_does_not_learn_of_others() -> Result<()> {
    if skipped("who_has_rights_within_a_namespace_does_not_learn_of_others").await? {
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    let within = Rights::ReadWithin(vec!["team-a".to_owned()]);
    let account = cluster.service_account("team", &within).await?;
    comes_to(&cluster, account.credential(), "/api/v1/namespaces/team-a/pods", 200).await?;
    assert_eq!(sees(&cluster, account.credential()).await?, Some(403));
    let nobody = cluster.service_account("nobody", &Rights::Nothing).await?;
    let theirs = cluster.kubeconfig_of(nobody.credential());
    assert_eq!(status(&theirs, "/api/v1/namespaces/team-a/pods").await?, Some(403));
    assert_eq!(sees(&cluster, cluster.user("somebody")?).await?, Some(403));
    Ok(())
}

#[tokio::test]
async fn rights_end_before_who_one_is_and_both_end() -> Result<()> {
    if skipped("rights_end_before_who_one_is_and_both_end").await? {
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    let account = cluster.service_account("reader", &Rights::ReadEverything).await?;
    comes_to(&cluster, account.credential(), NAMESPACES, 200).await?;
    cluster.remove_rights(&account).await?;
    comes_to(&cluster, account.credential(), NAMESPACES, 403).await?;
    cluster.revoke(&account).await?;
    assert_eq!(sees(&cluster, account.credential()).await?, Some(401));
    Ok(())
}
