//! `POST /armory/accounts/{name}/rebind` and `…/check`: instructions for one account that need no body.

use axum::extract::State;
use axum::response::Response;
use host_core::event::Action;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::names::{self, Named};
use crate::params::AccountName;
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::{ApiState, Shared};
use crate::wait::{Reply, WaitQuery};
use crate::who::Who;

/// Accept the cluster identity that an agent claims, where it conflicts with the recorded one.
#[utoipa::path(
    post,
    path = "/armory/accounts/{name}/rebind",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), WaitQuery),
    responses(Started)
)]
pub(crate) async fn rebind(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    Who(who): Who,
    reply: Reply,
) -> Result<Response, Problem> {
    instruct(&state, Action::Rebind, name, who, reply).await
}

/// Ask the agents of the account's zone whether they reach its cluster, without activating it.
#[utoipa::path(
    post,
    path = "/armory/accounts/{name}/check",
    tag = "accounts",
    params(("name" = String, Path, description = "the account"), WaitQuery),
    responses(Started)
)]
pub(crate) async fn check(
    State(state): State<Shared>,
    AccountName(name): AccountName,
    Who(who): Who,
    reply: Reply,
) -> Result<Response, Problem> {
    instruct(&state, Action::Check, name, who, reply).await
}

async fn instruct(
    state: &ApiState,
    action: Action,
    name: String,
    who: String,
    reply: Reply,
) -> Result<Response, Problem> {
    let item: Named<Wanted> = (name, Ok((None, None)));
    let asked = asked(who, action, names::sort(vec![item], Conflicts::Listed)?);
    ask(state, asked, reply, Conflicts::Listed, Accepted::AsAsked).await
}
