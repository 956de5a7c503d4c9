//! Bodies and parameters that cannot be used: each gets a clear answer, and nothing reaches the intake.

use axum::body::Body;
use axum::http::Request;
use futures::stream;
use host_core::error::StoreError;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::store::record;
use super::world::{BODY_LIMIT, World};

const ACCOUNTS: &str = "/armory/accounts";
const DYNAMIC: &str = "/armory/accounts/dynamic";

/// The details of the 400s that a body gets on a path.
async fn details<const N: usize>(method: &str, path: &str, bodies: [Value; N]) -> [String; N] {
    let world = World::new();
    let mut details = bodies.clone().map(|_| String::new());
    for (detail, body) in details.iter_mut().zip(bodies) {
        let answer = world.json(method, path, body).await;
        *detail = answer.problem(400).to_owned();
        assert_eq!(answer.header("location"), None);
    }
    assert!(world.intake.nothing_was_asked());
    details
}

#[tokio::test]
async fn a_body_that_is_not_json_is_a_400_that_says_where() {
    let world = World::new();
    for (body, detail) in [
        ("", "the body is empty; it must be JSON"),
        ("  \n", "the body is empty; it must be JSON"),
        ("name=a", "the body is not JSON: expected ident at line 1 column 2"),
        ("[{\"name\":\"a\"}", "the body is not JSON: EOF while parsing a list at line 1 column 13"),
        (
            "[{\"name\":\"hunter2",
            "the body is not JSON: EOF while parsing a string at line 1 column 17",
        ),
    ] {
        for (method, path) in
            [("POST", ACCOUNTS), ("PATCH", ACCOUNTS), ("POST", DYNAMIC), ("PUT", DYNAMIC)]
        {
            assert_eq!(world.call(method, path, body).await.problem(400), detail);
        }
    }
    world.call("POST", ACCOUNTS, vec![b'"', 0xff, b'"']).await.problem(400);
    world.call("POST", ACCOUNTS, "[".repeat(100_000)).await.problem(400);
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn an_empty_list_is_a_400() {
    let empty = "the list is empty; name at least one account";
    assert_eq!(details("POST", ACCOUNTS, [json!([])]).await, [empty]);
    assert_eq!(details("PATCH", ACCOUNTS, [json!([])]).await, [empty]);
    assert_eq!(details("POST", DYNAMIC, [json!([])]).await, [empty]);
    let none = "no account is named; give a list of names, or ?names=a,b";
    assert_eq!(details("DELETE", ACCOUNTS, [json!([])]).await, [none]);
    assert_eq!(World::new().call("DELETE", ACCOUNTS, Body::empty()).await.problem(400), none);
    assert_eq!(
        World::new().call("DELETE", "/armory/accounts?names=,", Body::empty()).await.problem(400),
        none
    );
}

#[tokio::test]
async fn a_wrong_type_is_named_by_its_place() {
    let list = "the body must be a list of accounts: [{\"name\": …}]";
    assert_eq!(
        details(
            "POST",
            ACCOUNTS,
            [
                json!({"name": "a"}),
                json!("a"),
                json!([{"name": "a"}, "b"]),
                json!([{"name": 5}]),
                json!([{}]),
                json!([{"name": null}]),
                json!([{"name": "a"}, {"name": "b", "zoneid": 1}]),
                json!([{"name": "a", "kubeConfigFile": true}]),
            ]
        )
        .await,
        [
            list,
            list,
            "[1] must be an object",
            "[0].name must be a string",
            "[0].name is missing",
            "[0].name is missing",
            "[1].zoneId must be a string",
            "[0].kubeconfigFile must be a string",
        ]
    );
}

#[tokio::test]
async fn a_patch_wants_one_of_two_states() {
    assert_eq!(
        details(
            "PATCH",
            ACCOUNTS,
            [
                json!([{"name": "a"}]),
                json!([{"name": "a", "state": "FAILED"}]),
                json!([{"name": "a", "state": 1}]),
                json!([{"name": "a", "state": "INACTIVE", "kubeconfigFile": "/kc"}]),
            ]
        )
        .await,
        [
            "[0].state must be ACTIVE or INACTIVE: the state that is wanted",
            "[0].state must be ACTIVE or INACTIVE: the state that is wanted",
            "[0].state must be a string",
            "[0].kubeconfigFile goes with the state ACTIVE only",
        ]
    );
}

#[tokio::test]
async fn a_definition_that_cannot_be_is_a_400_that_names_the_attribute() {
    let kubeconfig = |given: u8| {
        format!(
            "a: give exactly one of kubeconfigContents, kubeconfigFile and serviceAccount: true \
             ({given} are given)"
        )
    };
    assert_eq!(
        details(
            "POST",
            DYNAMIC,
            [
                json!({"name": "a"}),
                json!({"name": "a", "kubeconfigFile": "/kc", "serviceAccount": true}),
                json!({"name": "a", "serviceAccount": true, "namespaces": "default"}),
                json!([{"name": "a", "serviceAccount": true, "metrics": "yes"}]),
                json!({"name": "a", "serviceAccount": true, "permissions": {"READ": ["dev", " "]}}),
                json!({"name": "a", "serviceAccount": true, "namespaces": ["x"], "omitNamespaces": ["y"]}),
                json!({"name": "a", "serviceAccount": true, "type": "aws"}),
                json!({"name": "a", "serviceAccount": true, "zoneId": " eu"}),
                json!({}),
            ]
        )
        .await,
        [
            kubeconfig(0),
            kubeconfig(2),
            "namespaces must be a list of strings".into(),
            "[0].metrics must be true or false".into(),
            "a: permissions.READ has a role that is blank or has blanks around it".into(),
            "a: namespaces and omitNamespaces exclude each other".into(),
            "a: type must be kubernetes, or left out".into(),
            "a: zoneId has at most 255 characters, no control characters, and no blanks around it".into(),
            "the object is empty; give a name and what is to change".into(),
        ]
    );
}

#[tokio::test]
async fn one_definition_that_cannot_be_stops_no_other() {
    let world = World::new();
    let body = json!([{"name": "good", "serviceAccount": true}, {"name": "bad"}]);
    assert_eq!(world.json("POST", DYNAMIC, body).await.status, 202);
    let asked = world.intake.only();
    assert_eq!(asked.groups[0].1.len(), 1);
    assert_eq!(
        (asked.refused[0].0.as_str(), asked.refused[0].1.code.as_str()),
        ("bad", "definition")
    );
}

#[tokio::test]
async fn an_update_is_one_object_that_leaves_a_usable_definition() {
    let world = World::new();
    world.store.put(record("a", json!({"kubeconfigFile": "/kc", "namespaces": ["x"]})));
    for (body, detail) in [
        (json!([{"name": "a", "metrics": true}]), "the body must be one object"),
        (json!({}), "the object is empty; give a name and what is to change"),
        (json!({"metrics": true}), "name is missing"),
        (
            json!({"name": "a"}),
            "a: nothing is to change; give an attribute or a zoneId beside the name",
        ),
        (
            json!({"name": "a", "cacheThreads": -1}),
            "cacheThreads must be a whole number, 0 or more",
        ),
        (
            json!({"name": "a", "kubeconfigFile": null}),
            "the change would leave a definition that cannot be used: give exactly one of \
             kubeconfigContents, kubeconfigFile and serviceAccount: true (0 are given)",
        ),
        (
            json!({"name": "a", "omitNamespaces": ["y"]}),
            "the change would leave a definition that cannot be used: namespaces and omitNamespaces \
             exclude each other",
        ),
    ] {
        assert_eq!(world.json("PUT", DYNAMIC, body).await.problem(400), detail);
    }
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn an_update_of_an_unknown_account_is_a_404() {
    let world = World::new();
    world.store.put(record("EU-1", json!({"kubeconfigFile": "/kc"})));
    let put = async |name: &str| {
        let body = json!({"name": name, "metrics": true});
        world.json("PUT", DYNAMIC, body).await.problem(404).to_owned()
    };
    assert_eq!(put("b").await, "there is no account b; ?upsert=true creates one");
    assert_eq!(
        put("eu-1").await,
        "there is no account eu-1; there is EU-1, names are compared exactly; ?upsert=true creates one"
    );
}

#[tokio::test]
async fn a_static_row_refuses_an_update_whatever_it_would_become() {
    let world = World::new();
    let mut declared = record("s", json!({}));
    declared.account.declared_by = Some("agent-a".into());
    world.store.put(declared);
    world.intake.refuse("s", "static", Some("ACTIVE"), &[]);
    world.json("PUT", DYNAMIC, json!({"name": "s", "metrics": true})).await.problem(409);
}

#[tokio::test]
async fn a_delete_wants_names() {
    assert_eq!(
        details(
            "DELETE",
            ACCOUNTS,
            [json!({"name": "a"}), json!(["a", 5]), json!([{"name": "a"}])]
        )
        .await,
        [
            "the body must be a list of names: [\"a\", \"b\"]",
            "[1] must be a string",
            "[0] must be a string"
        ]
    );
    let world = World::new();
    assert_eq!(
        world.json("DELETE", "/armory/accounts?names=a,b", json!(["a"])).await.problem(400),
        "the body and ?names= name different accounts; give one of them"
    );
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn a_body_over_the_limit_is_a_413() {
    let over = BODY_LIMIT + 1;
    let world = World::new();
    for body in [
        Body::from(" ".repeat(over)),
        Body::from_stream(stream::iter(
            (0..3).map(|_| Ok::<_, std::io::Error>(" ".repeat(BODY_LIMIT))),
        )),
        Body::from_stream(stream::repeat(" ".repeat(BODY_LIMIT)).map_ok()),
    ] {
        let detail = world.call("POST", ACCOUNTS, body).await.problem(413).to_owned();
        assert!(detail.starts_with("the body has more than 2097152 bytes"), "{detail}");
    }
    let announced = Request::builder()
        .method("POST")
        .uri(ACCOUNTS)
        .header("content-length", "1099511627776")
        .body(Body::from_stream(stream::pending::<Result<String, std::io::Error>>()));
    world.send(announced.expect("a good request")).await.problem(413);
    assert!(world.intake.nothing_was_asked());
}

/// A stream of texts as a stream of chunks that never fails.
trait MapOk: Sized {
    fn map_ok(self)
    -> impl futures::Stream<Item = Result<String, std::io::Error>> + Send + 'static;
}

impl<S: futures::Stream<Item = String> + Send + 'static> MapOk for S {
    fn map_ok(
        self,
    ) -> impl futures::Stream<Item = Result<String, std::io::Error>> + Send + 'static {
        futures::StreamExt::map(self, Ok)
    }
}

#[tokio::test]
async fn whoever_sends_too_much_gets_to_read_the_answer() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = World::new().router();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let body = " ".repeat(3 * BODY_LIMIT);
    let head =
        format!("POST {ACCOUNTS} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
    stream.write_all(head.as_bytes()).await.expect("the head is taken");
    stream.write_all(body.as_bytes()).await.expect("the body is taken");
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 413");
    server.abort();
}

#[tokio::test]
async fn a_body_that_fits_exactly_is_taken() {
    let world = World::new();
    let mut body = r#"[{"name":"a"}]"#.to_owned();
    body.push_str(&" ".repeat(BODY_LIMIT - body.len()));
    assert_eq!(world.call("POST", ACCOUNTS, body).await.status, 202);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_400() {
    let broken = stream::iter([Ok("[".to_owned()), Err(std::io::Error::other("reset"))]);
    let world = World::new();
    world.call("POST", ACCOUNTS, Body::from_stream(broken)).await.problem(400);
    assert!(world.intake.nothing_was_asked());
}

#[tokio::test]
async fn parameters_out_of_range_are_named() {
    let world = World::new();
    for (path, part) in [
        ("/armory/accounts?limit=0", "limit must be 1 to 1000, not 0"),
        ("/armory/accounts?limit=1001", "limit must be 1 to 1000, not 1001"),
        ("/armory/accounts?page=0", "page must be 1 to 1000000, not 0"),
        ("/armory/accounts?page=18446744073709551615", "page must be 1 to 1000000"),
        ("/armory/accounts?page=x", "page: invalid digit"),
        ("/armory/accounts?page=-1", "page: invalid digit"),
        ("/armory/accounts?page=1&page=2", "duplicate field `page`"),
        ("/armory/accounts?page=2&after=a", "page and after exclude each other"),
        ("/armory/accounts/a/history?limit=5000", "limit must be 1 to 1000, not 5000"),
        ("/armory/agent/operations?items=0", "items must be 1 to 1000, not 0"),
        ("/armory/agent/operations?page=0", "page must be 1 to 1000000, not 0"),
    ] {
        let answer = world.get(path).await;
        assert!(answer.problem(400).contains(part), "{path}: {}", answer.body);
    }
    let body = json!({"name": "a", "metrics": true});
    let answer = world.json("PUT", "/armory/accounts/dynamic?upsert=maybe", body).await;
    assert!(answer.problem(400).contains("upsert"), "{}", answer.body);
}

#[tokio::test]
async fn what_the_database_says_stays_in_the_log() {
    let world = World::new();
    let secretive = "open /var/lib/bridge.db: I/O error";
    for (trouble, status) in [
        (StoreError::Unavailable(secretive.into()), 503),
        (StoreError::Refused(secretive.into()), 500),
    ] {
        *world.store.trouble.lock().expect("no panic") = Some(trouble);
        for path in [ACCOUNTS, "/armory/accounts/a", "/armory/agents", "/operations/01R"] {
            let answer = world.get(path).await;
            answer.problem(status);
            assert!(!answer.body.to_string().contains("/var/lib"), "{}", answer.body);
        }
    }
}
