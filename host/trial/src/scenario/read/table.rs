//! A table of questions to a policy and their answers.

use host_core::account::Failure;
use host_core::definition::Definition;
use host_core::policy::{Backoff, Case, FailedTry, Placement, Question, Ruling};
use serde_json::json;

use super::policies;
use crate::scenario::words::{AnswerExpected, Ask, PolicyAnswer, Table, TableCase};
use crate::yaml::{Fault, Key, Node, nearest};

/// The keys of a table's file.
pub(in crate::scenario) const TABLE: &[&str] = &["name", "policy", "settings", "cases"];
/// The keys of a case.
pub(in crate::scenario) const CASE: &[&str] = &["name", "ask", "answer", "reason"];
/// The keys of a question about a retry.
pub(in crate::scenario) const FAILED: &[&str] =
    &["name", "failedCount", "code", "text", "attributes"];

pub(super) fn read(file: &Node) -> Result<Table, Fault> {
    let fields = file.fields("a table", TABLE)?;
    let word = fields.needed("a table", "policy")?;
    let Some(question) = Question::ALL.into_iter().find(|q| q.as_str() == word) else {
        let words = Question::ALL.map(Question::as_str);
        let place = fields.get("policy").map(|node| node.place).unwrap_or_default();
        let text = format!("there is no question `{word}`{}", nearest(&word, &words));
        return Err(Fault::at(place, text));
    };
    let Some(cases) = fields.get("cases") else {
        return Err(Fault::at(file.place, "a table needs `cases`"));
    };
    let cases: Vec<TableCase> =
        cases.list()?.iter().map(|node| case(question, node)).collect::<Result<_, _>>()?;
    if cases.is_empty() {
        return Err(Fault::at(file.place, "a table needs a case"));
    }
    Ok(Table {
        name: fields.text("name")?.unwrap_or_else(|| format!("{word} answers as it should")),
        question,
        settings: fields.get("settings").map_or_else(|| json!({}), Node::json),
        cases,
    })
}

fn case(question: Question, node: &Node) -> Result<TableCase, Fault> {
    let fields = node.fields("a case", CASE)?;
    let needed = |key: &str| {
        fields.get(key).ok_or_else(|| Fault::at(node.place, format!("a case needs `{key}`")))
    };
    let (ask_node, answer) = (needed("ask")?, needed("answer")?);
    let reason = match fields.get("reason") {
        Some(node) => Some((node.text()?, node.place)),
        None => None,
    };
    Ok(TableCase {
        place: node.place,
        name: fields.text("name")?,
        ask: ask(question, ask_node)?,
        answer: (expected(question, answer)?, answer.place),
        reason,
    })
}

fn ask(question: Question, node: &Node) -> Result<Ask, Fault> {
    if question == Question::Retry {
        let fields = node.fields("a question about a retry", FAILED)?;
        let count = fields.get("failedCount").map(Node::number).transpose()?.unwrap_or(1);
        let code = fields.text("code")?.unwrap_or_else(|| "unreachable".to_owned());
        return Ok(Ask::Failed(FailedTry {
            name: fields.needed("a question", "name")?,
            failed_count: u32::try_from(count).unwrap_or(u32::MAX),
            failure: Failure { code, text: fields.text("text")?.unwrap_or_default() },
            attributes: attributes(fields.get("attributes"))?,
        }));
    }
    let entries = node.map()?;
    let find =
        |key: &str| entries.iter().find(|(known, _)| known.text == key).map(|(_, node)| node);
    let Some(name) = find("name") else {
        return Err(Fault::at(node.place, "a question needs `name`"));
    };
    let mut definition = node.json();
    if let Some(object) = definition.as_object_mut() {
        object.remove("zone");
        object.remove("attributes");
    }
    let definition = Definition::from_json(definition)
        .map_err(|fault| Fault::at(node.place, format!("no account can be like this: {fault}")))?;
    Ok(Ask::Case(Case {
        name: name.text()?,
        zone: find("zone").or_else(|| find("zoneId")).map(Node::text).transpose()?,
        definition,
        attributes: attributes(find("attributes"))?,
    }))
}

fn attributes(node: Option<&Node>) -> Result<Vec<(String, String)>, Fault> {
    let Some(node) = node else { return Ok(Vec::new()) };
    let pair = |(key, node): &(Key, Node)| Ok((key.text.clone(), node.text()?));
    node.map()?.iter().map(pair).collect()
}

/// An expected answer: a word for any answer of the kind, or one with what belongs to it.
fn expected(question: Question, node: &Node) -> Result<AnswerExpected, Fault> {
    match (question, node.text().as_deref()) {
        (Question::Admission, Ok("deny")) => return Ok(AnswerExpected::Deny),
        (Question::Admission, Ok("amend")) => return Ok(AnswerExpected::Amend(Vec::new())),
        (Question::Placement, Ok("zone")) => return Ok(AnswerExpected::Zone(None)),
        (Question::Placement, Ok("refuse")) => return Ok(AnswerExpected::Refuse),
        (Question::Retry, Ok("after")) => return Ok(AnswerExpected::After(None)),
        _ => {}
    }
    Ok(match policies::answer(question, node)? {
        PolicyAnswer::Ruling(Ruling::Allow) => AnswerExpected::Allow,
        PolicyAnswer::Ruling(Ruling::Deny(_)) => AnswerExpected::Deny,
        PolicyAnswer::Ruling(Ruling::Amend(amendments)) => AnswerExpected::Amend(amendments),
        PolicyAnswer::Placement(Placement::Keep) => AnswerExpected::Keep,
        PolicyAnswer::Placement(Placement::Zone(zone)) => AnswerExpected::Zone(Some(zone)),
        PolicyAnswer::Placement(Placement::Refuse(_)) => AnswerExpected::Refuse,
        PolicyAnswer::Backoff(Backoff::After(millis)) => AnswerExpected::After(Some(millis)),
        PolicyAnswer::Backoff(Backoff::GiveUp) => AnswerExpected::GiveUp,
        PolicyAnswer::Fails => {
            let text = "no answer is expected to be a failure; write what it should have said";
            return Err(Fault::at(node.place, text));
        }
    })
}
