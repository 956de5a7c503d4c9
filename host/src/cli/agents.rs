//! `swingbridge agents`: who is connected, and ending a connection.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value as Json;

use super::client::{Client, ClientArguments};
use super::output::{cell, table, write, write_json};

#[derive(Debug, Subcommand)]
pub(crate) enum AgentsVerb {
    /// List the agents that are connected, or awaited after a restart of the bridge
    List {
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Show one agent and the accounts that it holds
    Show {
        /// The agent's id
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// End an agent's connection; it dials again
    Disconnect {
        /// The agent's id
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// Does a verb.
pub(crate) async fn perform(verb: AgentsVerb) -> Result<ExitCode> {
    match verb {
        AgentsVerb::List { client } => {
            let client = Client::new(client)?;
            let agents = client.send(client.call(Method::GET, &["armory", "agents"], &[])).await?;
            if client.wants_json() { write_json(&agents)? } else { write(&list(&agents))? }
        }
        AgentsVerb::Show { id, client } => {
            let client = Client::new(client)?;
            let agent =
                client.send(client.call(Method::GET, &["armory", "agents", &id], &[])).await?;
            if client.wants_json() {
                write_json(&agent)?;
            } else {
                write(&list(&Json::Array(vec![agent.clone()])))?;
                write(&format!(
                    "\nholds:\n{}",
                    accounts(&agent).map(|name| format!("  {name}\n")).collect::<String>()
                ))?;
            }
        }
        AgentsVerb::Disconnect { id, client } => {
            let client = Client::new(client)?;
            client
                .send(client.call(Method::POST, &["armory", "agent", &id, "disconnect"], &[]))
                .await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(agents: &Json) -> String {
    let rows: Vec<Vec<String>> = agents
        .as_array()
        .into_iter()
        .flatten()
        .map(|agent| {
            vec![
                cell(agent, "agentId"),
                cell(agent, "zoneId"),
                cell(agent, "presence"),
                accounts(agent).count().to_string(),
                cell(agent, "lastConnection"),
                cell(agent, "version"),
            ]
        })
        .collect();
    table(&["AGENT", "ZONE", "PRESENCE", "HOLDS", "LAST HEARD", "VERSION"], &rows)
}

fn accounts(agent: &Json) -> impl Iterator<Item = &str> {
    agent.get("accounts").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str)
}
