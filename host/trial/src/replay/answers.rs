//! Answers of policies, compared.

use host_core::policy::{Answers, Backoff, Placement, Ruling};

use super::compare::Difference;

/// What differs, account by account.
pub(super) fn differences(names: &[String], then: &Answers, now: &Answers) -> Vec<Difference> {
    let (then, now) = (in_words(then), in_words(now));
    let pairs = names.iter().zip(then.into_iter().zip(now));
    let differ = pairs.filter(|(_, (was, is))| was != is);
    differ.map(|(name, (was, is))| Difference { account: name.clone(), was, is }).collect()
}

fn in_words(answers: &Answers) -> Vec<String> {
    let unknown = || "answered in words that this program does not know".to_owned();
    match answers {
        Answers::Admission(told) => {
            let word = |ruling: &Ruling| match ruling {
                Ruling::Allow => "allowed".to_owned(),
                Ruling::Deny(reason) => format!("denied: {reason}"),
                Ruling::Amend(amendments) => {
                    let word = |amendment: &host_core::policy::Amendment| match &amendment.value {
                        Some(value) => format!("{} = {value}", amendment.key),
                        None => format!("no {}", amendment.key),
                    };
                    let words: Vec<String> = amendments.iter().map(word).collect();
                    format!("allowed with {}", words.join(", "))
                }
            };
            told.iter().map(|told| told.as_ref().map_or_else(unknown, word)).collect()
        }
        Answers::Placement(told) => {
            let word = |placement: &Placement| match placement {
                Placement::Keep => "left where it is".to_owned(),
                Placement::Zone(zone) => format!("placed in {zone}"),
                Placement::Refuse(reason) => format!("placed nowhere: {reason}"),
            };
            told.iter().map(|told| told.as_ref().map_or_else(unknown, word)).collect()
        }
        Answers::Retry(told) => {
            let word = |backoff: &Backoff| match backoff {
                Backoff::After(millis) => format!("tried again after {millis} ms"),
                Backoff::GiveUp => "given up".to_owned(),
            };
            told.iter().map(|told| told.as_ref().map_or_else(unknown, word)).collect()
        }
    }
}
