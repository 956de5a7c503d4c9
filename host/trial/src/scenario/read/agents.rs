//! What is written of agents: how they join, what they answer, what they see.

use host_core::account::{Failure, Identity};

use crate::scenario::words::AgentAction;
use crate::world::{Joining, ScriptedAnswer, Seen};
use crate::yaml::{Fault, Fields, Key, Node};

/// The keys of what an agent sees of a cluster.
pub(in crate::scenario) const SEEN: &[&str] =
    &["host", "fingerprint", "version", "namespaces", "healthy", "code", "text"];
/// The keys of an answer that is more than a word.
pub(in crate::scenario) const ANSWER: &[&str] =
    &["done", "code", "text", "host", "fingerprint", "version"];

/// How an agent joins.
pub(super) fn joining(fields: &Fields<'_>) -> Result<Joining, Fault> {
    let names = |key: &str| fields.get(key).map(Node::texts).transpose();
    let given = names("holds")?.unwrap_or_default().into_iter().map(|name| (name, false));
    let own = names("configured")?.unwrap_or_default().into_iter().map(|name| (name, true));
    Ok(Joining {
        zone: fields.text("zone")?,
        instance: fields.text("instance")?,
        holds: given.chain(own).collect(),
        sees: fields.get("sees").map(seen_by_name).transpose()?.unwrap_or_default(),
    })
}

/// What an agent sees, by account.
pub(super) fn seen_by_name(node: &Node) -> Result<Vec<(String, Seen)>, Fault> {
    let seen = |(key, node): &(Key, Node)| Ok((key.text.clone(), seen(node)?));
    node.map()?.iter().map(seen).collect()
}

fn seen(node: &Node) -> Result<Seen, Fault> {
    let fields = node.fields("what an agent sees", SEEN)?;
    let failure = failure(&fields)?;
    let said = fields.get("healthy").map(Node::flag).transpose()?;
    if said == Some(true) && failure.is_some() {
        return Err(Fault::at(node.place, "a cluster that is healthy has no `code`"));
    }
    let unwell = || Failure { code: "unreachable".into(), text: "the script says so".into() };
    let healthy = said.or(failure.is_some().then_some(false));
    Ok(Seen {
        identity: identity(&fields)?,
        healthy,
        failure: failure.or_else(|| (healthy == Some(false)).then(unwell)),
        namespaces: fields.get("namespaces").map(Node::texts).transpose()?,
    })
}

fn identity(fields: &Fields<'_>) -> Result<Option<Identity>, Fault> {
    let part = |key: &str| fields.text(key);
    let (host, fingerprint, version) = (part("host")?, part("fingerprint")?, part("version")?);
    if host.is_none() && fingerprint.is_none() && version.is_none() {
        return Ok(None);
    }
    let (host, fingerprint) = (host.unwrap_or_default(), fingerprint.unwrap_or_default());
    Ok(Some(Identity { host, fingerprint, version: version.unwrap_or_default() }))
}

fn failure(fields: &Fields<'_>) -> Result<Option<Failure>, Fault> {
    let (code, text) = (fields.text("code")?, fields.text("text")?);
    match (code, text) {
        (Some(code), text) => {
            let text = text.unwrap_or_else(|| format!("the script says {code}"));
            Ok(Some(Failure { code, text }))
        }
        (None, Some(_)) => Err(Fault::at(fields.place, "`text` goes with `code`")),
        (None, None) => Ok(None),
    }
}

/// What an agent answers.
pub(super) fn answers(fields: &Fields<'_>) -> Result<AgentAction, Fault> {
    let Some(node) = fields.get("answers") else {
        return Err(Fault::at(fields.place, "`answers` is missing"));
    };
    let answer = |(key, node): &(Key, Node)| Ok((key.text.clone(), answer(node)?));
    let answers: Vec<_> = node.map()?.iter().map(answer).collect::<Result<_, Fault>>()?;
    if answers.is_empty() {
        return Err(Fault::at(node.place, "an agent answers about at least one account"));
    }
    let operation = fields.get("operation").map(Node::number).transpose()?;
    if operation.is_some() && answers.len() > 1 {
        return Err(Fault::at(fields.place, "`operation` is of one account"));
    }
    let operation = operation.map(|number| usize::try_from(number).unwrap_or(usize::MAX));
    Ok(AgentAction::Answers { answers, operation, repeats: fields.flag("repeats")? })
}

fn answer(node: &Node) -> Result<ScriptedAnswer, Fault> {
    if let Ok(word) = node.text() {
        let code = (word != "done").then_some(word);
        let failure = |code: String| Failure { text: format!("the script says {code}"), code };
        return Ok(ScriptedAnswer { refusal: code.map(failure), identity: None });
    }
    let fields = node.fields("an answer", ANSWER)?;
    let refusal = failure(&fields)?;
    if fields.flag("done")? == refusal.is_some() {
        return Err(Fault::at(node.place, "an answer is either `done: true` or has a `code`"));
    }
    Ok(ScriptedAnswer { refusal, identity: identity(&fields)? })
}
