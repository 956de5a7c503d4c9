//! `swingbridge operations`: what became of a request; and how every request is shown.

use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Subcommand;
use reqwest::Method;
use serde_json::Value as Json;

use super::client::{Client, ClientArguments};
use super::output::{cell, complain, table, time, write, write_json};

/// The wait before a stream that was ended is opened again.
const AGAIN: Duration = Duration::from_secs(1);

#[derive(Debug, Subcommand)]
pub(crate) enum OperationsVerb {
    /// Show how a request stands: an outcome per account, and what agents were sent and answered
    ///
    /// Exits 0 if every account is done, 1 if one is not.
    Show {
        /// The request's id: the last part of the Location header, or what a verb of `accounts` has written
        id: String,
        /// Wait so long for the outcome
        #[arg(long, value_name = "DURATION", value_parser = humantime::parse_duration)]
        wait: Option<Duration>,
        #[command(flatten)]
        client: ClientArguments,
    },
    /// Watch a request: each account as it comes to its end, until all have
    ///
    /// Exits 0 if every account is done, 1 if one is not.
    Watch {
        /// The request's id
        id: String,
        #[command(flatten)]
        client: ClientArguments,
    },
}

/// Does a verb.
pub(crate) async fn perform(verb: OperationsVerb) -> Result<ExitCode> {
    match verb {
        OperationsVerb::Show { id, wait, client } => show_one(id, wait, client).await,
        OperationsVerb::Watch { id, client } => watch(&id, &Client::new(client)?).await,
    }
}

async fn show_one(id: String, wait: Option<Duration>, client: ClientArguments) -> Result<ExitCode> {
    let client = Client::new(client)?;
    let path = ["operations", id.as_str()];
    let request = match wait {
        Some(wait) => client.waiting(Method::GET, &path, &[], wait),
        None => client.call(Method::GET, &path, &[]),
    };
    let answer = client.send(request).await?;
    if client.wants_json() {
        write_json(&answer)?;
    } else {
        write(&standing(&answer))?;
        write(&agents(&answer))?;
    }
    Ok(code(&answer, &["done"]))
}

/// Writes each account when its outcome is there. A stream that the bridge ends before is opened again.
async fn watch(id: &str, client: &Client) -> Result<ExitCode> {
    let mut told: BTreeMap<String, String> = BTreeMap::new();
    loop {
        let mut events = client.stream(&["operations", id, "events"], &[], None).await?;
        while let Some(event) = events.next().await? {
            match event.name.as_str() {
                // Whoever connects again hears of all of it again.
                "standing" => {
                    for item in items(&event.body) {
                        tell(client, item, &mut told)?;
                    }
                }
                "item" => tell(client, &event.body, &mut told)?,
                "done" => {
                    let well = told.values().all(|outcome| outcome == "done");
                    return Ok(if well { ExitCode::SUCCESS } else { ExitCode::FAILURE });
                }
                _ => complain(&cell(&event.body, "detail")),
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Writes an item, once for each outcome.
fn tell(client: &Client, item: &Json, told: &mut BTreeMap<String, String>) -> Result<()> {
    let (name, outcome) = (cell(item, "name"), cell(item, "outcome"));
    if told.insert(name.clone(), outcome.clone()).as_ref() == Some(&outcome) {
        return Ok(());
    }
    if client.wants_json() {
        return write(&item.to_string());
    }
    if outcome == "pending" {
        return Ok(());
    }
    let why = error(item);
    let state = cell(item, "state");
    write(format!("{name}  {outcome}  {state}  {why}").trim_end())
}

/// Shows the standing of a request that was just made, and answers for the shell. What is pending is as good as done for
/// somebody who did not want to wait.
pub(crate) fn show(client: &Client, body: &Json, waited: bool) -> Result<ExitCode> {
    if client.wants_json() {
        write_json(body)?;
    } else {
        write(&standing(body))?;
    }
    if body.get("done") == Some(&Json::Bool(false)) {
        complain(&format!(
            "not all is done yet; look again: swingbridge operations show {}",
            cell(body, "operation")
        ));
    }
    let enough: &[&str] = if waited { &["done"] } else { &["done", "pending"] };
    Ok(code(body, enough))
}

/// Whether every item came to one of these outcomes.
fn code(body: &Json, enough: &[&str]) -> ExitCode {
    let well = items(body).all(|item| {
        item.get("outcome").and_then(Json::as_str).is_some_and(|outcome| enough.contains(&outcome))
    });
    if well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn items(body: &Json) -> impl Iterator<Item = &Json> {
    body.get("items").and_then(Json::as_array).into_iter().flatten()
}

fn standing(body: &Json) -> String {
    let rows: Vec<Vec<String>> = items(body)
        .map(|item| {
            vec![cell(item, "name"), cell(item, "outcome"), cell(item, "state"), error(item)]
        })
        .collect();
    table(&["ACCOUNT", "OUTCOME", "STATE", "ERROR"], &rows)
}

/// What agents were sent, and answered; nothing if nothing was sent.
fn agents(body: &Json) -> String {
    let mut rows = Vec::new();
    for item in items(body) {
        for sent in item.get("agents").and_then(Json::as_array).into_iter().flatten() {
            rows.push(vec![
                cell(item, "name"),
                cell(sent, "agentId"),
                cell(sent, "type"),
                cell(sent, "outcome"),
                time(sent, "endedAt"),
                error(sent),
            ]);
        }
    }
    if rows.is_empty() {
        return "No agent was sent anything for it.\n".to_owned();
    }
    format!("\n{}", table(&["ACCOUNT", "AGENT", "SENT", "ANSWER", "AT", "ERROR"], &rows))
}

/// Code and text of an `error` member.
fn error(item: &Json) -> String {
    match item.get("error") {
        None | Some(Json::Null) => String::new(),
        Some(error) => {
            let possible: Vec<&str> = error
                .get("possible")
                .and_then(Json::as_array)
                .into_iter()
                .flatten()
                .filter_map(Json::as_str)
                .collect();
            let tail = if possible.is_empty() {
                String::new()
            } else {
                format!(" (possible: {})", possible.join(", "))
            };
            format!("{}: {}{tail}", cell(error, "code"), cell(error, "text"))
        }
    }
}
