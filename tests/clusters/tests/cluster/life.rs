//! A cluster's life: answering, frozen, stopped, killed, renewed, replaced.

use std::sync::Arc;

use anyhow::{Context as _, Result};
use k8s_openapi::api::rbac::v1::ClusterRole;
use kube::Api;
use sha2::{Digest as _, Sha256};
use tests_clusters::{Cluster, Credential, Options, Rights, skipped};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::{MOMENT, answered, status};

const NAMESPACES: &str = "/api/v1/namespaces";

/// The fingerprint of what an API server really shows, by its authority.
async fn shown(cluster: &Cluster) -> Result<String> {
    let mut authorities = RootCertStore::empty();
    authorities.add(CertificateDer::from_pem_slice(cluster.authority().as_bytes())?)?;
    let config = ClientConfig::builder().with_root_certificates(authorities).with_no_client_auth();
    let connection = TcpStream::connect(cluster.address()).await?;
    let name = ServerName::try_from("127.0.0.1")?;
    let connection = TlsConnector::from(Arc::new(config)).connect(name, connection).await?;
    let certificates = connection.get_ref().1.peer_certificates().context("it shows none")?;
    Ok(Sha256::digest(&certificates[0]).iter().map(|byte| format!("{byte:02x}")).collect())
}

#[tokio::test]
async fn a_started_cluster_answers_as_the_version_that_was_built() -> Result<()> {
    if skipped("a_started_cluster_answers_as_the_version_that_was_built").await? {
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    let recipe = tests_xtask::kubernetes::Recipe::of_this_workspace()?;
    let version = cluster.client().await?.apiserver_version().await?;
    assert_eq!(version.git_version, recipe.version);
    assert_eq!(shown(&cluster).await?, cluster.fingerprint());
    Ok(())
}

#[tokio::test]
async fn a_frozen_cluster_takes_connections_and_answers_nothing_until_it_thaws() -> Result<()> {
    if skipped("a_frozen_cluster_takes_connections_and_answers_nothing_until_it_thaws").await? {
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    let client = cluster.client().await?;
    assert_eq!(answered(&client, NAMESPACES).await?, Some(200));
    cluster.freeze()?;
    TcpStream::connect(cluster.address()).await.context("the system takes it")?;
    let kubeconfig = cluster.kubeconfig();
    let (kept, new) = (answered(&client, NAMESPACES), status(&kubeconfig, NAMESPACES));
    let nothing = timeout(MOMENT, futures::future::select(Box::pin(kept), Box::pin(new))).await;
    assert!(nothing.is_err(), "it answered");
    cluster.thaw()?;
    assert_eq!(status(&cluster.kubeconfig(), NAMESPACES).await?, Some(200));
    Ok(())
}

#[tokio::test]
async fn a_stopped_or_killed_cluster_refuses_and_comes_back_with_what_it_had() -> Result<()> {
    if skipped("a_stopped_or_killed_cluster_refuses_and_comes_back_with_what_it_had").await? {
        return Ok(());
    }
    let mut cluster = Cluster::start().await?;
    cluster.create_namespaces(["mine"]).await?;
    let (kubeconfig, fingerprint) = (cluster.kubeconfig(), cluster.fingerprint().to_owned());
    for killed in [false, true] {
        if killed {
            cluster.kill()?;
        } else {
            cluster.stop().await?;
        }
        let refused = TcpStream::connect(cluster.address()).await.expect_err("nobody is there");
        assert_eq!(refused.kind(), std::io::ErrorKind::ConnectionRefused);
        assert!(cluster.kill().is_err(), "it does not run");
        cluster.restart().await?;
        assert_eq!(status(&kubeconfig, &format!("{NAMESPACES}/mine")).await?, Some(200));
        assert_eq!(shown(&cluster).await?, fingerprint);
    }
    Ok(())
}

#[tokio::test]
async fn a_renewed_certificate_is_another_of_the_same_authority() -> Result<()> {
    if skipped("a_renewed_certificate_is_another_of_the_same_authority").await? {
        return Ok(());
    }
    let mut cluster = Cluster::start().await?;
    let (kubeconfig, before) = (cluster.kubeconfig(), cluster.fingerprint().to_owned());
    cluster.restart_with_new_certificate().await?;
    assert_ne!(cluster.fingerprint(), before);
    assert_eq!(shown(&cluster).await?, cluster.fingerprint());
    assert_eq!(status(&kubeconfig, NAMESPACES).await?, Some(200));
    Ok(())
}

#[tokio::test]
async fn another_cluster_at_the_same_address_knows_nobody_of_the_one_before() -> Result<()> {
    if skipped("another_cluster_at_the_same_address_knows_nobody_of_the_one_before").await? {
        return Ok(());
    }
    let mut cluster = Cluster::start().await?;
    cluster.create_namespaces(["mine"]).await?;
    let reader = cluster.service_account("reader", &Rights::ReadEverything).await?;
    let (before, address) = (cluster.kubeconfig_of(reader.credential()), cluster.address());
    let fingerprint = cluster.fingerprint().to_owned();
    assert_eq!(status(&before, NAMESPACES).await?, Some(200));
    cluster.replace_by_another_cluster().await?;
    assert_eq!(cluster.address(), address);
    assert_ne!(cluster.fingerprint(), fingerprint);
    assert_eq!(status(&before, NAMESPACES).await?, None, "another authority");
    assert_eq!(status(&before.insecure(), NAMESPACES).await?, Some(401), "another key of tokens");
    assert!(!cluster.namespaces().await?.contains(&"mine".to_owned()));
    Ok(())
}

#[tokio::test]
async fn hundreds_of_namespaces_are_made_and_one_that_is_deleted_is_gone() -> Result<()> {
    if skipped("hundreds_of_namespaces_are_made_and_one_that_is_deleted_is_gone").await? {
        return Ok(());
    }
    let cluster = Cluster::start().await?;
    let names: Vec<String> = (0..500).map(|number| format!("team-{number:03}")).collect();
    cluster.create_namespaces(names.iter().map(String::as_str)).await?;
    cluster.delete_namespaces(["team-007"]).await?;
    let there = cluster.namespaces().await?;
    let ours: Vec<&String> = there.iter().filter(|name| name.starts_with("team-")).collect();
    assert_eq!(ours.len(), 499);
    assert!(!there.contains(&"team-007".to_owned()));
    Ok(())
}

#[tokio::test]
async fn with_controllers_roles_have_rules_and_a_namespace_goes_by_itself() -> Result<()> {
    if skipped("with_controllers_roles_have_rules_and_a_namespace_goes_by_itself").await? {
        return Ok(());
    }
    let mut clusters = Cluster::start_many(2, Options { controllers: true }).await?;
    let cluster = clusters.pop().context("two were started")?;
    let roles: Api<ClusterRole> = Api::all(cluster.client().await?);
    assert!(roles.get("view").await?.rules.is_some_and(|rules| !rules.is_empty()));
    cluster.create_namespaces(["mine"]).await?;
    cluster.delete_namespaces(["mine"]).await?;
    let other = clusters.pop().context("two were started")?;
    let anonymous = other.kubeconfig_of(Credential::None);
    assert_eq!(status(&anonymous, NAMESPACES).await?, Some(403));
    Ok(())
}
