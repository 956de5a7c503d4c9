//! What is read: accounts in both shapes, lists, agents, requests, histories, health. No read shows a secret value.

use axum::body::Body;
use host_core::account::Identity;
use host_core::agent::Presence;
use host_core::holding::{Health, Holding, Observed, Refusal};
use host_core::journal::JournalEntry;
use host_core::operation::OperationKind;
use host_core::port::store::AgentNamespaces;
use serde_json::{Value, json};

use super::store::{agent, holding, record};
use super::world::{NOW, REQUEST, World, failure};

/// A world with three accounts and three agents, of which one is gone.
pub(super) fn world() -> World {
    let world = World::new();
    let definition = json!({
        "kubeconfigContents": "secret://swingbridge/0badcafe", "namespaces": ["dev"],
        "permissions": {"READ": ["ops"], "WRITE": ["ops"]},
    });
    world.store.put(record("a", definition));
    world.store.put(record("b", json!({"kubeconfigFile": "/kc"})));
    let mut declared = record("s", json!({}));
    declared.account.declared_by = Some("agent-a".into());
    declared.account.zone = Some("us".into());
    declared.source = "agent".into();
    world.store.put(declared);
    world.store.fill(|content| {
        content.agents = vec![
            agent("agent-c", Presence::Gone),
            agent("agent-b", Presence::Awaited),
            agent("agent-a", Presence::Connected),
        ];
        let stranger = Identity { fingerprint: "66:66".into(), ..super::store::cluster("a") };
        let refusal = Refusal {
            failure: failure("identity-conflict"),
            kind: OperationKind::Add,
            definition_revision: 1,
            at: NOW,
            times: 1,
        };
        content.holdings = vec![
            Holding {
                health: Some(Health { failure: Some(failure("timeout")), since: NOW - 9_000 }),
                ..holding("a", "agent-a", Observed::Held(1))
            },
            holding("s", "agent-a", Observed::Held(0)),
            // What one saw that is gone says nothing of now.
            Holding {
                health: Some(Health { failure: None, since: NOW - 9_000 }),
                ..holding("a", "agent-c", Observed::Held(1))
            },
            Holding {
                identity: Some(stranger),
                refusal: Some(refusal),
                ..holding("a", "agent-b", Observed::NotHeld)
            },
        ];
        let seen = |agent: &str, names: &[&str]| AgentNamespaces {
            agent: agent.into(),
            namespaces: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        content.namespaces =
            vec![seen("agent-a", &["dev", "default"]), seen("agent-c", &["default", "old"])];
        content.journal = vec![
            step("01J1", None, Some("INACTIVE")),
            step("01J2", Some("INACTIVE"), Some("TO_MIGRATE")),
        ];
    });
    world
}

fn step(id: &str, from: Option<&str>, to: Option<&str>) -> JournalEntry {
    JournalEntry {
        id: id.into(),
        at: NOW,
        account: "a".into(),
        from: from.map(str::to_owned),
        to: to.map(str::to_owned),
        event: "activate".into(),
        reason: "ada asked for it".into(),
        who: "ada".into(),
        request: Some(REQUEST.into()),
        operation: None,
        module: "sha256:d1".into(),
        revision: 2,
    }
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "one answer, whole")]
async fn an_account_is_read_in_the_shape_that_scripts_poll() {
    let answer = world().get("/agents/kubernetes/accounts/a").await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "name": "a",
      "status": "ACTIVE",
      "dynamic": true,
      "zoneId": "eu",
      "connections": 1,
      "healthy": false,
      "retryCount": 0,
      "errorMessage": null,
      "errorCode": null,
      "certFingerprint": "27:5E",
      "kubeHost": "https://a.simulated:6443",
      "kubeVersion": "v1.33.1",
      "lastUpdated": 1795348857499,
      "stateSince": 1795348857499,
      "source": "clouddriver.accounts",
      "revision": 7,
      "permissions": {
        "READ": [
          "ops"
        ],
        "WRITE": [
          "ops"
        ]
      },
      "properties": {
        "permissions": {
          "READ": [
            "ops"
          ],
          "WRITE": [
            "ops"
          ]
        }
      },
      "agents": [
        {
          "agentId": "agent-a",
          "zoneId": "eu",
          "caching": true,
          "connected": true,
          "healthy": false,
          "healthError": {
            "code": "timeout",
            "text": "the text of timeout"
          },
          "healthSince": 1795348908499,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "27:5E",
            "kubeVersion": "v1.33.1"
          },
          "conflict": false,
          "namespaces": 2,
          "error": null
        },
        {
          "agentId": "agent-b",
          "zoneId": "eu",
          "caching": false,
          "connected": false,
          "healthy": null,
          "healthError": null,
          "healthSince": null,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "66:66",
            "kubeVersion": "v1.33.1"
          },
          "conflict": true,
          "namespaces": null,
          "error": {
            "code": "identity-conflict",
            "text": "the text of identity-conflict"
          }
        },
        {
          "agentId": "agent-c",
          "zoneId": "eu",
          "caching": false,
          "connected": false,
          "healthy": null,
          "healthError": null,
          "healthSince": null,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "27:5E",
            "kubeVersion": "v1.33.1"
          },
          "conflict": false,
          "namespaces": 2,
          "error": null
        }
      ],
      "definition": {
        "kubeconfigContents": "secret://swingbridge/0badcafe",
        "namespaces": [
          "dev"
        ],
        "permissions": {
          "READ": [
            "ops"
          ],
          "WRITE": [
            "ops"
          ]
        }
      }
    }
    "#);
}

#[tokio::test]
async fn an_account_is_read_with_what_each_agent_said() {
    let answer = world().get("/armory/accounts/a").await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "name": "a",
      "type": "kubernetes",
      "source": "clouddriver.accounts",
      "config": {
        "kubeconfigContents": "secret://swingbridge/0badcafe",
        "namespaces": [
          "dev"
        ],
        "permissions": {
          "READ": [
            "ops"
          ],
          "WRITE": [
            "ops"
          ]
        }
      },
      "zoneId": "eu",
      "agents": [
        {
          "agentId": "agent-a",
          "zoneId": "eu",
          "caching": true,
          "connected": true,
          "healthy": false,
          "healthError": {
            "code": "timeout",
            "text": "the text of timeout"
          },
          "healthSince": 1795348908499,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "27:5E",
            "kubeVersion": "v1.33.1"
          },
          "conflict": false,
          "namespaces": 2,
          "error": null
        },
        {
          "agentId": "agent-b",
          "zoneId": "eu",
          "caching": false,
          "connected": false,
          "healthy": null,
          "healthError": null,
          "healthSince": null,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "66:66",
            "kubeVersion": "v1.33.1"
          },
          "conflict": true,
          "namespaces": null,
          "error": {
            "code": "identity-conflict",
            "text": "the text of identity-conflict"
          }
        },
        {
          "agentId": "agent-c",
          "zoneId": "eu",
          "caching": false,
          "connected": false,
          "healthy": null,
          "healthError": null,
          "healthSince": null,
          "configured": false,
          "cluster": {
            "kubeHost": "https://a.simulated:6443",
            "certFingerprint": "27:5E",
            "kubeVersion": "v1.33.1"
          },
          "conflict": false,
          "namespaces": 2,
          "error": null
        }
      ],
      "status": "ACTIVE",
      "lastAssignmentMsg": "ada asked for it"
    }
    "#);
}

#[tokio::test]
async fn a_static_row_says_that_it_is_not_dynamic() {
    let answer = world().get("/agents/kubernetes/accounts/s").await;
    assert_eq!((&answer.body["dynamic"], &answer.body["connections"]), (&json!(false), &json!(1)));
}

#[tokio::test]
async fn an_error_of_the_row_is_what_the_assignment_says() {
    let world = world();
    let mut failed = record("f", json!({"kubeconfigFile": "/kc"}));
    failed.account.error = Some(failure("unreachable"));
    failed.account.failed_count = 2;
    world.store.put(failed);
    let assignment = world.get("/armory/accounts/f").await.body;
    assert_eq!(assignment["lastAssignmentMsg"], "the text of unreachable");
    let account = world.get("/agents/kubernetes/accounts/f").await.body;
    assert_eq!((&account["errorCode"], &account["retryCount"]), (&json!("unreachable"), &json!(2)));
}

#[tokio::test]
async fn an_unknown_account_is_a_404_in_every_shape() {
    let world = world();
    for path in [
        "/armory/accounts/u",
        "/agents/kubernetes/accounts/u",
        "/agents/kubernetes/accounts/u/namespaces",
        "/armory/accounts/A",
    ] {
        let name = path.split('/').find(|part| ["u", "A"].contains(part)).expect("a name");
        assert_eq!(world.get(path).await.problem(404), format!("there is no account {name}"));
    }
    let never = "there is no account u, and there never was one";
    assert_eq!(world.get("/armory/accounts/u/history").await.problem(404), never);
}

#[tokio::test]
async fn the_list_is_by_name_with_live_connections_and_without_definitions() {
    let answer = world().get("/armory/accounts").await;
    let (body, status) = (answer.body, answer.status);
    assert_eq!(status, 200);
    assert_eq!(
        (&body["page"], &body["limit"], &body["total"]),
        (&json!(1), &json!(100), &json!(3))
    );
    let brief: Vec<_> = body["items"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|item| (item["name"].clone(), item["connections"].clone(), item.get("definition")))
        .collect();
    assert_eq!(
        brief,
        [(json!("a"), json!(1), None), (json!("b"), json!(0), None), (json!("s"), json!(1), None)]
    );
}

#[tokio::test]
async fn the_list_is_filtered_and_paged() {
    let world = world();
    for (query, found, total) in [
        ("?page=2&limit=1", vec!["b"], json!(3)),
        ("?page=9", vec![], json!(3)),
        ("?zone=us", vec!["s"], json!(1)),
        ("?state=ACTIVE&source=agent", vec!["s"], json!(1)),
        ("?state=FAILED", vec![], json!(0)),
        ("?q=b", vec!["b"], json!(1)),
        ("?q=", vec!["a", "b", "s"], json!(3)),
        ("?after=a&limit=1", vec!["b"], Value::Null),
        ("?after=", vec!["a", "b", "s"], Value::Null),
    ] {
        let body = world.get(&format!("/armory/accounts{query}")).await.body;
        let names: Vec<_> = body["items"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|item| item["name"].clone())
            .collect();
        assert_eq!(names, found, "{query}");
        assert_eq!(body["total"], total, "{query}");
        assert_eq!(body.get("page").is_some(), !total.is_null(), "{query}");
    }
}

#[tokio::test]
async fn a_page_of_a_thousand_is_one_page() {
    let world = World::new();
    for n in 0..1_200 {
        world.store.put(record(&format!("account-{n:04}"), json!({"serviceAccount": true})));
    }
    let body = world.get("/armory/accounts?limit=1000").await.body;
    assert_eq!(
        (body["items"].as_array().map(Vec::len), &body["total"]),
        (Some(1_000), &json!(1_200))
    );
}

#[tokio::test]
async fn the_journal_is_read_newest_first_and_in_parts() {
    let world = world();
    let first = world.get("/armory/accounts/a/history?limit=1").await;
    insta::assert_json_snapshot!(first.body, @r#"
    {
      "items": [
        {
          "id": "01J2",
          "at": 1795348917499,
          "from": "INACTIVE",
          "to": "TO_MIGRATE",
          "event": "activate",
          "why": "ada asked for it",
          "who": "ada",
          "module": "sha256:d1",
          "operation": "01REQUEST",
          "agentOperation": null,
          "revision": 2,
          "stayedMs": 0
        }
      ],
      "limit": 1,
      "spentMs": {
        "TO_MIGRATE": 0
      }
    }
    "#);
    let rest = world.get("/armory/accounts/a/history?before=01J2").await.body;
    assert_eq!(
        (&rest["items"][0]["id"], &rest["items"][0]["from"]),
        (&json!("01J1"), &Value::Null)
    );
    let end = world.get("/armory/accounts/a/history?before=01J1").await;
    assert_eq!((end.status.as_u16(), &end.body["items"]), (200, &json!([])));
}

#[tokio::test]
async fn the_journal_of_a_removed_account_stays() {
    let world = world();
    world.store.fill(|content| {
        content.accounts.remove("a");
    });
    assert_eq!(world.get("/armory/accounts/a/history").await.status, 200);
    world.get("/armory/accounts/a").await.problem(404);
}

#[tokio::test]
async fn agents_that_are_gone_are_found_by_name_only() {
    let world = world();
    let answer = world.get("/armory/agents").await;
    insta::assert_json_snapshot!(answer.body, @r#"
    [
      {
        "agentId": "agent-a",
        "accounts": [
          "a",
          "s"
        ],
        "caching": true,
        "clouddriverId": "bridge-a",
        "lastConnection": "2026-11-22T12:01:56.499Z",
        "type": "kubernetes",
        "zoneId": "eu",
        "presence": "connected",
        "version": "0.1.0"
      },
      {
        "agentId": "agent-b",
        "accounts": [],
        "caching": false,
        "clouddriverId": "bridge-a",
        "lastConnection": "2026-11-22T12:01:56.499Z",
        "type": "kubernetes",
        "zoneId": "eu",
        "presence": "awaited",
        "version": "0.1.0"
      }
    ]
    "#);
    let gone = world.get("/armory/agents/agent-c").await;
    assert_eq!((&gone.body["presence"], &gone.body["caching"]), (&json!("gone"), &json!(false)));
    assert_eq!(world.get("/armory/agents/nobody").await.problem(404), "there is no agent nobody");
}

#[tokio::test]
async fn only_an_agent_with_a_stream_here_can_be_disconnected() {
    let world = world();
    world.intake.streams.lock().expect("no panic").push("agent-a".into());
    let path = |id: &str| format!("/armory/agent/{id}/disconnect");
    let body = json!({"clusterDriven": false, "origin": "x", "timestamp": 1}).to_string();
    let answer = world.call("POST", &path("agent-a"), body).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, json!([])));
    let away = world.call("POST", &path("agent-c"), Body::empty()).await;
    assert_eq!(
        away.problem(409),
        "agent-c has no stream that can be ended (it is gone, last at bridge-a)"
    );
    world.call("POST", &path("nobody"), Body::empty()).await.problem(404);
}

#[tokio::test]
async fn no_read_shows_a_secret_value() {
    let world = world();
    // As no row should ever be, were a sealing forgotten.
    let planted = json!({
        "kubeconfigContents": "PLANTED-1", "kubeconfigAgent": "PLANTED-2",
        "registry": {"password": "PLANTED-3"}, "list": [{"apiToken": "PLANTED-4"}],
        "hint": "encrypted:noop!v:PLANTED-5", "kubeconfigFile": "secret://vault/kept",
    });
    world.store.put(record("p", planted));
    for path in [
        "/armory/accounts",
        "/armory/accounts/p",
        "/armory/accounts/p/history",
        "/agents/kubernetes/accounts/p",
    ] {
        let body = world.get(path).await.body.to_string();
        assert!(!body.contains("PLANTED"), "{path}: {body}");
    }
    let config = world.get("/armory/accounts/p").await.body["config"].clone();
    assert_eq!(config["kubeconfigFile"], "secret://vault/kept");
    // What a caller sends is not sent back either, whatever is wrong with it.
    for (method, path, body) in [
        (
            "POST",
            "/armory/accounts/dynamic",
            json!({"name": "x", "kubeconfigContents": ["PLANTED"]}),
        ),
        (
            "POST",
            "/armory/accounts/dynamic",
            json!({"name": "x", "kubeconfigContents": "PLANTED", "kubeconfigFile": "/k"}),
        ),
        (
            "PUT",
            "/armory/accounts/dynamic",
            json!({"name": "p", "kubeconfigContents": "PLANTED", "serviceAccount": true}),
        ),
        ("PUT", "/armory/accounts/dynamic", json!({"name": "u", "kubeconfigContents": "PLANTED"})),
    ] {
        let answer = world.json(method, path, body).await;
        assert!(answer.status.is_client_error());
        assert!(!answer.body.to_string().contains("PLANTED"), "{}", answer.body);
    }
    world
        .json(
            "POST",
            "/armory/accounts/dynamic",
            json!({"name": "x", "kubeconfigContents": "PLANTED"}),
        )
        .await;
    assert!(!format!("{:?}", world.intake.only()).contains("PLANTED"));
}
