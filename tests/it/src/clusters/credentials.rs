//! Who is let in: good, expired, revoked and foreign credentials, another authority, no rights; when an account is taken,
//! and while it is held.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests_clusters::{Cluster, Credential, Options, Rights};

use super::scene::{Scene, failure, fingerprint, trouble};
use super::with_real_clusters;

with_real_clusters!(
    each_bad_credential_is_told_by_its_code_and_good_ones_are_taken_beside_them,
    a_token_that_expires_while_it_is_held_is_told_once_it_is_refused,
    an_account_that_is_revoked_while_it_is_held_is_told_and_nothing_is_dropped,
);

const HOUR: Duration = Duration::from_secs(3_600);

async fn each_bad_credential_is_told_by_its_code_and_good_ones_are_taken_beside_them() -> Result<()>
{
    let clusters = Cluster::start_many(2, Options::default()).await?;
    let (cluster, other) = (&clusters[0], &clusters[1]);
    let all = &Rights::ReadEverything;
    let reader = cluster.service_account("reader", all).await?;
    let stranger = other.service_account("reader", all).await?;
    let revoked = cluster.service_account("revoked", all).await?;
    cluster.revoke(&revoked).await?;
    let of = |credential| cluster.kubeconfig_of(credential);
    let bad = [
        ("expired", of(cluster.expired_token(&reader, HOUR)?), "unauthorized"),
        ("revoked", of(revoked.credential()), "unauthorized"),
        ("foreign", of(stranger.credential()), "unauthorized"),
        ("garbage", of(Credential::Token("no-token".to_owned())), "unauthorized"),
        ("expired-person", of(cluster.expired_user("somebody")?), "unauthorized"),
        ("other-authority", cluster.kubeconfig().trusting(other.authority()), "invalid-kubeconfig"),
    ];
    let scene = Scene::start().await?;
    for (name, kubeconfig, code) in &bad {
        let answer = scene.activate(name, kubeconfig).await?;
        let (found, text) = failure(&answer, name)?;
        ensure!(found == *code, "{name}: {found}: {text}");
        ensure!(text.contains(&cluster.address().to_string()), "{name} names no server: {text}");
    }
    let good = [
        ("token", of(reader.credential())),
        ("certificate", cluster.kubeconfig()),
        ("insecure", of(reader.credential()).insecure()),
    ];
    for (name, kubeconfig) in &good {
        scene.hold(name, kubeconfig).await?;
        let account = scene.account(name).await?;
        ensure!(account["kubeHost"] == cluster.url(), "{account:#}");
        ensure!(fingerprint(&account) == cluster.fingerprint(), "{account:#}");
        ensure!(
            account["kubeVersion"].as_str().is_some_and(|v| v.starts_with("v1.")),
            "{account:#}"
        );
    }
    Ok(())
}

async fn a_token_that_expires_while_it_is_held_is_told_once_it_is_refused() -> Result<()> {
    let cluster = Cluster::start().await?;
    let account = cluster.service_account("reader", &Rights::ReadEverything).await?;
    let short = cluster.soon_refused_token(&account, Duration::from_secs(8))?;
    let scene = Scene::start().await?;
    scene.hold("short", &cluster.kubeconfig_of(short)).await?;
    let after =
        scene.until("short", "it is refused", |account| account["healthy"] == false).await?;
    let (code, text) = trouble(&after);
    ensure!(code == "unauthorized", "{code}: {text}");
    ensure!(after["status"] == "ACTIVE", "{after:#}");
    Ok(())
}

async fn an_account_that_is_revoked_while_it_is_held_is_told_and_nothing_is_dropped() -> Result<()>
{
    let cluster = Cluster::start().await?;
    let revoked = cluster.service_account("revoked", &Rights::ReadEverything).await?;
    let scene = Scene::start().await?;
    scene.hold("calm", &cluster.kubeconfig()).await?;
    scene.hold("revoked", &cluster.kubeconfig_of(revoked.credential())).await?;
    cluster.revoke(&revoked).await?;
    let after =
        scene.until("revoked", "it is refused", |account| account["healthy"] == false).await?;
    ensure!(trouble(&after).0 == "unauthorized" && after["status"] == "ACTIVE", "{after:#}");
    ensure!(scene.account("calm").await?["healthy"] == true, "its neighbour is well");
    Ok(())
}
