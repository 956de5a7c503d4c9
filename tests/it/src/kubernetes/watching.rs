//! What is told of held accounts: losses and returns once, and what changes.

use host_agent::{Clusters as _, Code};
use host_kubernetes::{Bounds, KubernetesOptions};

use super::scene::{Scene, account, good, inline, soon};
use tests_harness::{ApiServer, Habit, Rights};

/// Held accounts are only polled.
fn polled() -> Scene {
    let bounds = Bounds { watches: 0, ..Bounds::default() };
    Scene::with(KubernetesOptions { bounds, ..KubernetesOptions::default() })
}

#[tokio::test]
async fn a_server_that_goes_and_comes_back_is_told_once_each() {
    let (api, scene) = (ApiServer::start().await, polled());
    scene.hold("a", &good(&api)).await;
    scene.next_look().await;
    api.behave(Habit::HangsUp);
    let told = scene.told().await;
    assert_eq!((told.len(), told[0].account.as_str()), (1, "a"));
    let refusal = told[0].health.as_ref().unwrap_err();
    assert_eq!(refusal.code, Code::Unreachable);
    assert!(refusal.text.contains("broke the connection off"), "{}", refusal.text);
    for _ in 0..3 {
        scene.next_look().await;
    }
    api.behave(Habit::Good);
    let told = scene.told().await;
    assert_eq!((told.len(), &told[0].health), (1, &Ok(())));
    assert!(told[0].identity.is_some() && told[0].namespaces.is_some());
}

#[tokio::test]
async fn credentials_that_are_taken_back_are_told_at_the_next_look() {
    let (api, scene) = (ApiServer::start().await, polled());
    scene.hold("a", &good(&api)).await;
    api.revoke("good");
    let told = scene.told().await;
    assert_eq!(told[0].health.as_ref().unwrap_err().code, Code::Unauthorized);
    api.grant("good", Rights::all());
    assert_eq!(scene.told().await[0].health, Ok(()));
}

#[tokio::test]
async fn another_certificate_another_version_and_another_cluster_are_told() {
    let (mut api, scene) = (ApiServer::start().await, polled());
    let insecure = api.kubeconfig_without_ca("insecure-skip-tls-verify: true", "token: good");
    let before = scene.hold("a", &inline(&insecure)).await.identity;
    api.renew(&["127.0.0.1"]);
    let told = scene.told().await;
    let renewed = told[0].identity.clone().unwrap();
    assert_eq!((&told[0].health, &renewed.host), (&Ok(()), &before.host));
    assert_ne!(renewed.fingerprint, before.fingerprint);
    api.upgrade("v1.35.0");
    assert_eq!(scene.told().await[0].identity.as_ref().unwrap().version, "v1.35.0");
    api.become_another();
    assert_ne!(scene.told().await[0].identity.as_ref().unwrap().fingerprint, renewed.fingerprint);
}

#[tokio::test]
async fn another_cluster_that_the_kubeconfig_does_not_trust_is_told_as_a_loss() {
    let (mut api, scene) = (ApiServer::start().await, polled());
    scene.hold("a", &good(&api)).await;
    api.become_another();
    let told = scene.told().await;
    let refusal = told[0].health.as_ref().unwrap_err();
    assert_eq!(refusal.code, Code::InvalidKubeconfig);
    assert!(refusal.text.contains("another cluster answers there"), "{}", refusal.text);
}

#[tokio::test]
async fn namespaces_that_may_not_be_watched_are_listed_at_a_slower_rate() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.grant("good", Rights { watches: false, ..Rights::all() });
    scene.hold("a", &good(&api)).await;
    scene.next_look().await;
    scene.next_look().await;
    api.delete("dev");
    let told = scene.told().await;
    assert_eq!(told[0].namespaces.as_deref().unwrap(), ["default", "kube-system"]);
    let watches = api.asked().iter().filter(|asked| asked.contains("watch=true")).count();
    assert_eq!(watches, 1, "it was tried once");
}

#[tokio::test]
async fn a_namespace_that_comes_or_goes_is_told_by_the_watch_without_a_look() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    scene.hold("a", &good(&api)).await;
    scene.next_look().await;
    soon(api.until_watched(1)).await;
    let looks = || api.asked().iter().filter(|asked| asked.contains("/version")).count();
    let before = looks();
    for (change, names) in [(true, 4), (false, 3)] {
        if change {
            api.make("prod");
        } else {
            api.delete("prod");
        }
        let told = async {
            tokio::select! {
                told = scene.clusters.changes() => told,
                // What comes is gathered for a second.
                () = async { scene.clock.somebody_waits(1_000).await; scene.clock.advance(1_000); std::future::pending().await } => unreachable!(),
            }
        };
        assert_eq!(soon(told).await[0].namespaces.as_ref().unwrap().len(), names);
    }
    assert_eq!(looks(), before);
}

#[tokio::test]
async fn a_watch_that_breaks_calls_for_a_look_at_once_and_for_another_watch() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    scene.hold("a", &good(&api)).await;
    scene.next_look().await;
    soon(api.until_watched(1)).await;
    // It lasts.
    scene.next_look_beside_a_watch().await;
    scene.next_look_beside_a_watch().await;
    soon(scene.clock.only(2)).await;
    let now = scene.clock.time();
    api.behave(Habit::HangsUp);
    api.cut();
    let told = async {
        tokio::select! {
            told = scene.clusters.changes() => told,
            // The second look, which is soon.
            () = async { scene.clock.somebody_waits(3_000).await; scene.clock.advance(3_000); std::future::pending().await } => unreachable!(),
        }
    };
    assert!(soon(told).await[0].health.is_err());
    assert_eq!(scene.clock.time() - now, 3_000, "nobody waited for the next look");
    api.behave(Habit::Good);
    assert_eq!(scene.told().await[0].health, Ok(()));
    soon(api.until_watched(2)).await;
}

#[tokio::test]
async fn a_server_that_ends_every_watch_at_once_is_not_asked_without_a_pause() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.behave(Habit::EndsWatches);
    scene.hold("a", &good(&api)).await;
    let begun = || api.asked().iter().filter(|asked| asked.contains("watch=true")).count();
    scene.next_look().await;
    soon(api.until_watched(1)).await;
    for _ in 0..9 {
        scene.next_look().await;
    }
    let begun = begun();
    assert!((2..=4).contains(&begun), "{begun} watches in ten looks");
    api.make("prod");
    assert!(scene.told().await[0].namespaces.as_ref().unwrap().contains(&"prod".to_owned()));
}

/// How often it was asked for a watch.
fn watches(api: &ApiServer) -> usize {
    api.asked().iter().filter(|asked| asked.contains("watch=true")).count()
}

#[tokio::test]
async fn a_watch_that_is_not_answered_as_one_is_not_asked_for_without_a_pause_and_the_looks_go_on()
{
    let busy = [429, 500, 503].map(Habit::SaysOfWatches);
    let odd = [Habit::SaysOfWatches(307), Habit::SaysOfWatches(410), Habit::OverWatches];
    for habit in busy.into_iter().chain(odd) {
        let (api, scene) = (ApiServer::start().await, Scene::new());
        api.behave(habit.clone());
        scene.hold("a", &good(&api)).await;
        for _ in 0..10 {
            scene.next_look().await;
        }
        // Each look begins when the one before, and the watch after it, is over.
        soon(scene.clock.only(1)).await;
        let begun = watches(&api);
        assert!((2..=4).contains(&begun), "{habit:?}: {begun} watches in ten looks");
        api.make("prod");
        let told = scene.told().await;
        let seen = told[0].namespaces.as_ref().unwrap();
        assert!(seen.contains(&"prod".to_owned()), "{habit:?}: {seen:?}");
    }
}

#[tokio::test]
async fn a_server_that_was_busy_when_it_was_to_be_watched_is_watched_later() {
    for habit in [429, 503].map(Habit::SaysOfNamespaces) {
        let (api, scene) = (ApiServer::start().await, Scene::new());
        scene.hold("a", &good(&api)).await;
        // Looks do not ask for namespaces yet; the watch does, first of all.
        api.behave(habit);
        api.forget();
        scene.next_look().await;
        soon(async {
            while !api.asked().iter().any(|asked| asked.contains("/api/v1/namespaces")) {
                tokio::task::yield_now().await;
            }
        })
        .await;
        soon(scene.clock.only(1)).await;
        assert_eq!(watches(&api), 0);
        api.behave(Habit::Good);
        let watched = async {
            tokio::select! {
                () = api.until_watched(1) => {}
                never = async { loop { scene.next_look().await } } => never,
            }
        };
        soon(watched).await;
    }
}

#[tokio::test]
async fn a_watch_is_kept_only_by_the_cluster_that_the_account_is_known_by() {
    let (mut api, scene) = (ApiServer::start().await, Scene::new());
    let insecure = api.kubeconfig_without_ca("insecure-skip-tls-verify: true", "token: good");
    scene.hold("a", &inline(&insecure)).await;
    scene.next_look().await;
    soon(api.until_watched(1)).await;
    soon(scene.clock.only(2)).await;
    api.become_another();
    // The connection to the one before stays open; what comes on it is not told once another was seen.
    scene.next_look_beside_a_watch().await;
    let told = soon(scene.clusters.changes()).await;
    assert!(told[0].identity.is_some(), "another cluster answers");
    soon(api.until_open(0)).await;
}

#[tokio::test]
async fn no_connection_is_kept_for_what_is_polled_and_none_for_what_is_released() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    scene.hold("a", &good(&api)).await;
    soon(api.until_open(0)).await;
    scene.next_look().await;
    soon(api.until_open(1)).await;
    scene.clusters.release("a");
    soon(api.until_open(0)).await;
}

#[tokio::test]
async fn hundreds_of_accounts_of_silent_servers_keep_nobody_waiting() {
    let (silent, api) = (
        [ApiServer::start().await, ApiServer::start().await, ApiServer::start().await],
        ApiServer::start().await,
    );
    let bounds = Bounds { checks_at_once: 2, watches: 0, ..Bounds::default() };
    let scene = Scene::with(KubernetesOptions { bounds, ..KubernetesOptions::default() });
    let seen = scene.look(&good(&api)).await.unwrap();
    for (server, api) in silent.iter().enumerate() {
        api.behave(Habit::DeafToTls);
        for n in 0..100 {
            scene.clusters.hold(&account(&format!("a-{server}-{n}"), &good(api)), &seen);
        }
    }
    scene.clusters.hold(&account("z", &good(&api)), &seen);
    api.revoke("good");
    // All are due; a few of the silent ones take the quick places, and leave them after a second.
    scene.clock.advance(40_000);
    let due = scene.clock.time();
    let told = async {
        loop {
            tokio::select! {
                told = scene.clusters.changes() => return told,
                () = scene.clock.somebody_waits(1_000) => scene.clock.advance(1_000),
            }
        }
    };
    let told = soon(told).await;
    assert_eq!((told.len(), told[0].account.as_str()), (1, "z"));
    let waited = scene.clock.time() - due;
    assert!(waited < 10_000, "before any of the silent ones is given up: {waited}");
    assert!(silent.iter().all(|api| api.connections() <= 1 + 2), "each has its share");
}
