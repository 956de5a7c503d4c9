//! Whoever starts work: who it is, how the answer is wanted, and the key under which the call may be repeated.

use axum::extract::{FromRequestParts, Query};
use axum::http::HeaderMap;
use axum::http::request::Parts;
use host_control::intake::{Asked, AskedItem};
use host_core::event::{Action, Refused};
use host_core::once::Once;
use serde_json::Value;

use crate::problem::Problem;
use crate::state::Shared;
use crate::wait::{Reply, WaitQuery};
use crate::who::Who;

/// The header of the key.
const HEADER: &str = "idempotency-key";
/// The longest key, in characters.
const KEY_MAX: usize = 255;
/// The parameter that says how the answer is wanted, and not what is asked.
const HOW: &str = "wait";

/// What a path that starts work takes beside its body, for the `OpenAPI` document.
#[derive(Debug)]
pub(crate) struct CallParameters;

impl utoipa::IntoParams for CallParameters {
    fn into_params(
        _: impl Fn() -> Option<utoipa::openapi::path::ParameterIn>,
    ) -> Vec<utoipa::openapi::path::Parameter> {
        #[derive(utoipa::IntoParams)]
        #[into_params(parameter_in = Header)]
        #[allow(dead_code, reason = "describes the header in the OpenAPI document")]
        struct KeyHeader {
            /// The same key with the same body and parameters within a day is the same request: the same `Location`, and
            /// how it stands by now. With anything else it is a 422. 1 to 255 printable characters; it holds for the
            /// caller, the method and the path.
            #[param(rename = "Idempotency-Key")]
            idempotency_key: Option<String>,
        }
        let mut parameters = WaitQuery::into_params(|| None);
        parameters.extend(KeyHeader::into_params(|| None));
        parameters
    }
}

/// Whoever starts work.
#[derive(Debug)]
pub(crate) struct Caller {
    who: String,
    /// How the answer is wanted.
    pub(crate) reply: Reply,
    key: Option<Key>,
}

/// A key where it holds.
#[derive(Debug)]
struct Key {
    text: String,
    place: String,
    parameters: Vec<(String, String)>,
}

impl Caller {
    /// The caller's key for this body, if there is one.
    pub(crate) fn once(&self, body: Option<&Value>) -> Option<Once> {
        let key = self.key.as_ref()?;
        Some(Once::new(&self.who, &key.place, &key.text, key.parameters.clone(), body))
    }

    /// The request that the caller makes.
    pub(crate) fn asked(
        &self,
        groups: Vec<(Action, Vec<AskedItem>)>,
        refused: Vec<(String, Refused)>,
        body: Option<&Value>,
    ) -> Asked {
        Asked { who: self.who.clone(), groups, refused, once: self.once(body) }
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Problem> {
        let Ok(Who(who)) = Who::from_request_parts(parts, state).await;
        let reply = Reply::from_request_parts(parts, state).await?;
        let key = match key(&parts.headers)? {
            None => None,
            Some(text) => Some(Key {
                text,
                place: format!("{} {}", parts.method, parts.uri.path()),
                parameters: parameters(parts)?,
            }),
        };
        Ok(Self { who, reply, key })
    }
}

/// What the parameters ask, without how the answer is wanted.
fn parameters(parts: &Parts) -> Result<Vec<(String, String)>, Problem> {
    let Query(mut parameters) = Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
        .map_err(|error| Problem::parameter(error.body_text()))?;
    parameters.retain(|(name, _)| name != HOW);
    Ok(parameters)
}

fn key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let bad = |why: &str| {
        Problem::parameter(format!(
            "Idempotency-Key {why}; it must be 1 to {KEY_MAX} printable characters"
        ))
    };
    let mut given = headers.get_all(HEADER).iter();
    let Some(value) = given.next() else { return Ok(None) };
    if given.next().is_some() {
        return Err(bad("is given twice"));
    }
    let text = std::str::from_utf8(value.as_bytes()).map_err(|_| bad("is no text"))?.trim();
    if text.is_empty() {
        return Err(bad("is empty"));
    }
    if text.chars().count() > KEY_MAX {
        return Err(bad("is too long"));
    }
    if text.chars().any(char::is_control) {
        return Err(bad("holds a control character"));
    }
    Ok(Some(text.to_owned()))
}
