//! What stands in an address: names, ids and query parameters, each checked, each wrong one a problem that names it.

use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use host_core::name;
use serde::de::DeserializeOwned;

use crate::problem::{Kind, Problem};

/// The longest id that is looked up, in characters.
const ID_MAX: usize = 255;

/// The account that a path names.
#[derive(Debug)]
pub(crate) struct AccountName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for AccountName {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = segment(parts, state).await?;
        name::check(&text).map(Self).map_err(|bad| Problem::new(Kind::Name, bad.to_string()))
    }
}

/// The agent, request or operation that a path names.
#[derive(Debug)]
pub(crate) struct Id(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = segment(parts, state).await?;
        if text.chars().count() > ID_MAX || text.chars().any(char::is_control) {
            return Err(Problem::parameter(format!(
                "an id has at most {ID_MAX} characters and no control characters"
            )));
        }
        Ok(Self(text))
    }
}

async fn segment<S: Send + Sync>(parts: &mut Parts, state: &S) -> Result<String, Problem> {
    let Path(text) = Path::<String>::from_request_parts(parts, state)
        .await
        .map_err(|error| Problem::parameter(error.body_text()))?;
    Ok(text)
}

/// The parameters of a query.
#[derive(Debug)]
pub(crate) struct Params<T>(pub(crate) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Params<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<T>::try_from_uri(&parts.uri)
            .map(|Query(params)| Self(params))
            .map_err(|error| Problem::parameter(error.body_text()))
    }
}
