//! `POST /armory/accounts/{name}/rebind` and `…/check`: instructions for one account that need no body.

use axum::extract::State;
use axum::response::Response;
use host_control::intake::Asked;
use host_core::event::Action;
use serde::Deserialize;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::caller::{CallParameters, Caller};
use crate::names::{self, Named};
use crate::params::{AccountName, Params};
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::Shared;

/// The longest value that a claim is told apart by, in characters.
const SAID_MAX: usize = 255;

/// Which claim is accepted, where agents claim different clusters.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct RebindQuery {
    /// The fingerprint of the cluster's certificate, in upper or lower case.
    fingerprint: Option<String>,
    /// The agent whose claim it is.
    agent: Option<String>,
}

/// Accept the cluster identity that an agent claims, where it conflicts with the recorded one. Where agents claim
/// different clusters, `fingerprint` or `agent` says which.
#[utoipa::path(
    post,
    path = "/armory/accounts/{name}/rebind",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), RebindQuery, CallParameters),
    responses(Started)
)]
pub(crate) async fn rebind(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    Params(query): Params<RebindQuery>,
    caller: Caller,
) -> Result<Response, Problem> {
    let said = [("fingerprint", query.fingerprint), ("agent", query.agent)];
    let mut attributes = Vec::new();
    for (key, value) in said.into_iter().filter_map(|(key, value)| Some((key, value?))) {
        let length = value.chars().take(SAID_MAX + 1).count();
        if length == 0 || length > SAID_MAX || value.chars().any(char::is_control) {
            return Err(Problem::parameter(format!(
                "{key} must have 1 to {SAID_MAX} characters and no control characters"
            )));
        }
        attributes.push((key.to_owned(), value));
    }
    let asked = instruction(Action::Rebind, name, &caller, &attributes)?;
    ask(&state, asked, caller.reply, Conflicts::Listed, Accepted::AsAsked).await
}

/// Ask the agents of the account's zone whether they reach its cluster, without activating it. What each of them
/// answered, and saw, stands in the answer that was waited for, and in `/operations/{id}`.
#[utoipa::path(
    post,
    path = "/armory/accounts/{name}/check",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), CallParameters),
    responses(Started)
)]
pub(crate) async fn check(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    caller: Caller,
) -> Result<Response, Problem> {
    let asked = instruction(Action::Check, name, &caller, &[])?;
    ask(&state, asked, caller.reply, Conflicts::Listed, Accepted::WithAnswers).await
}

/// A request for one account.
fn instruction(
    action: Action,
    name: String,
    caller: &Caller,
    attributes: &[(String, String)],
) -> Result<Asked, Problem> {
    let item: Named<Wanted> = (name, Ok((None, None)));
    let mut asked = asked(caller, action, names::sort(vec![item], Conflicts::Listed)?, None);
    for item in asked.groups.iter_mut().flat_map(|(_, items)| items) {
        item.attributes = attributes.to_vec();
    }
    Ok(asked)
}
