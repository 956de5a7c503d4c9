//! The reads of `swingbridge accounts`.

use std::process::ExitCode;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value as Json;

use super::super::client::Client;
use super::super::output::{cell, one_line, table, time, write, write_json};
use super::FilterArguments;
use super::seen::{self, HEADINGS};

/// Accounts in one answer of the API, and so in one call.
const PAGE: usize = 500;

/// Reads the list by key, so that it is whole whatever changes meanwhile.
pub(super) async fn list(client: &Client, filter: &FilterArguments) -> Result<ExitCode> {
    let mut accounts: Vec<Json> = Vec::new();
    loop {
        let wanted =
            filter.limit.map_or(PAGE, |limit| PAGE.min(limit.saturating_sub(accounts.len())));
        if wanted == 0 {
            break;
        }
        let limit = wanted.to_string();
        let after = accounts.last().map(|account| cell(account, "name")).unwrap_or_default();
        let query: Vec<(&str, &str)> = [
            ("state", filter.state.as_deref()),
            ("zone", filter.zone.as_deref()),
            ("source", filter.source.as_deref()),
            ("q", filter.contains.as_deref()),
            ("limit", Some(limit.as_str())),
            ("after", Some(after.as_str())),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect();
        let mut answer =
            client.send(client.call(Method::GET, &["armory", "accounts"], &query)).await?;
        let page = match answer.get_mut("items").map(Json::take) {
            Some(Json::Array(page)) => page,
            Some(_) | None => Vec::new(),
        };
        let is_last = page.len() < wanted;
        accounts.extend(page);
        if is_last {
            break;
        }
    }
    if client.wants_json() {
        write_json(&Json::Array(accounts))?;
    } else {
        write(&rows(&accounts))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// One account, with what each agent sees.
pub(super) async fn show(client: &Client, name: &str) -> Result<ExitCode> {
    let path = ["agents", "kubernetes", "accounts", name];
    let account = client.send(client.call(Method::GET, &path, &[])).await?;
    if client.wants_json() {
        write_json(&account)?;
    } else {
        write(&page(&account))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Why an account is where it is: one sentence a line, the most important first.
pub(super) async fn explain(client: &Client, name: &str) -> Result<ExitCode> {
    let path = ["armory", "accounts", name, "explanation"];
    let explained = client.send(client.call(Method::GET, &path, &[])).await?;
    if client.wants_json() {
        write_json(&explained)?;
    } else {
        let sentences = explained.get("sentences").and_then(Json::as_array).into_iter().flatten();
        let lines: String = sentences
            .filter_map(Json::as_str)
            .map(|text| format!("{}\n", one_line(text)))
            .collect();
        write(&lines)?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn history(client: &Client, name: &str, limit: u32) -> Result<ExitCode> {
    let limit = limit.to_string();
    let path = ["armory", "accounts", name, "history"];
    let steps = client.send(client.call(Method::GET, &path, &[("limit", &limit)])).await?;
    if client.wants_json() {
        write_json(&steps)?;
    } else {
        write(&journal(&steps))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A journal as a table, one step a line.
pub(crate) fn journal(steps: &Json) -> String {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    let rows: Vec<Vec<String>> = steps
        .get("items")
        .and_then(Json::as_array)
        .into_iter()
        .flatten()
        .map(|step| {
            vec![
                time(step, "at"),
                or_dash(cell(step, "from")),
                or_dash(cell(step, "to")),
                cell(step, "who"),
                digest(&cell(step, "module")),
                cell(step, "why"),
            ]
        })
        .collect();
    table(&["AT", "FROM", "TO", "WHO", "MODULE", "WHY"], &rows)
}

/// Enough of a digest to tell two modules apart.
fn digest(module: &str) -> String {
    module.trim_start_matches("sha256:").chars().take(12).collect()
}

fn rows(accounts: &[Json]) -> String {
    let rows: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            vec![
                cell(account, "name"),
                cell(account, "status"),
                cell(account, "zoneId"),
                cell(account, "connections"),
                cell(account, "healthy"),
                time(account, "lastUpdated"),
                cell(account, "errorMessage"),
            ]
        })
        .collect();
    table(&["ACCOUNT", "STATE", "ZONE", "HELD BY", "HEALTHY", "CHANGED", "ERROR"], &rows)
}

fn page(account: &Json) -> String {
    let mut text = String::new();
    let mut line = |heading: &str, value: String| {
        if !value.is_empty() {
            text.push_str(&format!("{heading:14} {value}\n"));
        }
    };
    line("account", cell(account, "name"));
    line("state", format!("{} since {}", cell(account, "status"), time(account, "stateSince")));
    line("why", cell(account, "errorMessage"));
    line("zone", cell(account, "zoneId"));
    line("source", cell(account, "source"));
    line("cluster", cell(account, "kubeHost"));
    line("version", cell(account, "kubeVersion"));
    line("fingerprint", cell(account, "certFingerprint"));
    line("failed tries", cell(account, "retryCount"));
    line("revision", cell(account, "revision"));
    let agents = account.get("agents").and_then(Json::as_array).into_iter().flatten();
    let rows: Vec<Vec<String>> = agents.map(agent).collect();
    if !rows.is_empty() {
        let mut headings = vec!["AGENT", "CONNECTED", "HOLDS IT", "HEALTHY", "SINCE"];
        headings.extend(HEADINGS);
        headings.push("WHY");
        text.push_str(&format!("\n{}", table(&headings, &rows)));
    }
    if let Some(definition) = account.get("definition") {
        text.push_str(&format!("\ndefinition (secrets are references)\n{definition:#}\n"));
    }
    text
}

/// An agent's line: whether it holds the account, how the cluster stands, what it sees, and what is wrong.
fn agent(agent: &Json) -> Vec<String> {
    let mut row: Vec<String> =
        ["agentId", "connected", "caching", "healthy"].map(|member| cell(agent, member)).to_vec();
    row.push(time(agent, "healthSince"));
    row.extend(seen::cells(agent));
    let conflict = agent.get("conflict") == Some(&Json::Bool(true));
    let another = conflict.then(|| "another cluster than the recorded one".to_owned());
    let reasons = [Some(seen::why(agent, "healthError")), another, Some(seen::why(agent, "error"))];
    let reasons = reasons.into_iter().flatten().filter(|reason| !reason.is_empty());
    row.push(reasons.collect::<Vec<_>>().join("; "));
    row
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_journal_says_from_to_who_and_why() {
        let steps = json!({ "items": [
            { "at": 0, "from": null, "to": "INACTIVE", "who": "ann", "module": "sha256:0123456789abcdef", "why": "migrated" },
        ]});
        assert_eq!(
            journal(&steps),
            "AT                        FROM  TO        WHO  MODULE        WHY\n\
             1970-01-01T00:00:00.000Z  -     INACTIVE  ann  0123456789ab  migrated\n"
        );
    }
}
