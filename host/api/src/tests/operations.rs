//! Requests and operations as they are read.

use axum::body::Body;
use host_core::event::Action;
use host_core::operation::{Operation, OperationKind, OperationState, SeenNamespaces, Sight};
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use serde_json::{Value, json};

use super::store::{cluster, operation};
use super::world::{NOW, REQUEST, World};

fn request(world: &World, items: Vec<RequestItem>, total: u64) {
    world.store.fill(|content| {
        content.items = items;
        content.requests = vec![RequestRow {
            id: REQUEST.into(),
            action: Action::Activate,
            who: "ada".into(),
            created_at: NOW - 1_000,
            total,
            replica: "bridge-a".into(),
        }];
        content.operations = vec![
            operation("01O1", "a", OperationState::Done),
            operation("01O2", "b", OperationState::Refused),
            operation("01O3", "b", OperationState::Pending),
        ];
    });
}

fn item(name: &str, outcome: ItemOutcome, state: &str) -> RequestItem {
    RequestItem { name: name.into(), outcome, state: Some(state.into()) }
}

#[tokio::test]
async fn a_request_is_read_with_each_account_and_what_agents_answered() {
    let world = World::new();
    let pending = item("b", ItemOutcome::Pending, "ACTIVATING");
    request(&world, vec![item("a", ItemOutcome::Done, "ACTIVE"), pending], 2);
    let answer = world.get("/operations/01REQUEST").await;
    assert_eq!(answer.status, 200);
    insta::assert_json_snapshot!(answer.body, @r#"
    {
      "operation": "01REQUEST",
      "done": false,
      "items": [
        {
          "name": "a",
          "outcome": "done",
          "state": "ACTIVE",
          "error": null,
          "agents": [
            {
              "agentId": "agent-a",
              "operation": "01O1",
              "type": "AddAccounts",
              "outcome": "done",
              "error": null,
              "sentAt": 1795348916699,
              "endedAt": 1795348917199
            }
          ]
        },
        {
          "name": "b",
          "outcome": "pending",
          "state": "ACTIVATING",
          "error": null,
          "agents": [
            {
              "agentId": "agent-a",
              "operation": "01O2",
              "type": "AddAccounts",
              "outcome": "refused",
              "error": {
                "code": "unreachable",
                "text": "the text of unreachable"
              },
              "sentAt": 1795348916699,
              "endedAt": 1795348917199
            },
            {
              "agentId": "agent-a",
              "operation": "01O3",
              "type": "AddAccounts",
              "outcome": "pending",
              "error": null,
              "sentAt": 1795348916699,
              "endedAt": null
            }
          ]
        }
      ],
      "action": "activate",
      "who": "ada",
      "createdAt": 1795348916499
    }
    "#);
}

#[tokio::test]
async fn an_answer_to_a_check_says_which_cluster_was_reached_and_what_is_there() {
    let world = World::new();
    request(&world, vec![item("a", ItemOutcome::Done, "INACTIVE")], 1);
    let namespaces = SeenNamespaces { count: 512, first: vec!["default".into()] };
    let sight = Sight { identity: Some(cluster("a")), namespaces: Some(namespaces) };
    let checked = Operation {
        kind: OperationKind::Check,
        sight: Some(sight),
        ..operation("01O1", "a", OperationState::Done)
    };
    world.store.fill(|content| content.operations = vec![checked]);
    let answer = world.get("/operations/01REQUEST").await;
    let agent = &answer.body["items"][0]["agents"][0];
    assert_eq!(agent["cluster"]["kubeVersion"], "v1.33.1");
    assert_eq!(agent["namespaces"], json!({"count": 512, "first": ["default"]}));
}

#[tokio::test]
async fn a_check_that_is_waited_for_is_answered_with_what_each_agent_said() {
    let world = World::new();
    world.intake.later("a", ItemOutcome::Done, Some("INACTIVE"));
    let checked = operation("01O1", "a", OperationState::Refused);
    world.store.fill(|content| content.operations = vec![checked]);
    let answer = world.call("POST", "/armory/accounts/a/check?wait=5s", Body::empty()).await;
    assert_eq!(answer.status, 200);
    let agent = &answer.body["items"][0]["agents"][0];
    assert_eq!((&agent["agentId"], &agent["outcome"]), (&json!("agent-a"), &json!("refused")));
    let plain = world.call("POST", "/armory/accounts/a/check", Body::empty()).await;
    assert_eq!((plain.status.as_u16(), plain.body), (202, json!([])));
}

#[tokio::test]
async fn a_rebind_says_which_claim_it_means() {
    let world = World::new();
    let path = "/armory/accounts/a/rebind?fingerprint=27%3A5E&agent=agent-b";
    assert_eq!(world.call("POST", path, Body::empty()).await.status, 202);
    let (action, items) = world.intake.only().groups.remove(0);
    assert_eq!(action, Action::Rebind);
    let said = [("fingerprint".to_owned(), "27:5E".to_owned()), ("agent".into(), "agent-b".into())];
    assert_eq!(items[0].attributes, said);
    let empty = world.call("POST", "/armory/accounts/a/rebind?agent=", Body::empty()).await;
    assert!(empty.problem(400).contains("agent must have"));
}

#[tokio::test]
async fn a_request_can_be_waited_for() {
    let world = World::new();
    request(&world, vec![item("a", ItemOutcome::Pending, "ACTIVATING")], 1);
    assert_eq!(world.get("/operations/01REQUEST?wait=5s").await.status, 202);
    let waited = world.intake.waited.lock().expect("no panic").clone();
    assert_eq!(waited, [(REQUEST.to_owned(), NOW + 5_000)]);
    request(&world, vec![item("a", ItemOutcome::Done, "ACTIVE")], 1);
    assert_eq!(world.get("/operations/01REQUEST?wait=5s").await.status, 200);
    assert_eq!(world.intake.waited.lock().expect("no panic").len(), 1);
}

#[tokio::test]
async fn a_request_whose_batches_are_not_all_there_is_not_done() {
    let world = World::new();
    request(&world, vec![item("a", ItemOutcome::Done, "ACTIVE")], 2);
    assert_eq!(world.get("/operations/01REQUEST").await.body["done"], json!(false));
    world.get("/operations/01UNKNOWN").await.problem(404);
}

#[tokio::test]
async fn operations_are_read_hop_by_hop() {
    let world = World::new();
    request(&world, Vec::new(), 0);
    let list = world.get("/armory/agent/operations?items=2").await.body;
    let ids: Vec<_> =
        list.as_array().expect("a list").iter().map(|o| o["operationId"].clone()).collect();
    assert_eq!(ids, ["01O3", "01O2"]);
    let second = world.get("/armory/agent/operations?items=2&page=2").await.body;
    assert_eq!(
        (second.as_array().map(Vec::len), &second[0]["operationId"]),
        (Some(1), &json!("01O1"))
    );
    let one = world.get("/armory/agent/operations/01O2").await;
    insta::assert_json_snapshot!(one.body, @r#"
    {
      "operationId": "01O2",
      "operationType": "AddAccounts",
      "account": "b",
      "startTime": 1795348916599,
      "endTime": 1795348917199,
      "totalDurationMs": 600,
      "finalOutcome": "refused",
      "error": {
        "code": "unreachable",
        "text": "the text of unreachable"
      },
      "parent": "01REQUEST",
      "generation": 3,
      "opProcessedByClouddriver": {
        "time": 1795348916599
      },
      "opSentToAgent": {
        "agentId": "agent-a",
        "time": 1795348916699,
        "attempts": 1
      },
      "resultReceivedFromAgent": {
        "agentId": "agent-a",
        "time": 1795348917199,
        "result": {
          "status": "refused",
          "durationMs": 500
        }
      }
    }
    "#);
    let pending = world.get("/armory/agent/operations/01O3").await.body;
    assert_eq!(
        (&pending["endTime"], &pending["resultReceivedFromAgent"]),
        (&Value::Null, &Value::Null)
    );
    world.get("/armory/agent/operations/01NONE").await.problem(404);
}
