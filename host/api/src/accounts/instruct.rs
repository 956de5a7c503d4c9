//! `POST /armory/accounts/{name}/rebind` and `…/check`: instructions for one account that need no body.

use axum::extract::State;
use axum::response::Response;
use host_core::event::Action;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::caller::{CallParameters, Caller};
use crate::names::{self, Named};
use crate::params::AccountName;
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::{ApiState, Shared};

/// Accept the cluster identity that an agent claims, where it conflicts with the recorded one.
#[utoipa::path(
    post,
    path = "/armory/accounts/{name}/rebind",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), CallParameters),
    responses(Started)
)]
pub(crate) async fn rebind(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    caller: Caller,
) -> Result<Response, Problem> {
    instruct(&state, Action::Rebind, name, &caller).await
}

/// Ask the agents of the account's zone whether they reach its cluster, without activating it.
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
    instruct(&state, Action::Check, name, &caller).await
}

async fn instruct(
    state: &ApiState,
    action: Action,
    name: String,
    caller: &Caller,
) -> Result<Response, Problem> {
    let item: Named<Wanted> = (name, Ok((None, None)));
    let asked = asked(caller, action, names::sort(vec![item], Conflicts::Listed)?, None);
    ask(state, asked, caller.reply, Conflicts::Listed, Accepted::AsAsked).await
}
