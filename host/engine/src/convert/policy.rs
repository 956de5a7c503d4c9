//! A policy's questions on their way in, its answers on their way out.

use host_core::policy::{Amendment, Answers, Backoff, Case, FailedTry, Placement, Ruling};

use crate::bindings::policy::exports::swingbridge::policy::{admit, backoff as retry, place};

/// An account that is asked about. Its definition is the JSON that a reader of the HTTP API sees.
pub(crate) fn subject(case: Case) -> admit::Subject {
    admit::Subject {
        name: case.name,
        zone: case.zone,
        definition: case.definition.redacted().to_string(),
        attributes: case.attributes,
    }
}

/// The bytes that it takes, near enough.
pub(crate) fn weight(subject: &admit::Subject) -> usize {
    let attributes: usize = subject.attributes.iter().map(|(k, v)| k.len() + v.len()).sum();
    subject.name.len() + subject.definition.len() + attributes
}

pub(crate) fn failed(failed: FailedTry) -> retry::Failed {
    retry::Failed {
        name: failed.name,
        failed_count: failed.failed_count,
        code: failed.failure.code,
        text: failed.failure.text,
        attributes: failed.attributes,
    }
}

/// A verdict; an error where an amendment's value is no JSON.
pub(crate) fn ruling(verdict: admit::Verdict) -> Result<Option<Ruling>, String> {
    Ok(Some(match verdict {
        admit::Verdict::Allow => Ruling::Allow,
        admit::Verdict::Deny(reason) => Ruling::Deny(cut(reason)),
        admit::Verdict::Amend(amendments) => {
            let amendments = amendments.into_iter().map(|amendment| {
                let value = amendment.value.map(|text| {
                    serde_json::from_str(&text).map_err(|error| {
                        format!("its value for {} is no JSON: {error}", amendment.key)
                    })
                });
                Ok(Amendment { key: amendment.key, value: value.transpose()? })
            });
            Ruling::Amend(amendments.collect::<Result<_, String>>()?)
        }
        admit::Verdict::Other(_) => return Ok(None),
    }))
}

pub(crate) fn placement(placement: place::Placement) -> Option<Placement> {
    match placement {
        place::Placement::Keep => Some(Placement::Keep),
        place::Placement::Zone(zone) => Some(Placement::Zone(zone)),
        place::Placement::Refuse(reason) => Some(Placement::Refuse(cut(reason))),
        place::Placement::Other(_) => None,
    }
}

pub(crate) fn backoff(decision: &retry::Decision) -> Option<Backoff> {
    match decision {
        retry::Decision::After(millis) => Some(Backoff::After(*millis)),
        retry::Decision::GiveUp => Some(Backoff::GiveUp),
        retry::Decision::Other(_) => None,
    }
}

/// How many answers there are.
pub(crate) fn count(answers: &Answers) -> usize {
    match answers {
        Answers::Admission(told) => told.len(),
        Answers::Placement(told) => told.len(),
        Answers::Retry(told) => told.len(),
    }
}

/// A reason within its bound (`wit/policy`: 4,096 bytes).
fn cut(mut reason: String) -> String {
    let most = host_core::unit::collect::TEXT_MAX;
    if reason.len() > most {
        let end = (0..=most).rev().find(|at| reason.is_char_boundary(*at)).unwrap_or(0);
        reason.truncate(end);
    }
    reason
}
