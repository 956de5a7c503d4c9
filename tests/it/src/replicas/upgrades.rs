//! Replicas of two versions of the program on one database.

use std::sync::Arc;

use anyhow::{Result, ensure};
use host_core::port::slots::{Offer, Slots as _};
use tests_harness::{Kind, TestBridge, TestDatabase};

use super::{agent, create, eventually, instruct, know_each_other, on_every_server, options, stop};

on_every_server!(
    a_replica_of_an_older_program_serves_the_module_of_the_newer_one,
    a_bridge_goes_on_while_the_next_version_changes_the_schema_and_does_not_start_on_it,
);

/// The component with a section of its own behind it: the same decisions under another digest.
fn newer_module() -> Vec<u8> {
    let mut bytes = host::LIFECYCLE.to_vec();
    let (name, content) = (b"newer", b"yes");
    bytes.push(0);
    bytes.push((1 + name.len() + content.len()) as u8);
    bytes.push(name.len() as u8);
    bytes.extend_from_slice(name);
    bytes.extend_from_slice(content);
    bytes
}

async fn a_replica_of_an_older_program_serves_the_module_of_the_newer_one(
    kind: Kind,
) -> Result<()> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let mut wasm = options(1);
    wasm.native = false;
    let replica = TestBridge::start_on(database, wasm).await?;
    let held = agent(&replica, "agent-a").await?;
    create(&replica.api, &["a", "b"]).await?;
    instruct(&replica.api, &["a"], "ACTIVE").await?;
    let digest = "sha256:newer".to_owned();
    let offer = Offer { digest: digest.clone(), program: u64::MAX >> 1, bytes: newer_module() };
    let serving = replica.store().serve("lifecycle".into(), offer, 1).await?;
    ensure!(serving.digest == digest);
    // Its next unit is refused by the fence, and decided again by the newer module.
    instruct(&replica.api, &["b"], "ACTIVE").await?;
    let module = async |name: &str| -> Result<String> {
        let path = format!("/armory/accounts/{name}/history");
        let history = replica.api.get(&path).await?.expect(200)?.body;
        Ok(history["items"][0]["module"].as_str().unwrap_or_default().to_owned())
    };
    let (before, after) = (module("a").await?, module("b").await?);
    ensure!(before != after, "{before} decided both");
    held.stop().await;
    stop(vec![replica]).await;
    Ok(())
}

async fn a_bridge_goes_on_while_the_next_version_changes_the_schema_and_does_not_start_on_it(
    kind: Kind,
) -> Result<()> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let mut replicas = Vec::new();
    for number in [1, 2] {
        replicas.push(TestBridge::start_on(Arc::clone(&database), options(number)).await?);
    }
    know_each_other(&replicas).await?;
    let held = agent(&replicas[0], "agent-a").await?;
    create(&replicas[0].api, &["a", "b"]).await?;
    instruct(&replicas[1].api, &["a"], "ACTIVE").await?;
    // As the next version does it: first it only adds.
    for statement in [
        "ALTER TABLE kubesvc_accounts ADD COLUMN of_the_next_version VARCHAR(10)",
        "CREATE INDEX of_the_next_version ON kubesvc_accounts (of_the_next_version)",
        "CREATE TABLE swingbridge_of_the_next_version (id VARCHAR(26) NOT NULL PRIMARY KEY)",
        "INSERT INTO swingbridge_migrations (version, name, checksum, at) \
         VALUES (999999, '999999_next', 'x', 1)",
    ] {
        database.run(statement).await?;
    }
    let done = instruct(&replicas[1].api, &["a"], "INACTIVE").await?;
    assert_eq!(done.outcome("a"), Some("done"));
    create(&replicas[1].api, &["c"]).await?;
    instruct(&replicas[0].api, &["b", "c"], "ACTIVE").await?;
    let all = async || Ok(replicas[0].api.states().await?.len() == 3);
    eventually("both go on", all).await?;
    let started = TestBridge::start_on(database, options(3)).await;
    let said = started.err().map(|error| error.to_string()).unwrap_or_default();
    ensure!(said.contains("999999") && said.contains("newer"), "{said}");
    held.stop().await;
    stop(replicas).await;
    Ok(())
}
