//! `PUT /armory/accounts/dynamic`: change one account's definition or zone, or create it where that is asked for.

use axum::extract::State;
use axum::response::Response;
use host_control::intake::Handle;
use host_core::definition::Definition;
use host_core::event::{Action, Refused};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::{asked, create};
use crate::answer::{Accepted, Started, answered, ask};
use crate::body::JsonBody;
use crate::caller::{CallParameters, Caller};
use crate::fields::{Fields, refused};
use crate::names::{self, Named};
use crate::params::Params;
use crate::problem::Problem;
use crate::refusal::{Conflicts, DEFINITION};
use crate::state::{ApiState, Shared};

/// An account: its name, its zone, and any attribute of its definition. Unknown attributes are kept and passed on.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[allow(
    dead_code,
    reason = "describes the body in the OpenAPI document; bodies are read by `fields`"
)]
pub(crate) struct AccountBody {
    /// The account.
    name: String,
    /// The zone whose agents are to hold it; absent: any.
    zone_id: Option<String>,
    /// An inline kubeconfig (it is sealed), or a secret reference to one.
    kubeconfig_contents: Option<String>,
    /// The path of a kubeconfig where the agent runs, or a secret reference.
    kubeconfig_file: Option<String>,
    /// The agent's own service account.
    service_account: Option<bool>,
    /// A kubeconfig for the agent alone, where it needs another one.
    kubeconfig_agent: Option<String>,
    /// The namespaces to watch; empty: all.
    namespaces: Option<Vec<String>>,
    /// Who may read and write: `{"READ": ["role"], "WRITE": ["role"]}`.
    #[schema(value_type = Object)]
    permissions: Option<Value>,
    /// Any other attribute of an account.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    more: serde_json::Map<String, Value>,
}

/// The parameters of an update.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct UpdateQuery {
    /// Create the account if there is none.
    #[serde(default)]
    upsert: bool,
}

/// Change one account. Attributes are laid over the definition; `null` removes one. Setting one way to give a
/// kubeconfig clears the others. With `upsert=true` an account that does not exist is created, which answers 201.
#[utoipa::path(
    put,
    path = "/armory/accounts/dynamic",
    tag = "accounts",
    params(UpdateQuery, CallParameters),
    request_body = AccountBody,
    responses(
        Started,
        (status = 201, description = "Created", headers(("Location" = String, description = "/operations/{id}")))
    )
)]
pub(crate) async fn update(
    State(state): State<Shared>,
    Params(query): Params<UpdateQuery>,
    caller: Caller,
    JsonBody(body): JsonBody,
) -> Result<Response, Problem> {
    let fields = Fields::one(&body)?;
    // The name is checked before anything is looked up by it.
    let change = names::sort(vec![change(fields)?], Conflicts::Listed)?;
    let name = change.taken.first().map(|(name, _)| name.clone()).unwrap_or_default();
    // What was asked before is answered as it stands, whatever has become of the account since.
    if let Some(handle) = before(&state, &caller, &body).await? {
        let (conflicts, accepted) = if handle.request.action == Action::Create {
            (Conflicts::Answered, Accepted::Created)
        } else {
            (Conflicts::Listed, Accepted::AsAsked)
        };
        return answered(&state, &handle, caller.reply, conflicts, accepted).await;
    }
    let known = state.records.account(name.clone()).await?;
    if known.is_none() && query.upsert {
        let whole = names::sort(vec![create::item(fields)?], Conflicts::Answered)?;
        let asked = asked(&caller, Action::Create, whole, Some(&body));
        return ask(&state, asked, caller.reply, Conflicts::Answered, Accepted::Created).await;
    }
    let Some(known) = known else {
        return unknown(&state, &name).await;
    };
    let over = change.taken.iter().find_map(|(_, (_, definition))| definition.as_ref());
    // What is declared by an agent is refused as such, whatever the change would make of it.
    if let (Some(over), None) = (over, &known.account.declared_by) {
        fits(&known.definition, over)?;
    }
    let asked = asked(&caller, Action::Update, change, Some(&body));
    ask(&state, asked, caller.reply, Conflicts::Listed, Accepted::AsAsked).await
}

/// The request that was begun with the caller's key and this body, if it has come to its account.
async fn before(
    state: &ApiState,
    caller: &Caller,
    body: &Value,
) -> Result<Option<Handle>, Problem> {
    let Some(once) = caller.once(Some(body)) else { return Ok(None) };
    let before = state.intake.asked_before(&once).await?;
    Ok(before.filter(|handle| handle.request.total > 0))
}

/// What the change would make of the definition must still be one.
fn fits(definition: &Definition, over: &Definition) -> Result<(), Problem> {
    definition.merged(over).check_whole().map_err(|bad| {
        Problem::body(format!("the change would leave a definition that cannot be used: {bad}"))
    })
}

async fn unknown(state: &ApiState, name: &str) -> Result<Response, Problem> {
    let alike = state.rows.accounts(vec![name.to_owned()]).await?;
    let twin =
        alike.first().map(|row| format!("; there is {}, names are compared exactly", row.name));
    Err(Problem::new(
        crate::problem::Kind::NotFound,
        format!("there is no account {name}{}; ?upsert=true creates one", twin.unwrap_or_default()),
    ))
}

fn change(fields: Fields<'_>) -> Result<Named<super::Wanted>, Problem> {
    let (zone, definition) = (fields.zone()?, fields.definition()?);
    let wanted = definition.and_then(|definition| {
        let zone = zone?;
        if zone.is_none() && definition.is_empty() {
            return Err(nothing());
        }
        Ok((zone, Some(definition).filter(|definition| !definition.is_empty())))
    });
    Ok((fields.name()?.to_owned(), wanted))
}

fn nothing() -> Refused {
    refused(DEFINITION, "nothing is to change; give an attribute or a zoneId beside the name")
}
