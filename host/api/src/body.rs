//! Bodies: read up to a limit, and understood as JSON whatever their content type says (`curl -d` says another).

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use axum::http::header;
use futures::StreamExt;
use serde_json::Value;

use crate::problem::{Kind, Problem};
use crate::state::Shared;

/// So many times the limit is read and thrown away of a body that is too large, so that its sender gets to read the
/// answer; behind that it is cut off.
const PATIENCE: usize = 4;

/// A body that must be JSON.
#[derive(Debug)]
pub(crate) struct JsonBody(pub(crate) Value);

impl FromRequest<Shared> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Problem> {
        match OptionalJson::from_request(request, state).await? {
            OptionalJson(Some(value)) => Ok(Self(value)),
            OptionalJson(None) => Err(Problem::body("the body is empty; it must be JSON")),
        }
    }
}

/// A body that may be left out.
#[derive(Debug)]
pub(crate) struct OptionalJson(pub(crate) Option<Value>);

impl FromRequest<Shared> for OptionalJson {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &Shared) -> Result<Self, Problem> {
        let bytes = read(request, state.options.body_limit).await?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(None));
        }
        let value = serde_json::from_slice(&bytes)
            .map_err(|error| Problem::body(format!("the body is not JSON: {error}")))?;
        Ok(Self(Some(value)))
    }
}

async fn read(request: Request, limit: usize) -> Result<Vec<u8>, Problem> {
    let too_large = || {
        Problem::new(
            Kind::BodyTooLarge,
            format!("the body has more than {limit} bytes; send the accounts in several requests"),
        )
    };
    let bound = limit.saturating_mul(PATIENCE);
    if announced(&request).is_some_and(|length| length > bound) {
        return Err(too_large());
    }
    let mut kept = Vec::new();
    let mut seen: usize = 0;
    let mut chunks = Body::into_data_stream(request.into_body());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Problem::body(format!("the body broke off: {error}")))?;
        seen = seen.saturating_add(chunk.len());
        if seen > bound {
            break;
        }
        if seen > limit {
            kept = Vec::new();
        } else {
            kept.extend_from_slice(&chunk);
        }
    }
    if seen > limit { Err(too_large()) } else { Ok(kept) }
}

fn announced(request: &Request) -> Option<usize> {
    request.headers().get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
