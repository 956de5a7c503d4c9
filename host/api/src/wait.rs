//! `?wait=30s` and `Prefer: wait=30`: whether, and how long, a caller waits for the outcome.

use std::time::Duration;

use axum::extract::{FromRequestParts, Query};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use host_core::clock::Millis;
use serde::Deserialize;
use utoipa::IntoParams;

use crate::problem::Problem;
use crate::state::Shared;

/// The longest wait, in milliseconds; a longer one is cut to it, since connections that idle longer are cut by others.
pub(crate) const WAIT_MAX_MS: u64 = 600_000;

/// How a caller wants its request answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reply {
    /// As the original does: an empty list.
    Plain,
    /// At once, in the shape of a request (a `Prefer` header without a wait).
    AtOnce,
    /// In that shape, when nothing is pending or at this time.
    Until(Millis),
}

/// The parameters of a path that can wait.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct WaitQuery {
    /// How long to wait for the outcome: `30s`, `2m`, or seconds. At most ten minutes. The header `Prefer: wait=30` says
    /// the same.
    #[serde(default)]
    wait: Option<String>,
}

impl FromRequestParts<Shared> for Reply {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let Query(query) = Query::<WaitQuery>::try_from_uri(&parts.uri)
            .map_err(|error| Problem::parameter(error.body_text()))?;
        let until = |wait_ms: u64| state.clock.now().saturating_add(wait_ms.min(WAIT_MAX_MS));
        if let Some(text) = query.wait {
            return wait_ms(&text).map(until).map(Self::Until).ok_or_else(|| {
                Problem::parameter(format!("wait must be a time like 30s or 2m, not {text:?}"))
            });
        }
        Ok(match preferred_ms(&parts.headers) {
            Some(wait_ms) => Self::Until(until(wait_ms)),
            None if parts.headers.contains_key("prefer") => Self::AtOnce,
            None => Self::Plain,
        })
    }
}

fn wait_ms(text: &str) -> Option<u64> {
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => humantime::parse_duration(text).ok()?,
    };
    Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
}

/// The wait in a `Prefer` header (RFC 7240). One that cannot be read is no preference.
fn preferred_ms(headers: &HeaderMap) -> Option<u64> {
    headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split([',', ';']))
        .filter_map(|preference| preference.trim().split_once('='))
        .find(|(key, _)| key.trim().eq_ignore_ascii_case("wait"))
        .and_then(|(_, seconds)| seconds.trim().trim_matches('"').parse::<u64>().ok())
        .map(|seconds| seconds.saturating_mul(1_000))
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, HeaderValue};

    use super::{preferred_ms, wait_ms};

    #[test]
    fn a_wait_is_a_time_with_a_unit_or_seconds() {
        assert_eq!(wait_ms("30s"), Some(30_000));
        assert_eq!(wait_ms("2m"), Some(120_000));
        assert_eq!(wait_ms("250ms"), Some(250));
        assert_eq!(wait_ms("5"), Some(5_000));
        assert_eq!(wait_ms("soon"), None);
        assert_eq!(wait_ms(""), None);
        assert_eq!(wait_ms("-1s"), None);
    }

    #[test]
    fn a_preference_that_cannot_be_read_is_none() {
        let prefer = |text: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", HeaderValue::from_static(text));
            preferred_ms(&headers)
        };
        assert_eq!(prefer("wait=30"), Some(30_000));
        assert_eq!(prefer("respond-async, Wait = 7"), Some(7_000));
        assert_eq!(prefer("wait=soon"), None);
        assert_eq!(prefer("respond-async"), None);
    }
}
