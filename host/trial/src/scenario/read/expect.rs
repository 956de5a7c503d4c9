//! What is expected after a step.

use crate::scenario::words::{AccountExpected, Expect, RowExpected, Sending, SentExpected};
use crate::yaml::{Fault, Key, Node};

/// The keys of `expect`.
pub(in crate::scenario) const EXPECT: &[&str] = &["status", "body", "accounts", "sent", "refused"];
/// The keys of an account's row.
pub(in crate::scenario) const ROW: &[&str] =
    &["status", "zoneId", "failedCount", "error", "conflict", "drift"];
/// The keys of what is sent.
pub(in crate::scenario) const SENT: &[&str] =
    &["agent", "add", "update", "delete", "check", "again"];
/// What can be sent.
const SENDS: &[&str] = &["add", "update", "delete", "check"];

pub(super) fn expect(node: &Node) -> Result<Expect, Fault> {
    let fields = node.fields("expect", EXPECT)?;
    let status = match fields.get("status") {
        None => None,
        Some(node) => match u16::try_from(node.number()?) {
            Ok(status) if (100..600).contains(&status) => Some((status, node.place)),
            Ok(_) | Err(_) => return Err(Fault::at(node.place, "a status is 100 to 599")),
        },
    };
    let accounts = match fields.get("accounts") {
        None => Vec::new(),
        Some(node) => {
            let entry = |(key, node): &(Key, Node)| Ok((key.clone(), account(node)?));
            node.map()?.iter().map(entry).collect::<Result<_, Fault>>()?
        }
    };
    let refused = match fields.get("refused") {
        None => Vec::new(),
        Some(node) => {
            let entry = |(key, node): &(Key, Node)| Ok((key.clone(), node.text()?, node.place));
            node.map()?.iter().map(entry).collect::<Result<_, Fault>>()?
        }
    };
    Ok(Expect {
        status,
        body: fields.get("body").cloned(),
        accounts,
        sent: fields.get("sent").map(sent).transpose()?,
        refused,
    })
}

fn account(node: &Node) -> Result<AccountExpected, Fault> {
    if let Ok(word) = node.text() {
        return Ok(match word.as_str() {
            "absent" => AccountExpected::Absent(node.place),
            _ => AccountExpected::Row(Box::new(RowExpected {
                status: Some((word, node.place)),
                ..RowExpected::default()
            })),
        });
    }
    let fields = node.fields("an account", ROW)?;
    let text = |key: &str| match fields.get(key) {
        Some(node) if node.is_nothing() => Ok(Some((None, node.place))),
        Some(node) => Ok(Some((Some(node.text()?), node.place))),
        None => Ok(None),
    };
    let flag = |key: &str| match fields.get(key) {
        Some(node) => Ok(Some((node.flag()?, node.place))),
        None => Ok(None),
    };
    let status = match fields.get("status") {
        Some(node) => Some((node.text()?, node.place)),
        None => None,
    };
    let failed_count = match fields.get("failedCount") {
        Some(node) => Some((node.number()?, node.place)),
        None => None,
    };
    Ok(AccountExpected::Row(Box::new(RowExpected {
        status,
        zone: text("zoneId")?,
        failed_count,
        error: text("error")?,
        conflict: flag("conflict")?,
        drift: flag("drift")?,
    })))
}

fn sent(node: &Node) -> Result<SentExpected, Fault> {
    let mut sent = Vec::new();
    for node in node.list()? {
        let fields = node.fields("what is sent", SENT)?;
        let agent = fields.needed("what is sent", "agent")?;
        let again = fields.flag("again")?;
        let kinds: Vec<&str> =
            SENDS.iter().copied().filter(|kind| fields.get(kind).is_some()).collect();
        if kinds.is_empty() {
            let text = format!("what is sent is one of {}", SENDS.join(", "));
            return Err(Fault::at(node.place, text));
        }
        for kind in kinds {
            let names = fields.get(kind).map(Node::texts).transpose()?.unwrap_or_default();
            sent.push(Sending { agent: agent.clone(), kind: kind.to_owned(), names, again });
        }
    }
    Ok(SentExpected { place: node.place, sent })
}
