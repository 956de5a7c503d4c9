//! `POST /armory/accounts`: take accounts of Clouddriver's in, to be activated later.

use axum::extract::State;
use axum::response::Response;
use host_core::event::Action;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::body::JsonBody;
use crate::caller::{CallParameters, Caller};
use crate::fields::Fields;
use crate::names::{self, Named};
use crate::problem::Problem;
use crate::refusal::Conflicts;
use crate::state::Shared;

/// An account to be taken in.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "describes the body in the OpenAPI document; bodies are read by `fields`"
)]
pub(crate) struct MigrateItem {
    /// An account of one of Clouddriver's sources.
    name: String,
    /// The zone whose agents are to hold it; absent: any.
    zone_id: Option<String>,
    /// A kubeconfig that works where the agents are, if the account's own does not: a path or a secret reference.
    kubeconfig_file: Option<String>,
}

/// Take accounts of Clouddriver's in, to be activated later.
#[utoipa::path(
    post,
    path = "/armory/accounts",
    tag = "accounts",
    params(CallParameters),
    request_body = Vec<MigrateItem>,
    responses(Started)
)]
pub(crate) async fn migrate(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let items = Fields::list(&body)?.into_iter().map(item).collect::<Result<_, _>>()?;
    let sorted = names::sort(items, Conflicts::Answered)?;
    let asked = asked(&caller, Action::Migrate, sorted, Some(&body));
    ask(&state, asked, caller.reply, Conflicts::Answered, Accepted::AsAsked).await
}

fn item(fields: Fields<'_>) -> Result<Named<Wanted>, Problem> {
    let overrides = fields.overrides()?;
    let wanted = fields.zone()?.map(|zone| (zone, overrides));
    Ok((fields.name()?.to_owned(), wanted))
}
