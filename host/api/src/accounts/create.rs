//! `POST /armory/accounts/dynamic`: accounts that Clouddriver does not know, with definitions of their own.

use axum::extract::State;
use axum::response::Response;
use host_core::definition::Definition;
use host_core::event::Action;
use serde_json::Value;

use super::{Wanted, asked};
use crate::answer::{Accepted, Started, ask};
use crate::body::JsonBody;
use crate::caller::{CallParameters, Caller};
use crate::fields::{Fields, refused};
use crate::names::{self, Named};
use crate::problem::Problem;
use crate::refusal::{Conflicts, DEFINITION};
use crate::state::Shared;

/// Create accounts: one object or a list. Each has a `name`, exactly one of `kubeconfigContents`, `kubeconfigFile` and
/// `serviceAccount: true`, and any other attribute of an account.
#[utoipa::path(
    post,
    path = "/armory/accounts/dynamic",
    tag = "accounts",
    params(CallParameters),
    request_body = super::update::AccountBody,
    responses(Started)
)]
pub(crate) async fn create(
    State(state): State<Shared>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let objects = match &body {
        Value::Object(_) => vec![Fields::one(&body)?],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Fields::list(&body)?
        }
    };
    let items = objects.into_iter().map(item).collect::<Result<_, _>>()?;
    let sorted = names::sort(items, Conflicts::Answered)?;
    let asked = asked(&caller, Action::Create, sorted, Some(&body));
    ask(&state, asked, caller.reply, Conflicts::Answered, Accepted::AsAsked).await
}

/// An account to be created: its name, and its whole definition or why that cannot be one.
pub(super) fn item(fields: Fields<'_>) -> Result<Named<Wanted>, Problem> {
    let (zone, definition) = (fields.zone()?, fields.definition()?);
    let wanted = definition.and_then(|given| {
        // What is null is not set.
        let definition = Definition::default().merged(&given);
        definition.check_whole().map_err(|bad| refused(DEFINITION, &bad.to_string()))?;
        Ok((zone?, Some(definition)))
    });
    Ok((fields.name()?.to_owned(), wanted))
}
