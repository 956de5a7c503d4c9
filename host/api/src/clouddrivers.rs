//! `GET /armory/clouddrivers`: the replicas of the bridge, under the original's name for them.
//!
//! Each replica knows itself. The others join the list with the leases that let replicas know of each other.

use axum::Json;
use axum::extract::State;
use host_core::clock::Millis;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::Shared;

/// A replica of the bridge.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ReplicaView {
    id: String,
    /// Where it is reached.
    base_url: String,
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
    responses((status = 200, description = "The replicas", body = Vec<ReplicaView>))
)]
pub(crate) async fn list(State(state): State<Shared>) -> Json<Vec<ReplicaView>> {
    Json(vec![ReplicaView {
        id: state.options.replica.clone(),
        base_url: state.options.base_url.clone(),
        last_updated: state.clock.now(),
        ready: state.intake.readiness().ready,
    }])
}
