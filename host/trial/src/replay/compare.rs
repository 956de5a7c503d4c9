//! Two ends of the same call, compared: what differs, account by account, as a person would say it.

use std::collections::BTreeMap;

use host_core::account::Fields;
use host_core::event::Answer;
use host_core::record::{Asked, End};

use super::answers;
use super::fate::{Fate, fates};

/// What is decided otherwise about an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The account; empty: the call as a whole.
    pub account: String,
    /// What was decided then.
    pub was: String,
    /// What is decided now.
    pub is: String,
}

impl Difference {
    /// As a sentence.
    #[must_use]
    pub fn in_words(&self) -> String {
        let Self { account, was, is } = self;
        let account = if account.is_empty() { "the call" } else { account };
        format!("{account}: was {was}, is now {is}")
    }
}

/// What differs between then and now.
pub(super) fn differences(asked: &Asked, then: &End, now: &End) -> Vec<Difference> {
    match (then, now) {
        (
            End::Decided { answer: then_answer, writes: then_writes },
            End::Decided { answer, writes },
        ) => {
            let mut found =
                by_account(&fates(asked, then_answer, then_writes), &fates(asked, answer, writes));
            found.extend(wake(then_answer, answer));
            found
        }
        (End::Answered(then), End::Answered(now)) => {
            answers::differences(&asked.names(), then, now)
        }
        (End::Stopped(then), End::Stopped(now)) if then.class == now.class => Vec::new(),
        (then, now) => {
            let end = |end: &End| match end {
                End::Stopped(error) => format!("stopped ({})", error.sentence),
                End::Decided { .. } | End::Answered(_) => "decided".to_owned(),
            };
            vec![Difference { account: String::new(), was: end(then), is: end(now) }]
        }
    }
}

fn by_account(then: &BTreeMap<String, Fate>, now: &BTreeMap<String, Fate>) -> Vec<Difference> {
    let nothing = Fate::default();
    let names: std::collections::BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let mut found = Vec::new();
    for name in names {
        let was = then.get(name).unwrap_or(&nothing);
        let is = now.get(name).unwrap_or(&nothing);
        if was != is {
            found.push(difference(name, was, is));
        }
    }
    found
}

/// Where two fates read alike, what else differs is named.
fn difference(name: &str, was: &Fate, is: &Fate) -> Difference {
    let (mut then, mut now) = (was.in_words(), is.in_words());
    if then == now {
        let details = details(was, is);
        let (before, after): (Vec<String>, Vec<String>) = details.into_iter().unzip();
        then = format!("{then} with {}", before.join(", "));
        now = format!("{now} with {}", after.join(", "));
    }
    Difference { account: name.to_owned(), was: then, is: now }
}

fn details(was: &Fate, is: &Fate) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut differs = |what: &str, then: String, now: String| {
        if then != now {
            found.push((format!("{what} {then}"), format!("{what} {now}")));
        }
    };
    let nothing = Fields::default();
    let (then, now) =
        (was.fields.as_ref().unwrap_or(&nothing), is.fields.as_ref().unwrap_or(&nothing));
    let or_none = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
    differs("the states", was.states.join(" → "), is.states.join(" → "));
    differs("the reason", was.reasons.join("; "), is.reasons.join("; "));
    differs("zone", or_none(&then.zone), or_none(&now.zone));
    differs("failed tries", then.failed_count.to_string(), now.failed_count.to_string());
    let due = |at: Option<u64>| at.map_or_else(|| "never".to_owned(), host_core::clock::iso8601);
    differs("due", due(then.due_at), due(now.due_at));
    differs("identity", format!("{:?}", then.identity), format!("{:?}", now.identity));
    differs("attributes", pairs(&then.attributes), pairs(&now.attributes));
    differs("the definition", format!("{:?}", was.definition), format!("{:?}", is.definition));
    differs("the outcome", format!("{:?}", was.outcome), format!("{:?}", is.outcome));
    found
}

fn pairs(attributes: &[(String, String)]) -> String {
    let mut pairs: Vec<String> =
        attributes.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.sort_unstable();
    if pairs.is_empty() { "none".to_owned() } else { pairs.join(" ") }
}

fn wake(then: &Answer, now: &Answer) -> Option<Difference> {
    let (Answer::Wake(then), Answer::Wake(now)) = (then, now) else { return None };
    if then == now {
        return None;
    }
    let at = |at: &Option<u64>| match at {
        Some(at) => format!("to be called at {}", host_core::clock::iso8601(*at)),
        None => "to be called by rows only".to_owned(),
    };
    Some(Difference { account: String::new(), was: at(then), is: at(now) })
}
