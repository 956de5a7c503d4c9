//! What is written of policies: modules, or answers in their place.

use std::path::PathBuf;

use host_core::policy::{Amendment, Backoff, FailMode, Mode, Placement, Question, Ruling};
use serde_json::{Value, json};

use crate::scenario::words::{PolicyAnswer, PolicyAnswers, PolicyGiven, WrittenAnswers};
use crate::yaml::{Fault, Key, Node, nearest};

/// The keys of a policy.
pub(in crate::scenario) const POLICY: &[&str] =
    &["name", "module", "settings", "mode", "fail", "deadline", "admission", "placement", "retry"];

/// A chain, in its order.
pub(super) fn policies(node: &Node) -> Result<Vec<PolicyGiven>, Fault> {
    let mut chain: Vec<PolicyGiven> = Vec::new();
    for node in node.list()? {
        let policy = policy(node, chain.len() + 1)?;
        if chain.iter().any(|before| before.name == policy.name) {
            return Err(Fault::at(node.place, format!("there are two policies `{}`", policy.name)));
        }
        chain.push(policy);
    }
    Ok(chain)
}

fn policy(node: &Node, number: usize) -> Result<PolicyGiven, Fault> {
    let fields = node.fields("a policy", POLICY)?;
    let mut written = Vec::new();
    for question in Question::ALL {
        if let Some(node) = fields.get(question.as_str()) {
            let entry = |(key, node): &(Key, Node)| Ok((key.text.clone(), answer(question, node)?));
            let answers = node.map()?.iter().map(entry).collect::<Result<_, Fault>>()?;
            written.push(WrittenAnswers { question, answers });
        }
    }
    let answers = match (fields.text("module")?, written.is_empty()) {
        (Some(module), true) => PolicyAnswers::Module(PathBuf::from(module)),
        (None, false) => PolicyAnswers::Written(written),
        (Some(_), false) | (None, true) => {
            let text =
                "a policy is either a `module`, or has answers under admission, placement or retry";
            return Err(Fault::at(node.place, text));
        }
    };
    let word = |key: &str, words: &[&str]| {
        let Some(node) = fields.get(key) else { return Ok(words[0].to_owned()) };
        let word = node.text()?;
        if words.contains(&word.as_str()) {
            return Ok(word);
        }
        let text = format!("`{key}` cannot be `{word}`{}", nearest(&word, words));
        Err(Fault::at(node.place, text))
    };
    let mode = match word("mode", &["enforce", "monitor", "off"])?.as_str() {
        "monitor" => Mode::Monitor,
        "off" => Mode::Off,
        _ => Mode::Enforce,
    };
    let fail = match word("fail", &["closed", "open"])?.as_str() {
        "open" => FailMode::Open,
        _ => FailMode::Closed,
    };
    Ok(PolicyGiven {
        name: fields.text("name")?.unwrap_or_else(|| format!("policy-{number}")),
        answers,
        settings: fields.get("settings").map_or_else(|| json!({}), Node::json),
        mode,
        fail,
        deadline_ms: fields.get("deadline").map(Node::duration).transpose()?.unwrap_or(1_000),
        place: node.place,
    })
}

/// An answer: a word, or a word with what belongs to it.
pub(super) fn answer(question: Question, node: &Node) -> Result<PolicyAnswer, Fault> {
    let words: &[&str] = match question {
        Question::Admission => &["allow", "deny", "amend", "fails"],
        Question::Placement => &["keep", "zone", "refuse", "fails"],
        Question::Retry => &["after", "give-up", "fails"],
    };
    let (word, with) = match node.text() {
        Ok(word) => (word, None),
        Err(_) => match node.map()? {
            [(key, with)] => (key.text.clone(), Some(with)),
            _ => {
                let text = format!("an answer is one of {}", words.join(", "));
                return Err(Fault::at(node.place, text));
            }
        },
    };
    let because = || match with {
        Some(node) => node.text(),
        None => Ok("the script says so".to_owned()),
    };
    let needed =
        || with.ok_or_else(|| Fault::at(node.place, format!("`{word}` says no more here")));
    Ok(match word.as_str() {
        "fails" => PolicyAnswer::Fails,
        "allow" => PolicyAnswer::Ruling(Ruling::Allow),
        "deny" => PolicyAnswer::Ruling(Ruling::Deny(because()?)),
        "amend" => PolicyAnswer::Ruling(Ruling::Amend(amendments(needed()?)?)),
        "keep" => PolicyAnswer::Placement(Placement::Keep),
        "zone" => PolicyAnswer::Placement(Placement::Zone(needed()?.text()?)),
        "refuse" => PolicyAnswer::Placement(Placement::Refuse(because()?)),
        "after" => PolicyAnswer::Backoff(Backoff::After(needed()?.duration()?)),
        "give-up" => PolicyAnswer::Backoff(Backoff::GiveUp),
        other => {
            let text =
                format!("`{other}` is no answer to {}{}", question.as_str(), nearest(other, words));
            return Err(Fault::at(node.place, text));
        }
    })
    .and_then(|answer| fits(question, answer, node))
}

fn fits(question: Question, answer: PolicyAnswer, node: &Node) -> Result<PolicyAnswer, Fault> {
    let fits = match answer {
        PolicyAnswer::Ruling(_) => question == Question::Admission,
        PolicyAnswer::Placement(_) => question == Question::Placement,
        PolicyAnswer::Backoff(_) => question == Question::Retry,
        PolicyAnswer::Fails => true,
    };
    match fits {
        true => Ok(answer),
        false => {
            let text = format!("{} is no answer to {}", node.kind(), question.as_str());
            Err(Fault::at(node.place, text))
        }
    }
}

/// Keys with their values; nothing in the place of a value removes the key.
pub(super) fn amendments(node: &Node) -> Result<Vec<Amendment>, Fault> {
    let amendment = |(key, node): &(Key, Node)| {
        let value = Some(node.json()).filter(|value| *value != Value::Null);
        Amendment { key: key.text.clone(), value }
    };
    Ok(node.map()?.iter().map(amendment).collect())
}
