//! Which recorded calls are asked for: parameters of a query as a filter, each wrong one a problem that names it.

use std::time::UNIX_EPOCH;

use host_core::clock::Millis;
use host_core::port::recordings::RecordFilter;
use host_core::{id, name};
use serde::Deserialize;

use crate::problem::Problem;

/// The longest word that is looked for, in characters.
const WORD_MAX: usize = 255;

/// Which recorded calls. What is left out does not matter.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordsQuery {
    /// Calls about this account, whatever else they were about.
    account: Option<String>,
    /// Made at this time or later: milliseconds, or as in `2026-11-22T12:00:00Z`.
    since: Option<String>,
    /// Made before this time.
    until: Option<String>,
    /// Of this module: its digest, or how that begins. `sha256:` may be left out.
    module: Option<String>,
    /// In this slot.
    slot: Option<String>,
    /// Of this export: `handle`, `on-agent`, `tick`; of a policy the question: `admission`, `placement`, `retry`.
    export: Option<String>,
    /// Ended like this: `ok`, or why not, as in the metric `swingbridge_calls_total`.
    outcome: Option<String>,
    /// Only calls before the one with this id: the last one of the list that was read before.
    before: Option<String>,
    /// Records in the answer: 1 to 1,000; 100 if left out.
    pub(super) limit: Option<u64>,
}

impl RecordsQuery {
    /// The filter.
    ///
    /// # Errors
    /// A problem that names the parameter that cannot be used.
    pub(super) fn filter(&self) -> Result<RecordFilter, Problem> {
        let filter = RecordFilter {
            account: account(self.account.as_deref())?,
            since: time("since", self.since.as_deref())?,
            until: time("until", self.until.as_deref())?,
            module: word("module", self.module.as_deref())?.map(digest),
            slot: word("slot", self.slot.as_deref())?,
            export: word("export", self.export.as_deref())?,
            outcome: word("outcome", self.outcome.as_deref())?,
            before: before(self.before.as_deref())?,
        };
        match (filter.since, filter.until) {
            (Some(since), Some(until)) if since > until => {
                Err(Problem::parameter("until must not lie before since"))
            }
            _ => Ok(filter),
        }
    }
}

fn account(given: Option<&str>) -> Result<Option<String>, Problem> {
    let checked = given.map(name::check).transpose();
    checked.map_err(|bad| Problem::parameter(format!("account: {bad}")))
}

fn time(called: &str, given: Option<&str>) -> Result<Option<Millis>, Problem> {
    let Some(text) = given else { return Ok(None) };
    if let Ok(millis) = text.parse() {
        return Ok(Some(millis));
    }
    let written = humantime::parse_rfc3339_weak(text).ok();
    let since = written.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    let millis = since.and_then(|since| Millis::try_from(since.as_millis()).ok());
    millis.map(Some).ok_or_else(|| {
        Problem::parameter(format!(
            "{called} must be a time, in milliseconds or like 2026-11-22T12:00:00Z"
        ))
    })
}

fn word(called: &str, given: Option<&str>) -> Result<Option<String>, Problem> {
    let Some(text) = given else { return Ok(None) };
    let length = text.chars().count();
    if !(1..=WORD_MAX).contains(&length) || text.chars().any(char::is_control) {
        return Err(Problem::parameter(format!(
            "{called} must have 1 to {WORD_MAX} characters and no control characters"
        )));
    }
    Ok(Some(text.to_owned()))
}

fn before(given: Option<&str>) -> Result<Option<String>, Problem> {
    match given {
        Some(text) if !id::is_id(text) => {
            Err(Problem::parameter("before must be the id of a record"))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

/// Digits of a digest as they are kept.
fn digest(given: String) -> String {
    let digits = given.chars().all(|digit| digit.is_ascii_hexdigit());
    if digits { format!("sha256:{}", given.to_ascii_lowercase()) } else { given }
}
