//! `GET /armory/clouddrivers`: the replicas of the bridge, under the original's name for them.

use axum::Json;
use axum::extract::State;
use host_core::clock::Millis;
use host_core::port::replicas::Replica;
use serde::Serialize;
use utoipa::ToSchema;

use crate::problem::Problem;
use crate::state::Shared;

/// A replica of the bridge.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaView {
    id: String,
    /// Where it is reached.
    base_url: String,
    /// The program's version.
    version: String,
    /// The last word from it, in milliseconds.
    last_updated: Millis,
    /// Whether it can do its work.
    ready: bool,
}

/// The replicas of the bridge.
#[utoipa::path(
    get,
    path = "/armory/clouddrivers",
    tag = "operations",
    responses(
        (status = 200, description = "The replicas", body = Vec<ReplicaView>),
        (status = 503, description = "The database does not answer")
    )
)]
pub(crate) async fn list(State(state): State<Shared>) -> Result<Json<Vec<ReplicaView>>, Problem> {
    let replicas = state.intake.replicas().await?;
    let view = |replica: Replica| ReplicaView {
        id: replica.id,
        base_url: replica.base_url,
        version: replica.version,
        last_updated: replica.last_updated,
        ready: replica.ready,
    };
    Ok(Json(replicas.into_iter().map(view).collect()))
}
