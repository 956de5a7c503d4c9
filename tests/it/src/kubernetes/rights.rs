//! What is told when a cluster says something else of what may be seen: an authorizer that fails is no answer, and a list
//! is told only by a look that lists.

use host_agent::Code;
use host_kubernetes::{Bounds, KubernetesOptions, Rhythm};

use super::scene::{Scene, good};
use tests_harness::{ApiServer, Rights};

const ALL: [&str; 3] = ["default", "dev", "kube-system"];

/// Held accounts are only polled.
fn polled() -> Scene {
    let bounds = Bounds { watches: 0, ..Bounds::default() };
    Scene::with(KubernetesOptions { bounds, ..KubernetesOptions::default() })
}

fn hidden() -> Rights {
    Rights::only_in("default")
}

#[tokio::test]
async fn an_authorizer_that_fails_is_no_answer_and_its_words_are_not_told() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.grant("good", Rights { undecided: true, ..hidden() });
    let (code, text) = scene.refused(&good(&api)).await;
    assert_eq!(code, Code::Unreachable);
    assert!(text.contains("could not decide what the credentials may see"), "{text}");
}

#[tokio::test]
async fn an_authorizer_that_fails_once_leaves_the_namespaces_as_they_are() {
    let (api, scene) = (ApiServer::start().await, polled());
    assert_eq!(scene.hold("a", &good(&api)).await.namespaces.unwrap(), ALL);
    api.grant("good", Rights { undecided: true, ..hidden() });
    scene.next_look().await;
    api.grant("good", Rights::all());
    scene.next_look().await;
    api.grant("good", Rights { undecided: true, ..hidden() });
    let told = scene.told().await;
    assert_eq!(told[0].health.as_ref().unwrap_err().code, Code::Unreachable);
    assert_eq!(told[0].namespaces, None);
    api.grant("good", Rights::all());
    let told = scene.told().await;
    assert_eq!(told[0].health, Ok(()));
    assert_eq!(told[0].namespaces.as_deref().unwrap(), ALL);
}

#[tokio::test]
async fn namespaces_that_become_hidden_are_told_by_the_next_look_that_lists() {
    let (api, scene) = (ApiServer::start().await, polled());
    scene.hold("a", &good(&api)).await;
    let held = scene.clock.time();
    api.grant("good", hidden());
    let told = scene.told().await;
    assert_eq!((&told[0].health, told[0].namespaces.as_deref().unwrap().len()), (&Ok(()), 1));
    let soonest = Rhythm::default().namespaces_ms / 5 * 4;
    assert!(scene.clock.time() - held >= soonest, "a look that does not list tells no list");
    api.grant("good", Rights::all());
    assert_eq!(scene.told().await[0].namespaces.as_deref().unwrap(), ALL);
}
