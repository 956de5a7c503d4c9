//! `PATCH /armory/accounts` and its alias: activate accounts, or deactivate them.

use axum::extract::State;
use axum::response::Response;
use host_core::definition::FILE;
use host_core::event::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Wanted, items};
use crate::answer::{Accepted, Started, ask};
use crate::body::JsonBody;
use crate::caller::{CallParameters, Caller};
use crate::fields::Fields;
use crate::names::{self, Named};
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::Shared;

/// An account and the state that is wanted of it.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "describes the body in the OpenAPI document; bodies are read by `fields`"
)]
pub(crate) struct PatchItem {
    /// The account.
    name: String,
    /// The state that is wanted.
    state: WantedState,
    /// The zone whose agents are to hold it.
    zone_id: Option<String>,
    /// With `ACTIVE`: a kubeconfig that works where the agents are, a path or a secret reference.
    kubeconfig_file: Option<String>,
}

/// What an account is to become.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
#[allow(
    dead_code,
    reason = "describes the body in the OpenAPI document; bodies are read by `fields`"
)]
pub(crate) enum WantedState {
    /// Held and watched by an agent.
    Active,
    /// Known, and held by no agent.
    Inactive,
}

/// Activate accounts, or deactivate them. Both may stand in one body: it is one request.
#[utoipa::path(
    patch,
    path = "/armory/accounts",
    tag = "accounts",
    params(CallParameters),
    request_body = Vec<PatchItem>,
    responses(Started)
)]
pub(crate) async fn patch(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let named = Fields::list(&body)?.into_iter().map(item).collect::<Result<_, _>>()?;
    let sorted = names::sort(named, Conflicts::Listed)?;
    let (on, off): (Vec<_>, Vec<_>) =
        sorted.taken.into_iter().partition(|(_, (action, _))| *action == Action::Activate);
    let groups = [(Action::Activate, on), (Action::Deactivate, off)]
        .into_iter()
        .filter(|(_, group)| !group.is_empty())
        .map(|(action, group)| (action, items(without_action(group))))
        .collect();
    let asked = caller.asked(groups, sorted.refused, Some(&body));
    ask(&state, asked, caller.reply, Conflicts::Listed, Accepted::AsAsked).await
}

/// Activate accounts, or deactivate them: the same as on `/armory/accounts`.
#[utoipa::path(
    patch,
    path = "/armory/accounts/dynamic",
    tag = "accounts",
    params(CallParameters),
    request_body = Vec<PatchItem>,
    responses(Started)
)]
pub(crate) async fn patch_dynamic(
    state: State<Shared>,
    caller: Caller,
    body: JsonBody,
) -> Result<Response, Problem> {
    patch(state, caller, body).await
}

fn item(fields: Fields<'_>) -> Result<Named<(Action, Wanted)>, Problem> {
    let action = match fields.text("state")? {
        Some("ACTIVE") => Action::Activate,
        Some("INACTIVE") => Action::Deactivate,
        Some(_) | None => {
            let place = fields.place("state");
            return Err(Problem::body(format!(
                "{place} must be ACTIVE or INACTIVE: the state that is wanted"
            )));
        }
    };
    let overrides = fields.overrides()?;
    if action == Action::Deactivate && overrides.is_some() {
        let place = fields.place(FILE);
        return Err(Problem::body(format!("{place} goes with the state ACTIVE only")));
    }
    let wanted = fields.zone()?.map(|zone| (action, (zone, overrides)));
    Ok((fields.name()?.to_owned(), wanted))
}

fn without_action(group: Vec<(String, (Action, Wanted))>) -> Vec<(String, Wanted)> {
    group.into_iter().map(|(name, (_, wanted))| (name, wanted)).collect()
}
