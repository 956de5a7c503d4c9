//! `DELETE /armory/accounts` and `DELETE /armory/accounts/{name}`: end accounts.

use std::collections::BTreeSet;

use axum::extract::State;
use axum::response::Response;
use host_core::event::Action;
use serde::Deserialize;
use serde_json::Value;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::body::OptionalJson;
use crate::caller::{CallParameters, Caller};
use crate::names::{self, Named};
use crate::params::{AccountName, Params};
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::{ApiState, Shared};

/// The parameters of a delete.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DeleteQuery {
    /// The accounts, with commas between them: for callers whose proxies drop the bodies of deletes.
    names: Option<String>,
}

/// End accounts: agents let go of them, then their rows are removed. The names stand in the body or in `names`; where
/// they stand in both they must be the same.
#[utoipa::path(
    delete,
    path = "/armory/accounts",
    tag = "accounts",
    params(DeleteQuery, CallParameters),
    request_body(content = Vec<String>, description = "the names"),
    responses(Started)
)]
pub(crate) async fn delete_many(
    State(state): State<Shared>,
    Params(query): Params<DeleteQuery>,
    caller: Caller,
    OptionalJson(body): OptionalJson,
) -> Result<Response, Problem> {
    let in_query: Option<Vec<String>> = query.names.map(|names| {
        names.split(',').map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    });
    let in_body = body.as_ref().map(strings).transpose()?;
    let names = match (in_body, in_query) {
        (Some(body), Some(query)) if set(&body) != set(&query) => {
            return Err(Problem::body(
                "the body and ?names= name different accounts; give one of them",
            ));
        }
        (Some(names), _) | (None, Some(names)) => names,
        (None, None) => Vec::new(),
    };
    if names.is_empty() {
        return Err(Problem::body("no account is named; give a list of names, or ?names=a,b"));
    }
    delete(&state, names, &caller, body.as_ref()).await
}

/// End one account: agents let go of it, then its row is removed.
#[utoipa::path(
    delete,
    path = "/armory/accounts/{name}",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), CallParameters),
    responses(Started)
)]
pub(crate) async fn delete_one(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    caller: Caller,
) -> Result<Response, Problem> {
    delete(&state, vec![name], &caller, None).await
}

async fn delete(
    state: &ApiState,
    names: Vec<String>,
    caller: &Caller,
    body: Option<&Value>,
) -> Result<Response, Problem> {
    let items: Vec<Named<Wanted>> =
        names.into_iter().map(|name| (name, Ok((None, None)))).collect();
    let asked = asked(caller, Action::Delete, names::sort(items, Conflicts::Listed)?, body);
    ask(state, asked, caller.reply, Conflicts::Listed, Accepted::AsAsked).await
}

fn set(names: &[String]) -> BTreeSet<&str> {
    names.iter().map(String::as_str).collect()
}

fn strings(body: &Value) -> Result<Vec<String>, Problem> {
    let list = body
        .as_array()
        .ok_or_else(|| Problem::body("the body must be a list of names: [\"a\", \"b\"]"))?;
    let element = |(at, value): (usize, &Value)| {
        let text = value.as_str().map(str::to_owned);
        text.ok_or_else(|| Problem::body(format!("[{at}] must be a string")))
    };
    list.iter().enumerate().map(element).collect()
}
