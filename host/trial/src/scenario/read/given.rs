//! What there is before the first step: settings, sources, policies, agents.

use host_core::definition::Definition;
use host_core::source::SourceAccount;

use super::{agents, policies};
use crate::scenario::words::{AccountGiven, Given, InForce};
use crate::world::{Joining, Offered};
use crate::yaml::{Fault, Key, Node, nearest};

/// The keys of `given`.
pub(in crate::scenario) const GIVEN: &[&str] =
    &["settings", "sources", "policies", "accounts", "agents"];
/// The keys of an agent that is there from the beginning.
pub(in crate::scenario) const AGENT: &[&str] =
    &["id", "zone", "instance", "holds", "configured", "sees"];
/// The settings of the bridge that a scenario can set.
pub(in crate::scenario) const SETTINGS: &[&str] = &[
    "activation.wait",
    "activation.deadline",
    "deactivation.deadline",
    "deletion.deadline",
    "agents.grace",
    "agents.cleanup",
    "agents.timeout",
    "retry.first",
    "retry.factor",
    "retry.cap",
    "retry.max",
];
/// Where accounts come from if nothing else is said.
const SOURCE: &str = "clouddriver.accounts";

pub(super) fn given(node: &Node) -> Result<Given, Fault> {
    let fields = node.fields("given", GIVEN)?;
    Ok(Given {
        settings: fields.get("settings").map(settings).transpose()?.unwrap_or_default(),
        sources: fields.get("sources").map(sources).transpose()?.unwrap_or_default(),
        policies: fields.get("policies").map(policies::policies).transpose()?.unwrap_or_default(),
        accounts: fields.get("accounts").map(accounts).transpose()?.unwrap_or_default(),
        agents: match fields.get("agents") {
            Some(node) => node.list()?.iter().map(agent).collect::<Result<_, _>>()?,
            None => Vec::new(),
        },
    })
}

fn agent(node: &Node) -> Result<(String, Joining), Fault> {
    let fields = node.fields("an agent", AGENT)?;
    Ok((fields.needed("an agent", "id")?, agents::joining(&fields)?))
}

/// What of a row is none of its definition.
const ROW: &[&str] = &["status", "failedCount", "due", "declaredBy"];

/// Rows of the table.
pub(super) fn accounts(node: &Node) -> Result<Vec<AccountGiven>, Fault> {
    node.list()?.iter().map(account).collect()
}

fn account(node: &Node) -> Result<AccountGiven, Fault> {
    let entries = node.map()?;
    let find = |key: &str| entries.iter().find(|(known, _)| known.text == key).map(|(_, n)| n);
    let needed = |key: &str| match find(key) {
        Some(node) => node.text(),
        None => Err(Fault::at(node.place, format!("an account that is given needs `{key}`"))),
    };
    let mut definition = node.json();
    if let Some(object) = definition.as_object_mut() {
        object.retain(|key, _| !ROW.contains(&key.as_str()));
    }
    let definition = Definition::from_json(definition)
        .map_err(|fault| Fault::at(node.place, format!("no account can be like this: {fault}")))?;
    let failed_count = find("failedCount").map(Node::number).transpose()?.unwrap_or_default();
    Ok(AccountGiven {
        name: needed("name")?,
        status: needed("status")?,
        zone: find("zoneId").map(Node::text).transpose()?,
        failed_count: u32::try_from(failed_count).unwrap_or(u32::MAX),
        due_ms: find("due").map(Node::duration).transpose()?,
        declared_by: find("declaredBy").map(Node::text).transpose()?,
        definition,
    })
}

/// The settings that are in force: those that are not written have their defaults.
pub(super) fn settings(node: &Node) -> Result<InForce, Fault> {
    let mut found = InForce::default();
    for (key, node) in node.map()? {
        setting(&mut found, key, node)?;
    }
    Ok(found)
}

fn setting(found: &mut InForce, key: &Key, node: &Node) -> Result<(), Fault> {
    let settings = &mut found.settings;
    match key.text.as_str() {
        "activation.wait" => settings.activation_wait_ms = node.duration()?,
        "activation.deadline" => settings.activation_deadline_ms = node.duration()?,
        "deactivation.deadline" => settings.deactivation_deadline_ms = node.duration()?,
        "deletion.deadline" => settings.deletion_deadline_ms = node.duration()?,
        "agents.grace" => settings.agents_grace_ms = node.duration()?,
        "agents.cleanup" => settings.agents_cleanup_ms = node.duration()?,
        "agents.timeout" => found.timeout_ms = node.duration()?,
        "retry.first" => settings.retry_first_ms = node.duration()?,
        "retry.cap" => settings.retry_cap_ms = node.duration()?,
        "retry.max" => {
            settings.retry_max = u32::try_from(node.number()?)
                .map_err(|_| Fault::at(node.place, "that many tries are too many"))?;
        }
        "retry.factor" => match node.json().as_f64().filter(|factor| *factor >= 1.0) {
            Some(factor) => settings.retry_factor = factor,
            None => return Err(Fault::at(node.place, "`retry.factor` is a number, 1 or more")),
        },
        own => {
            let ours = ["activation.", "deactivation.", "deletion.", "agents.", "retry."];
            if ours.iter().any(|section| own.starts_with(section)) {
                let text = format!("there is no setting `{own}`{}", nearest(own, SETTINGS));
                return Err(Fault::at(key.place, text));
            }
            settings.more.insert(own.to_owned(), node.text()?);
        }
    }
    Ok(())
}

/// What the sources have: accounts, and which source fails.
pub(super) fn sources(node: &Node) -> Result<Offered, Fault> {
    let mut offered = Offered::default();
    for node in node.list()? {
        let entries = node.map()?;
        let find = |key: &str| entries.iter().find(|(known, _)| known.text == key).map(|(_, n)| n);
        let source = find("source").map(Node::text).transpose()?;
        let source = source.unwrap_or_else(|| SOURCE.to_owned());
        if let Some(fails) = find("fails") {
            let fields = node.fields("a source that fails", &["source", "fails"])?;
            let reason = match fails.text() {
                Ok(reason) => reason,
                Err(_) if fields.flag("fails")? => "the script says so".to_owned(),
                Err(_) => return Err(Fault::at(fails.place, "`fails` is true, or says why")),
            };
            offered.fails = Some((source, reason));
            continue;
        }
        let Some(name) = find("name").map(Node::text).transpose()? else {
            let text =
                "a source's account needs `name`; a source that cannot be read has `fails: true`";
            return Err(Fault::at(node.place, text));
        };
        let mut definition = node.json();
        if let Some(object) = definition.as_object_mut() {
            object.remove("source");
        }
        let definition = Definition::from_json(definition);
        let definition = definition.map_err(|fault| fault.to_string());
        offered.accounts.push(SourceAccount { name, source, definition });
    }
    Ok(offered)
}
