//! Proxies: the way through each kind, and what is said when one does not let through.

use std::net::SocketAddr;

use host_agent::Code;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::task::AbortOnDropHandle;

use super::scene::{Scene, inline};
use tests_harness::ApiServer;

/// A proxy on loopback, and what it was asked first.
struct Proxy {
    address: SocketAddr,
    asked: tokio::sync::mpsc::UnboundedReceiver<String>,
    _serving: AbortOnDropHandle<()>,
}

impl Proxy {
    /// Speaks HTTP CONNECT, and answers with this line.
    async fn http(answer: &'static str) -> Self {
        Self::start(move |mut stream| async move {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(stream.read_u8().await.ok()?);
            }
            stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await.ok()?;
            Some((stream, String::from_utf8(head).ok()?))
        })
        .await
    }

    /// Speaks SOCKS 5 without a login, and connects to addresses.
    async fn socks() -> Self {
        Self::start(move |mut stream| async move {
            let mut greeting = [0; 3];
            stream.read_exact(&mut greeting).await.ok()?;
            stream.write_all(&[5, 0]).await.ok()?;
            let mut request = [0; 10];
            stream.read_exact(&mut request).await.ok()?;
            stream.write_all(&[5, 0, 0, 1, 0, 0, 0, 0, 0, 0]).await.ok()?;
            let [.., a, b, c, d, high, low] = request;
            let port = u16::from_be_bytes([high, low]);
            Some((stream, format!("CONNECT {a}.{b}.{c}.{d}:{port} ")))
        })
        .await
    }

    async fn start<F>(greet: impl Fn(TcpStream) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Option<(TcpStream, String)>> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (ask, asked) = tokio::sync::mpsc::unbounded_channel();
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Some((mut stream, head)) = greet(stream).await else { continue };
                let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
                let _ = ask.send(head);
                let Ok(mut further) = TcpStream::connect(target).await else { continue };
                let _ = tokio::io::copy_bidirectional(&mut stream, &mut further).await;
            }
        });
        Self { address, asked, _serving: AbortOnDropHandle::new(serving) }
    }
}

#[tokio::test]
async fn a_cluster_is_reached_through_an_http_proxy_with_its_login() {
    let (api, scene, mut proxy) =
        (ApiServer::start().await, Scene::new(), Proxy::http("200 OK").await);
    let cluster = format!("proxy-url: http://me:hunter2@{}", proxy.address);
    let seen = scene.look(&inline(&api.kubeconfig(&cluster, "token: good"))).await.unwrap();
    assert_eq!(seen.identity.host, format!("https://{}", api.address));
    let asked = proxy.asked.recv().await.unwrap().to_lowercase();
    assert!(asked.starts_with(&format!("connect {}", api.address)), "{asked}");
    assert!(asked.contains("proxy-authorization: basic bwu6ahvudgvymg=="), "{asked}");
    assert!(!asked.contains("good"), "the proxy learns nothing of the account");
}

#[tokio::test]
async fn a_cluster_is_reached_through_a_socks_proxy() {
    let (api, scene, mut proxy) = (ApiServer::start().await, Scene::new(), Proxy::socks().await);
    let cluster = format!("proxy-url: socks5://{}", proxy.address);
    assert!(scene.look(&inline(&api.kubeconfig(&cluster, "token: good"))).await.is_ok());
    assert!(proxy.asked.recv().await.unwrap().contains(&api.address.to_string()));
}

#[tokio::test]
async fn a_proxy_that_does_not_let_through_is_named_without_its_password() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let proxy = Proxy::http("407 hunter2").await;
    let cluster = format!("proxy-url: http://me:hunter2@{}", proxy.address);
    let (code, text) = scene.refused(&inline(&api.kubeconfig(&cluster, "token: good"))).await;
    assert_eq!(code, Code::Unreachable);
    insta::assert_snapshot!(text, @"the proxy 127.0.0.1:PORT does not connect to https://127.0.0.1:PORT: tunnel error: proxy authorization required; see whether it allows that, and whether it wants a user and password");
    assert_eq!(api.connections(), 0);
}

#[tokio::test]
async fn a_proxy_is_under_the_same_rules_as_a_server() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let cluster = "proxy-url: http://169.254.169.254:80";
    let (code, text) = scene.refused(&inline(&api.kubeconfig(cluster, "token: good"))).await;
    assert_eq!(code, Code::InvalidKubeconfig);
    assert!(text.contains("the proxy 169.254.169.254:80 is at"), "{text}");
    // What a proxy should connect to is looked at as well.
    let mut proxy = Proxy::http("200 OK").await;
    let cluster = format!("proxy-url: http://{}", proxy.address);
    let config = api.kubeconfig(&cluster, "token: good");
    for host in [
        "169.254.169.254",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::169.254.169.254]",
        "0xa9fea9fe",
        "2852039166",
        "0251.0376.0251.0376",
        "169.254.169.254.",
    ] {
        let metadata = config.replace(&api.url(), &format!("https://{host}"));
        let (code, text) = scene.refused(&inline(&metadata)).await;
        assert_eq!(code, Code::InvalidKubeconfig, "{host}: {text}");
    }
    assert!(proxy.asked.try_recv().is_err(), "the proxy was asked for nothing of this");
    let odd = api.kubeconfig("proxy-url: ftp://p", "token: good");
    assert!(scene.refused(&inline(&odd)).await.1.contains("does not speak"));
}

#[tokio::test]
async fn an_account_that_wants_no_proxy_reaches_its_cluster_directly() {
    let (api, scene) = (ApiServer::start().await, Scene::new());
    let mut proxy = Proxy::http("403 Forbidden").await;
    let cluster = format!("proxy-url: http://{}", proxy.address);
    let mut definition = inline(&api.kubeconfig(&cluster, "token: good"));
    for direct in [json!(true), json!("true"), json!("localhost,127.0.0.0/8")] {
        definition["noProxy"] = direct.clone();
        assert!(scene.look(&definition).await.is_ok(), "{direct}");
    }
    assert!(proxy.asked.try_recv().is_err(), "the proxy was asked for nothing");
    for through in [json!(false), json!("example.com")] {
        definition["noProxy"] = through.clone();
        assert_eq!(scene.refused(&definition).await.0, Code::Unreachable, "{through}");
    }
}
