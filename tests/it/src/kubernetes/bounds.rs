//! Servers that are silent, giant, or no API servers: each look ends, in time, and says why.

use host_agent::Code;
use host_kubernetes::{Bounds, KubernetesOptions, Networks};
use tokio::net::TcpListener;

use super::scene::{Scene, good, inline, soon};
use tests_harness::{ApiServer, Habit};

/// What is said of a server with a habit.
async fn of(habit: Habit) -> (Code, String) {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.behave(habit);
    scene.refused(&good(&api)).await
}

/// What is said of a server with a habit when it is given up.
async fn in_time(habit: Habit) -> (Code, String) {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    api.behave(habit.clone());
    let fact = async {
        if habit == Habit::DeafToTls {
            api.until_spoken_to().await;
        } else {
            // The time for being connected is not waited for any more.
            scene.clock.only(1).await;
        }
    };
    let given_up = scene.given_up(&good(&api), fact).await;
    soon(api.until_open(0)).await;
    given_up
}

#[tokio::test]
async fn a_server_that_says_nothing_is_given_up_in_time_and_the_connection_is_closed() {
    let (code, text) = in_time(Habit::DeafToTls).await;
    assert_eq!(code, Code::Timeout);
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT was given up after 10000 ms of waiting for the TLS handshake, though a TCP connection was made; see whether the server hangs");
    let (code, text) = in_time(Habit::DeafToHttp).await;
    assert_eq!(code, Code::Timeout);
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT was given up after 30000 ms of waiting for its version; see whether the server hangs");
    let (code, text) = in_time(Habit::Drips).await;
    assert_eq!(code, Code::Timeout);
    assert!(text.contains("waiting for its version"), "{text}");
}

#[tokio::test]
async fn nobody_there_is_said_with_what_to_look_for() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api = ApiServer::start().await;
    let config = api.kubeconfig("", "token: good");
    let config = config.replace(&api.url(), &format!("https://{}", nobody.local_addr().unwrap()));
    drop(nobody);
    let (code, text) = Scene::new().refused(&inline(&config)).await;
    assert_eq!(code, Code::Unreachable);
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT cannot be connected to: connection refused; see whether it runs, whether the address is right, and whether a firewall lets this agent through");
    let unknown = config.replace("https://127.0.0.1", "https://nowhere.invalid");
    let (code, text) = Scene::new().refused(&inline(&unknown)).await;
    assert_eq!(code, Code::Unreachable);
    assert!(text.contains("cannot be resolved by this agent"), "{text}");
}

#[tokio::test]
async fn what_is_no_api_server_is_said_to_be_none() {
    for (habit, said) in [
        (Habit::HangsUp, "broke the connection off"),
        (Habit::Plain, "does not speak TLS"),
        (Habit::Garbage, "does not speak HTTP"),
        (Habit::Says(200, "<html>".into()), "is no API server"),
        (Habit::Says(200, r#"{"gitVersion":"hunter2"}"#.into()), "has no version"),
        (Habit::Says(404, "hunter2".into()), "answers with 404"),
        (Habit::Says(500, "hunter2".into()), "answers with 500, which is a fault of its own"),
        (Habit::Says(429, "hunter2".into()), "has too much to do"),
    ] {
        let (code, text) = of(habit.clone()).await;
        assert_eq!(code, Code::Unreachable, "{habit:?}");
        assert!(text.contains(said), "{habit:?}: {text}");
    }
}

#[tokio::test]
async fn a_giant_answer_and_endless_pages_are_not_read_to_their_end() {
    let (_, text) = of(Habit::Says(200, "x".repeat(1 << 20))).await;
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT answers with more than 64 KiB, which is not read to its end; see what listens there");
    let (_, text) = of(Habit::EndlessPages).await;
    assert!(text.contains("more than 80 pages"), "{text}");
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = ApiServer::start().await;
    let (code, text) = of(Habit::LeadsTo(format!("{}/version", elsewhere.url()))).await;
    assert_eq!(code, Code::Unreachable);
    insta::assert_snapshot!(text, @"https://127.0.0.1:PORT leads to another host instead of answering, and that is not followed; set server to the API server itself");
    assert_eq!(elsewhere.connections(), 0);
}

#[tokio::test]
async fn networks_that_are_refused_are_refused_under_every_name_and_nobody_is_asked_there() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let metadata =
        inline(&api.kubeconfig("", "token: good").replace(&api.url(), "https://169.254.169.254"));
    let (code, text) = scene.refused(&metadata).await;
    assert_eq!(code, Code::InvalidKubeconfig);
    insta::assert_snapshot!(text, @"https://169.254.169.254:443 is at 169.254.169.254, in a network that agent.networks.refuse names: no cluster is looked for there");

    let refuse = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap()).to_vec();
    let networks = Networks(refuse);
    let scene = Scene::with(KubernetesOptions { networks, ..KubernetesOptions::default() });
    let by_name = good(&api).to_string().replace("127.0.0.1", "localhost");
    for definition in [good(&api), serde_json::from_str(&by_name).unwrap()] {
        let (code, text) = scene.refused(&definition).await;
        assert_eq!(code, Code::InvalidKubeconfig, "{text}");
    }
    assert_eq!(api.connections(), 0);
}

#[tokio::test]
async fn a_look_that_is_given_up_from_outside_closes_its_connection() {
    let (api, scene) = (
        ApiServer::start().await,
        Scene::with(KubernetesOptions {
            bounds: Bounds { look_ms: 600_000, connect_ms: 600_000, ..Bounds::default() },
            ..KubernetesOptions::default()
        }),
    );
    api.behave(Habit::DeafToHttp);
    let definition = good(&api);
    {
        let look = scene.look(&definition);
        tokio::pin!(look);
        tokio::select! {
            looked = &mut look => panic!("it answers: {looked:?}"),
            () = soon(api.until_open(1)) => {}
        }
    }
    soon(api.until_open(0)).await;
}
