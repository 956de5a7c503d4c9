//! What agents see of clusters: namespaces, and whether a cluster answers those that hold the account.

use host_core::agent::Presence;
use host_core::holding::{Health, Holding, Observed};
use serde_json::{Value, json};

use super::reads::world;
use super::store::{agent, holding};
use super::world::NOW;

#[tokio::test]
async fn namespaces_are_those_that_the_holders_see_or_one_agent() {
    let world = world();
    let path = "/agents/kubernetes/accounts/a/namespaces";
    let seen = async |query: &str| world.get(&format!("{path}{query}")).await.body;
    assert_eq!(seen("").await, json!(["default", "dev"]));
    assert_eq!(seen("?agent=agent-c").await, json!(["default", "old"]));
    assert_eq!(seen("?agent=agent-x").await, json!([]));
    world.store.fill(|content| content.holdings.clear());
    assert_eq!(
        seen("").await,
        json!(["default", "dev", "old"]),
        "nobody holds it: all that is known"
    );
}

#[tokio::test]
async fn a_list_says_of_each_account_whether_its_cluster_answers_its_holders() {
    let world = world();
    world.store.fill(|content| {
        let health = Some(Health { failure: None, since: NOW });
        content.agents.push(agent("agent-d", Presence::Connected));
        content.holdings.extend(["a", "b"].map(|name| Holding {
            health: health.clone(),
            ..holding(name, "agent-d", Observed::Held(1))
        }));
    });
    let body = world.get("/armory/accounts").await.body;
    let healthy: Vec<_> = (0..3).map(|n| body["items"][n]["healthy"].clone()).collect();
    assert_eq!(healthy, [json!(false), json!(true), Value::Null], "one of two; all; nobody looked");
}
