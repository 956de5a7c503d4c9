//! Several replicas on one database: any takes any request, each keeps its agents, and one that dies is replaced.
//!
//! The clocks stand still unless a test moves them, so whatever crosses from one replica to another without that crossed
//! at once, and not by a look at the database.

mod comings;
mod deaths;
mod requests;
mod upgrades;

use std::sync::Arc;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tests_harness::{
    Answer, Api, Kind, ManualClock, TestAgent, TestBridge, TestBridgeOptions, TestDatabase,
};

/// Clusters that answer at once.
const WELL: &str = "default: { takes: 0ms }";

/// Where nobody is: a ring that is sent there is lost.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Makes a test of a case for each kind of database that several replicas can be on.
macro_rules! on_every_server {
    ($($case:ident),+ $(,)?) => {
        mod mariadb {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> anyhow::Result<()> {
                super::$case(tests_harness::Kind::MariaDb).await
            })+
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> anyhow::Result<()> {
                super::$case(tests_harness::Kind::Postgres).await
            })+
        }
    };
}
use on_every_server;

/// Replicas `bridge-1`, `bridge-2`, … on one database, each with a clock of its own.
async fn replicas(kind: Kind, count: u64) -> Result<Vec<TestBridge>> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let mut replicas = Vec::new();
    for number in 1..=count {
        replicas.push(TestBridge::start_on(Arc::clone(&database), options(number)).await?);
    }
    know_each_other(&replicas).await?;
    Ok(replicas)
}

fn options(number: u64) -> TestBridgeOptions {
    TestBridgeOptions {
        native: true,
        replica: format!("bridge-{number}"),
        seed: number,
        ..TestBridgeOptions::default()
    }
}

/// Moves the clocks on until every replica has heard of every other one: a beat is enough.
async fn know_each_other(replicas: &[TestBridge]) -> Result<()> {
    for replica in replicas {
        let all = async |api: &Api| -> Result<bool> {
            let rows = api.get("/armory/clouddrivers").await?.expect(200)?.body;
            Ok(rows.as_array().is_some_and(|rows| rows.len() == replicas.len()))
        };
        eventually("all replicas are in the list", async || all(&replica.api).await).await?;
    }
    for replica in replicas {
        replica.clock.advance(2_000);
    }
    Ok(())
}

/// Asks again until it is so; nothing but the work of others passes in between.
async fn eventually(what: &str, is: impl AsyncFn() -> Result<bool>) -> Result<()> {
    for _ in 0..20_000 {
        if is().await? {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
    ensure!(false, "it never came to be: {what}");
    Ok(())
}

async fn agent(at: &TestBridge, id: &str) -> Result<TestAgent> {
    TestAgent::start(&at.agents(), id, "eu", WELL, Arc::clone(&at.clock) as _).await
}

async fn create(api: &Api, names: &[&str]) -> Result<()> {
    let item = |name: &&str| json!({"name": name, "zoneId": "eu", "kubeconfigFile": "/kc"});
    let items: Vec<Value> = names.iter().map(item).collect();
    api.post("/armory/accounts/dynamic", Value::Array(items)).await?.expect(202)?;
    Ok(())
}

/// Asks for a state and waits for the outcome.
async fn instruct(api: &Api, names: &[&str], state: &str) -> Result<Answer> {
    let items = names.iter().map(|name| json!({"name": name, "state": state})).collect();
    api.patch("/armory/accounts?wait=30s", Value::Array(items)).await?.expect(200)
}

async fn is_in(api: &Api, name: &str, state: &str) -> Result<()> {
    let is = async || Ok(api.state(name).await?.as_deref() == Some(state));
    eventually(&format!("{name} is {state}"), is).await
}

/// How many steps an account has taken.
async fn steps(api: &Api, name: &str) -> Result<usize> {
    let history = api.get(&format!("/armory/accounts/{name}/history")).await?.expect(200)?;
    Ok(history.body["items"].as_array().map_or(0, Vec::len))
}

async fn stop(replicas: Vec<TestBridge>) {
    for mut replica in replicas {
        replica.stop().await;
    }
}

/// Time goes on everywhere.
fn advance(clocks: &[&Arc<ManualClock>], millis: u64) {
    for clock in clocks {
        clock.advance(millis);
    }
}
