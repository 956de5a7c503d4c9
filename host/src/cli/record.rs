//! `swingbridge record`: fetches recorded calls from a bridge, a JSON object a line, into a file or to standard output.

mod lines;
mod sink;
mod time;

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use host::SystemClock;
use host_core::clock::iso8601;
use host_core::port::time::Clock as _;
use indicatif::ProgressBar;
use reqwest::{Response, header};
use serde_json::json;

use self::lines::{Fetched, Lines};
use self::sink::Sink;
use self::time::Moment;
use super::client::{Client, ClientArguments};
use super::output::{say, write, write_json};

/// Records in one answer of the API.
const PAGE: u64 = 500;
/// The longest that a bridge takes for the next piece of an answer.
const QUIET_MAX: Duration = Duration::from_secs(60);

/// Which calls, and where to.
#[derive(Debug, Args)]
pub(crate) struct RecordArguments {
    /// Only calls about this account
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
    /// Only calls made since then: so long ago (1h), or a time (2026-11-22T12:00:00Z)
    #[arg(long, value_name = "TIME", value_parser = time::moment)]
    since: Option<Moment>,
    /// Only calls made before then
    #[arg(long, value_name = "TIME", value_parser = time::moment)]
    until: Option<Moment>,
    /// Only calls of this module: its digest, or how that begins
    #[arg(long, value_name = "DIGEST")]
    module: Option<String>,
    /// Only calls in this slot
    #[arg(long)]
    slot: Option<String>,
    /// Only calls of this export (handle, on-agent, tick), or this question to a policy (admission, placement, retry)
    #[arg(long)]
    export: Option<String>,
    /// Only calls that ended like this: ok, or why not (trap, deadline, …)
    #[arg(long)]
    outcome: Option<String>,
    /// At most so many, the newest; all of them if left out
    #[arg(long)]
    limit: Option<u64>,
    /// Write them into this file, which appears once all of them are in it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Put the file in the place of one that is there
    #[arg(long, requires = "output")]
    force: bool,
    #[command(flatten)]
    client: ClientArguments,
}

/// Fetches.
pub(crate) async fn perform(arguments: RecordArguments) -> Result<ExitCode> {
    let client = Client::new(arguments.client.clone())?;
    let mut sink = Sink::open(arguments.output.as_deref(), arguments.force)?;
    let fetched = fetch(&client, &arguments, &mut sink).await?;
    match sink.close()? {
        Some(file) if client.wants_json() => write_json(&json!({
            "records": fetched.count,
            "from": fetched.oldest,
            "to": fetched.newest,
            "file": file.display().to_string(),
        }))?,
        Some(file) => write(&format!("{} in {}", said(&fetched), file.display()))?,
        None if io::stderr().is_terminal() => say(&said(&fetched)),
        None => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// Fetches page by page, so that what is new meanwhile moves nothing.
async fn fetch(client: &Client, wanted: &RecordArguments, sink: &mut Sink) -> Result<Fetched> {
    let filters = filters(wanted);
    let progress = progress(wanted.output.is_none());
    let (mut fetched, mut before) = (Fetched::default(), None::<String>);
    loop {
        let left = wanted.limit.map_or(PAGE, |limit| PAGE.min(limit.saturating_sub(fetched.count)));
        if left == 0 {
            break;
        }
        let limit = left.to_string();
        let mut query: Vec<(&str, &str)> =
            filters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        query.push(("limit", &limit));
        query.extend(before.as_deref().map(|before| ("before", before)));
        let mut response = client.open(&["records"], &query).await?;
        let next = next(&response);
        let go_on = page(&mut response, sink, &mut fetched, &progress).await?;
        before = next;
        if !go_on || before.is_none() {
            break;
        }
    }
    progress.finish_and_clear();
    Ok(fetched)
}

/// Writes a page as it comes; answers whether somebody still wants more.
async fn page(
    response: &mut Response,
    sink: &mut Sink,
    fetched: &mut Fetched,
    progress: &ProgressBar,
) -> Result<bool> {
    let mut lines = Lines::default();
    loop {
        let piece = tokio::time::timeout(QUIET_MAX, response.chunk()).await;
        let piece = piece.context("the bridge did not go on with its answer")?;
        let Some(piece) = piece.context("the answer broke off; fetch again")? else { break };
        lines.take(&piece);
        while let Some(line) = lines.next() {
            fetched.take(&line)?;
            if !sink.write(&line)? {
                return Ok(false);
            }
        }
        progress.set_message(said(fetched));
        progress.tick();
    }
    if lines.is_amid_one() {
        bail!("the answer broke off amid a record; fetch again");
    }
    Ok(true)
}

/// The record behind which the list goes on, if it does: from the address of the next page.
fn next(response: &Response) -> Option<String> {
    let link = response.headers().get(header::LINK)?.to_str().ok()?;
    let (_, behind) = link.rsplit_once("before=")?;
    Some(behind.chars().take_while(char::is_ascii_alphanumeric).collect())
}

/// A line on a terminal that says how far it is; none where the records themselves are shown.
fn progress(shown: bool) -> ProgressBar {
    if shown && io::stdout().is_terminal() {
        return ProgressBar::hidden();
    }
    ProgressBar::new_spinner()
}

fn filters(wanted: &RecordArguments) -> Vec<(&'static str, String)> {
    let now = SystemClock.now();
    let at = |moment: &Moment| moment.at(now).to_string();
    [
        ("account", wanted.account.clone()),
        ("since", wanted.since.as_ref().map(at)),
        ("until", wanted.until.as_ref().map(at)),
        ("module", wanted.module.clone()),
        ("slot", wanted.slot.clone()),
        ("export", wanted.export.clone()),
        ("outcome", wanted.outcome.clone()),
    ]
    .into_iter()
    .filter_map(|(name, value)| Some((name, value?)))
    .collect()
}

/// How many there are, and of which time.
fn said(fetched: &Fetched) -> String {
    let calls = if fetched.count == 1 { "recorded call" } else { "recorded calls" };
    match (fetched.oldest, fetched.newest) {
        (Some(oldest), Some(newest)) => {
            format!("{} {calls}, from {} to {}", fetched.count, iso8601(oldest), iso8601(newest))
        }
        _ => format!("{} {calls}", fetched.count),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fetched, said};

    #[test]
    fn what_was_fetched_is_said_with_its_time() {
        let mut fetched = Fetched::default();
        assert_eq!(said(&fetched), "0 recorded calls");
        fetched.take(br#"{"id":"01B","at":2000}"#).expect("a record");
        let once = "1970-01-01T00:00:02.000Z";
        assert_eq!(said(&fetched), format!("1 recorded call, from {once} to {once}"));
        fetched.take(br#"{"id":"01A","at":1000}"#).expect("a record");
        assert_eq!(
            said(&fetched),
            format!("2 recorded calls, from 1970-01-01T00:00:01.000Z to {once}")
        );
    }
}
