//! A server that stops answering, answers slowly, is killed or restarted: told once, its neighbours well, and back by itself.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests_clusters::{Cluster, Options};
use tests_harness::Proxy;

use super::scene::{Scene, failure, trouble};
use super::with_real_clusters;

with_real_clusters!(
    a_killed_server_is_told_with_its_reason_and_is_well_again_by_itself,
    a_server_that_never_answers_is_told_as_such_and_holds_up_nobody,
    a_slow_server_is_taken_and_who_comes_behind_it_does_not_wait,
    an_account_of_a_dead_server_fails_with_the_address_that_was_tried,
);

async fn a_killed_server_is_told_with_its_reason_and_is_well_again_by_itself() -> Result<()> {
    let mut clusters = Cluster::start_many(2, Options::default()).await?;
    let scene = Scene::start().await?;
    scene.hold("troubled", &clusters[0].kubeconfig()).await?;
    scene.hold("calm", &clusters[1].kubeconfig()).await?;
    let recorded = scene.account("troubled").await?["certFingerprint"].clone();
    clusters[0].kill()?;
    let gone = scene.until("troubled", "it is lost", |account| account["healthy"] == false).await?;
    let (code, text) = trouble(&gone);
    ensure!(code == "unreachable", "{code}: {text}");
    ensure!(text.contains(&clusters[0].address().to_string()), "{text}");
    ensure!(gone["status"] == "ACTIVE", "{gone:#}");
    ensure!(scene.account("calm").await?["healthy"] == true, "its neighbour is well");
    clusters[0].restart().await?;
    let back = scene.until("troubled", "it is back", |account| account["healthy"] == true).await?;
    ensure!(back["certFingerprint"] == recorded, "{back:#}");
    let told = scene.told_by_the_agent("troubled")?;
    ensure!(told == ["Unreachable", "Healthy"], "each once, and not {told:?}");
    Ok(())
}

async fn a_server_that_never_answers_is_told_as_such_and_holds_up_nobody() -> Result<()> {
    let clusters = Cluster::start_many(2, Options::default()).await?;
    let scene = Scene::start_with(&["--agent-looks-deadline", "3s"]).await?;
    scene.hold("silent", &clusters[0].kubeconfig()).await?;
    clusters[0].freeze()?;
    // Taken while the other's server says nothing.
    scene.hold("calm", &clusters[1].kubeconfig()).await?;
    let gone = scene.until("silent", "it is lost", |account| account["healthy"] == false).await?;
    let (code, text) = trouble(&gone);
    ensure!(code == "timeout" || code == "unreachable", "{code}: {text}");
    let answer = scene.activate("late", &clusters[0].kubeconfig()).await?;
    let (code, text) = failure(&answer, "late")?;
    ensure!(code == "timeout", "{code}: {text}");
    ensure!(scene.account("calm").await?["healthy"] == true, "its neighbour is well");
    clusters[0].thaw()?;
    scene.until("silent", "it is back", |account| account["healthy"] == true).await?;
    Ok(())
}

async fn a_slow_server_is_taken_and_who_comes_behind_it_does_not_wait() -> Result<()> {
    let clusters = Cluster::start_many(2, Options::default()).await?;
    let line = Proxy::start(clusters[0].address()).await?;
    // Each way: a look takes many seconds, and is over before its deadline.
    line.delay(Duration::from_millis(700));
    let scene = Scene::start().await?;
    let slow = async {
        scene.hold("slow", &clusters[0].kubeconfig().at(line.address())).await?;
        anyhow::Ok(true)
    };
    let calm = async {
        for n in 0..3 {
            scene.hold(&format!("calm-{n}"), &clusters[1].kubeconfig()).await?;
        }
        anyhow::Ok(())
    };
    tokio::pin!(slow);
    tokio::select! {
        biased;
        ended = &mut slow => ensure!(!ended?, "it was taken before those that answer at once"),
        taken = calm => taken?,
    }
    slow.await?;
    let account = scene.account("slow").await?;
    ensure!(account["kubeHost"] == format!("https://{}", line.address()), "{account:#}");
    Ok(())
}

async fn an_account_of_a_dead_server_fails_with_the_address_that_was_tried() -> Result<()> {
    let mut cluster = Cluster::start().await?;
    let kubeconfig = cluster.kubeconfig();
    cluster.kill()?;
    let scene = Scene::start().await?;
    let answer = scene.activate("dead", &kubeconfig).await?;
    let (code, text) = failure(&answer, "dead")?;
    ensure!(code == "unreachable", "{code}: {text}");
    ensure!(text.contains(&cluster.address().to_string()), "{text}");
    Ok(())
}
