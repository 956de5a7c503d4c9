//! The words of the demo.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::health::Sight;
use super::stage::{AgentRole, Stage};
use super::watch::Change;
use crate::cli::output::cell;

/// Before anything starts.
pub(crate) const OPENING: &str = "\
Swingbridge, on this machine, with nothing but this program.

On the stage: a copy of the account table of a real Clouddriver, a bridge that keeps its own tables in SQLite, and two
agents in two zones. The clusters behind the agents are simulated; HTTP, gRPC, the database and the WebAssembly
component that decides are real.

";

/// Before anything starts, with real clusters.
pub(crate) const OPENING_WITH_CLUSTERS: &str = "\
Swingbridge, on this machine, with two real Kubernetes API servers.

On the stage: a bridge that keeps its tables in SQLite, and two agents in two zones, which reach the API servers as they
would anywhere. HTTP, gRPC, the database, the WebAssembly component that decides and the clusters are real.

";

/// How wide a line may become.
const WIDTH: usize = 112;

pub(crate) fn bridge(ready: &Json) -> String {
    format!(
        "  started  the bridge    HTTP at {}, agents at {}",
        cell(ready, "http"),
        cell(ready, "agents")
    )
}

pub(crate) fn agent(role: AgentRole) -> String {
    format!(
        "  started  {}      zone {}; it dials the bridge, never the other way",
        role.id, role.zone
    )
}

/// The beginning of a scene.
pub(crate) fn scene(number: usize, title: &str, what: &str) -> String {
    format!("\n{number}. {title}\n{}", wrapped(what, "   "))
}

/// Something that was checked and is as it should be.
pub(crate) fn checked(what: &str) -> String {
    format!("   ✓ {what}")
}

/// Changes of accounts, those of one kind together.
pub(crate) fn changes(changes: &[Change]) -> String {
    let mut kinds: BTreeMap<(String, String), Vec<(&str, &str)>> = BTreeMap::new();
    for (from, to, name, why) in changes {
        let from = from.clone().unwrap_or_else(|| "(new)".to_owned());
        let to = to.clone().unwrap_or_else(|| "(removed)".to_owned());
        kinds.entry((from, to)).or_default().push((name, why));
    }
    let mut text = String::new();
    for ((from, to), accounts) in kinds {
        let names: Vec<&str> = accounts.iter().map(|(name, _)| *name).collect();
        let lead = format!("   {from:>14} → {to:<14} ");
        let indent = " ".repeat(lead.chars().count());
        text.push_str(&lead);
        text.push_str(wrapped(&names.join(", "), &indent).trim_start());
        text.push('\n');
        for (name, why) in accounts.iter().filter(|(_, why)| !why.is_empty() && to == "FAILED") {
            text.push_str(&format!("{}\n", wrapped(&format!("{name}: {why}"), &indent)));
        }
    }
    text.trim_end().to_owned()
}

/// What an agent says of an account's cluster.
pub(crate) fn sight(account: &str, sight: &Sight) -> String {
    let health = match sight.healthy {
        Some(true) => "answers".to_owned(),
        Some(false) => format!("does not answer as it should: {}", sight.why),
        None => "has not been looked at yet".to_owned(),
    };
    let claim = if sight.conflict { "; its certificate is another one" } else { "" };
    let text = format!("{account} ({}): its cluster {health}{claim}", sight.state);
    wrapped(&text, "   ")
}

/// Where to look when the demo with real clusters is over.
pub(crate) const NEXT_WITH_CLUSTERS: &str = "
Where to look next
   cargo xtask clusters                    the same API servers, to try things with
   cargo xtask demo --kubernetes --keep    the same, left running, to be asked with `swingbridge accounts list` or curl
   swingbridge accounts check NAME         whether an account's cluster can be reached, without activating it";

/// Where to look when the demo is over.
pub(crate) const NEXT: &str = "
Where to look next
   cargo xtask demo --keep        the same, left running, to be asked with `swingbridge accounts list` or curl
   swingbridge --help             everything this program does; `swingbridge config` for every key
   README.md, ARCHITECTURE.md     what it is, and one call through every room
   guest/lifecycle                the table of states and edges that decided all of the above
   wit/                           what a component of your own would have to answer";

/// How to go on with what was left running.
pub(crate) fn addresses(stage: &Stage) -> String {
    let http = cell(stage.addresses(), "http");
    let program = std::env::args_os().next().unwrap_or_else(|| "swingbridge".into());
    let program = program.display();
    format!(
        "
Left running until Ctrl-C
   HTTP            {http}
   agents          {}
   folder          {}

   export SWINGBRIDGE_URL={http}
   {program} accounts list
   curl {http}/armory/agents",
        cell(stage.addresses(), "agents"),
        stage.folder().display()
    )
}

/// Text in lines that fit, each after `indent`.
fn wrapped(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if !line.is_empty()
            && indent.chars().count() + line.chars().count() + word.chars().count() >= WIDTH
        {
            lines.push(word.to_owned());
        } else {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
    }
    lines.iter().map(|line| format!("{indent}{line}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accounts_that_take_the_same_step_are_told_together() {
        let step = |name: &str| {
            (Some("INACTIVE".to_owned()), Some("ACTIVE".to_owned()), name.to_owned(), String::new())
        };
        let told = changes(&[step("a"), step("b")]);
        assert_eq!(told, "         INACTIVE → ACTIVE         a, b");
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let failed = (
            Some("ACTIVATING".to_owned()),
            Some("FAILED".to_owned()),
            "a".to_owned(),
            "no entry".to_owned(),
        );
        assert!(changes(&[failed]).contains("a: no entry"));
    }

    #[test]
    fn long_lists_are_broken_between_names() {
        let long = vec!["account-with-a-name"; 20].join(", ");
        for line in wrapped(&long, "   ").lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
        }
    }
}
