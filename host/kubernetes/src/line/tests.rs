//! What a request looks like to a server: its path, its host, and who asks.

use http::Request;
use kube::client::Body;
use rustls::pki_types::ServerName;
use tokio::io::AsyncReadExt as _;

use super::{client, talk};
use crate::access::{Access, choose};
use crate::credentials;
use crate::exec::Commands;
use crate::files::Files;
use crate::kubeconfig;
use crate::options::ExecRules;
use crate::step::Progress;
use crate::testing::Clock;
use crate::tls;

fn access(server: &str, user: &str) -> Access {
    let config = format!(
        "{{current-context: a, contexts: [{{name: a, context: {{cluster: a, user: a}}}}], clusters: [{{name: a, cluster: \
         {{server: '{server}'}}}}], users: [{{name: a, user: {{{user}}}}}]}}"
    );
    let config = kubeconfig::read(&config).unwrap();
    choose(config, None, &Files::under(None), &ExecRules::default()).unwrap()
}

/// The head of a request for the version.
async fn head(server: &str, user: &str) -> String {
    let (access, progress) = (access(server, user), Progress::default());
    let commands = Commands::new(Clock::new());
    let credentials = credentials::fetch(&access, &commands, &progress).await.unwrap();
    let (here, mut there) = tokio::io::duplex(64 << 10);
    let (sender, _connection) = talk(here, "a server").await.unwrap();
    let client = client(sender, &access, &credentials).unwrap();
    let asking = client.send(Request::get("/version").body(Body::empty()).unwrap());
    let hearing = async {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(there.read_u8().await.unwrap());
        }
        drop(there);
        String::from_utf8(head).unwrap()
    };
    let (answer, head) = futures::future::join(asking, hearing).await;
    assert!(answer.is_err(), "nobody answered");
    head
}

/// The values of a header.
fn values<'a>(head: &'a str, name: &str) -> Vec<&'a str> {
    let values = head.lines().filter_map(|line| line.split_once(": "));
    values.filter(|(header, _)| *header == name).map(|(_, value)| value).collect()
}

#[tokio::test]
async fn a_servers_path_begins_every_request() {
    let head = head("https://api:6443/k8s/clusters/c-1", "token: good").await;
    assert!(head.starts_with("GET /k8s/clusters/c-1/version HTTP/1.1\r\n"), "{head}");
    assert_eq!(values(&head, "host"), ["api:6443"]);
    assert_eq!(values(&head, "authorization"), ["Bearer good"]);
}

#[tokio::test]
async fn an_ipv6_address_is_a_host_and_a_name_that_a_certificate_is_for() {
    let head = head("https://[2001:DB8::1]:6443", "").await;
    assert_eq!(values(&head, "host")[0].to_lowercase(), "[2001:db8::1]:6443");
    assert!(values(&head, "authorization").is_empty(), "{head}");
    let access = access("https://[2001:DB8::1]:6443", "");
    let name = tls::name(&access.server.host).unwrap();
    assert!(matches!(name, ServerName::IpAddress(_)), "{name:?}");
}

#[tokio::test]
async fn a_user_and_password_are_shown_unless_there_is_a_token() {
    let basic = head("https://api", "username: me, password: 'pa:ss'").await;
    assert_eq!(values(&basic, "authorization"), ["Basic bWU6cGE6c3M="]);
    let both = head("https://api", "username: me, password: pass, token: good").await;
    assert_eq!(values(&both, "authorization"), ["Bearer good"]);
}

#[tokio::test]
async fn whom_one_acts_as_stands_in_every_request() {
    let user =
        "token: good, as: me, as-uid: '7', as-groups: [dev, ops], as-user-extra: {a: [b, c]}";
    let head = head("https://api", user).await;
    assert_eq!(values(&head, "impersonate-user"), ["me"]);
    assert_eq!(values(&head, "impersonate-uid"), ["7"]);
    assert_eq!(values(&head, "impersonate-group"), ["dev", "ops"]);
    assert_eq!(values(&head, "impersonate-extra-a"), ["b", "c"]);
    assert_eq!(values(&head, "authorization"), ["Bearer good"]);
}
