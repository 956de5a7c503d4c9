//! `swingbridge events`: what happens to accounts, as it happens.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::Value as Json;

use super::client::{Client, ClientArguments};
use super::output::{cell, complain, time, write};

/// The wait before a stream that was ended is opened again.
const AGAIN: Duration = Duration::from_secs(1);

/// Which steps are shown.
#[derive(Debug, Args)]
pub(crate) struct EventsArguments {
    /// Only steps of this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only steps into this state, or out of it
    #[arg(long)]
    state: Option<String>,
    /// Only steps of accounts of this zone
    #[arg(long)]
    zone: Option<String>,
    /// Only steps of accounts from this source
    #[arg(long)]
    source: Option<String>,
    /// Only steps of accounts whose name contains this
    #[arg(long, value_name = "TEXT")]
    contains: Option<String>,
    /// Go on behind the step with this id; some of the minute before it may come again
    #[arg(long, value_name = "ID")]
    after: Option<String>,
    #[command(flatten)]
    client: ClientArguments,
}

/// Shows steps until somebody ends it. A stream that the bridge ends is opened again where it was left.
pub(crate) async fn perform(arguments: EventsArguments) -> Result<ExitCode> {
    let client = Client::new(arguments.client)?;
    let filters: Vec<(&str, &str)> = [
        ("account", &arguments.account),
        ("state", &arguments.state),
        ("zone", &arguments.zone),
        ("source", &arguments.source),
        ("q", &arguments.contains),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value.as_deref()?)))
    .collect();
    let mut last = arguments.after;
    loop {
        let mut events = client.stream(&["events"], &filters, last.clone()).await?;
        loop {
            match events.next().await {
                Ok(Some(event)) if event.name == "transition" => show(&client, &event.body)?,
                Ok(Some(event)) if event.name == "ended" => complain(&cell(&event.body, "detail")),
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(error) => {
                    complain(&format!("{error:#}"));
                    break;
                }
            }
        }
        last = events.last();
        complain("the stream has ended; it is opened again");
        tokio::time::sleep(AGAIN).await;
    }
}

fn show(client: &Client, step: &Json) -> Result<()> {
    if client.wants_json() {
        return write(&step.to_string());
    }
    write(&line(step))
}

/// A step on one line: when, which account, from where to where, who, why.
fn line(step: &Json) -> String {
    let or_dash = |text: String| if text.is_empty() { "-".to_owned() } else { text };
    format!(
        "{}  {}  {} → {}  {}: {}",
        time(step, "at"),
        cell(step, "account"),
        or_dash(cell(step, "from")),
        or_dash(cell(step, "to")),
        cell(step, "who"),
        cell(step, "why")
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::line;

    #[test]
    fn a_step_is_one_line() {
        let step = json!({
            "at": 0, "account": "eu-1", "from": null, "to": "INACTIVE", "who": "ann", "why": "migrated",
        });
        assert_eq!(line(&step), "1970-01-01T00:00:00.000Z  eu-1  - → INACTIVE  ann: migrated");
    }
}
