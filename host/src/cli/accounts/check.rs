//! `swingbridge accounts check`: asks, waits, and shows what each agent answered.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use reqwest::Method;
use serde_json::Value as Json;

use super::super::client::Client;
use super::super::output::{cell, complain, table, write, write_json};
use super::seen::{self, HEADINGS};

/// Asks the agents of the account's zone.
pub(super) async fn check(client: &Client, name: &str, wait: Duration) -> Result<ExitCode> {
    let path = ["armory", "accounts", name, "check"];
    let answer = client.send(client.waiting(Method::POST, &path, &[], wait)).await?;
    if client.wants_json() {
        write_json(&answer)?;
    } else {
        write(&answers(&answer))?;
    }
    let Some(item) = items(&answer).next() else { return Ok(ExitCode::FAILURE) };
    let outcome = cell(item, "outcome");
    match outcome.as_str() {
        "done" => return Ok(ExitCode::SUCCESS),
        "pending" => complain(&format!(
            "not every agent has answered yet; look again: swingbridge operations show {}",
            cell(&answer, "operation")
        )),
        _ => complain(&format!("{name}: {outcome}: {}", seen::why(item, "error"))),
    }
    Ok(ExitCode::FAILURE)
}

fn items(answer: &Json) -> impl Iterator<Item = &Json> {
    answer.get("items").and_then(Json::as_array).into_iter().flatten()
}

/// One line for each agent that was asked.
fn answers(answer: &Json) -> String {
    let agents = items(answer).filter_map(|item| item.get("agents")?.as_array()).flatten();
    let rows: Vec<Vec<String>> = agents
        .map(|agent| {
            let mut row = vec![cell(agent, "agentId"), cell(agent, "outcome")];
            row.extend(seen::cells(agent));
            row.push(seen::why(agent, "error"));
            row
        })
        .collect();
    if rows.is_empty() {
        return "No agent was asked: what they were asked before is their answer.\n".to_owned();
    }
    let mut headings = vec!["AGENT", "ANSWER"];
    headings.extend(HEADINGS);
    headings.push("WHY");
    table(&headings, &rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::answers;

    #[test]
    fn each_agent_is_a_line_with_what_it_saw_or_why_it_saw_nothing() {
        let answer = json!({ "operation": "01R", "done": true, "items": [{
            "name": "eu-1", "outcome": "done", "agents": [
                { "agentId": "agent-a", "outcome": "done",
                  "cluster": { "kubeVersion": "v1.34.4", "kubeHost": "https://a:6443", "certFingerprint": "27:5E:01:AB:CD" },
                  "namespaces": { "count": 2, "first": ["default", "kube-system"] } },
                { "agentId": "agent-b", "outcome": "refused",
                  "error": { "code": "unauthorized", "text": "the token has expired" } },
            ],
        }]});
        assert_eq!(
            answers(&answer),
            "AGENT    ANSWER   VERSION  HOST            FINGERPRINT   NAMESPACES  WHY\n\
             agent-a  done     v1.34.4  https://a:6443  27:5E:01:AB…  2\n\
             agent-b  refused                                                     unauthorized: the token has expired\n"
        );
    }

    #[test]
    fn without_an_agent_that_was_asked_nothing_is_made_up() {
        assert!(answers(&json!({ "items": [{ "agents": [] }] })).starts_with("No agent was asked"));
    }
}
