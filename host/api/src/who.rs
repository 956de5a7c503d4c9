//! Who asks: what Spinnaker's gateway says, until access control says more.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Spinnaker's header for the person behind a call.
const HEADER: &str = "x-spinnaker-user";
/// The longest name that the journal keeps, in characters.
const WHO_MAX: usize = 255;

/// The person behind a call, for the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Who(pub(crate) String);

impl<S: Sync> FromRequestParts<S> for Who {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let said = parts.headers.get(HEADER).map(|value| String::from_utf8_lossy(value.as_bytes()));
        let who: String = said
            .as_deref()
            .map(str::trim)
            .filter(|who| !who.is_empty())
            .unwrap_or("anonymous")
            .chars()
            .filter(|character| !character.is_control())
            .take(WHO_MAX)
            .collect();
        Ok(Self(who))
    }
}
