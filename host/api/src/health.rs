//! Health: whether the process lives, whether it can do its work, and in Spinnaker's shape what is wrong.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures::future::{Either, select};
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::{ApiState, Shared};

/// How long the database has to answer, in milliseconds: less than the patience of whoever probes.
const PING_MAX_MS: u64 = 2_000;

/// A health answer.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Health {
    /// `UP`, `DOWN` or `OUT_OF_SERVICE`.
    status: &'static str,
    /// Why it is not up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reasons: Vec<String>,
    /// What it depends on.
    #[serde(skip_serializing_if = "Option::is_none")]
    components: Option<Components>,
}

/// What the bridge depends on.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Components {
    /// The database.
    database: Component,
    /// The bridge itself: modules, streams, timers.
    bridge: Component,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct Component {
    /// `UP`, `DOWN` or `OUT_OF_SERVICE`.
    status: &'static str,
}

/// Whether the process lives: restart it if not.
#[utoipa::path(
    get,
    path = "/health/live",
    tag = "health",
    responses((status = 200, description = "It lives", body = Health))
)]
pub(crate) async fn live() -> Json<Health> {
    Json(Health { status: "UP", reasons: Vec::new(), components: None })
}

/// Whether this replica can do its work: send it nothing if not.
#[utoipa::path(
    get,
    path = "/health/ready",
    tag = "health",
    responses(
        (status = 200, description = "It can", body = Health),
        (status = 503, description = "It cannot, and says why", body = Health)
    )
)]
pub(crate) async fn ready(State(state): State<Shared>) -> (StatusCode, Json<Health>) {
    answer(Health { components: None, ..examine(&state).await })
}

/// Spinnaker's health check: everything at once.
#[utoipa::path(
    get,
    path = "/health",
    tag = "health",
    responses(
        (status = 200, description = "All is well", body = Health),
        (status = 503, description = "Something is not", body = Health)
    )
)]
pub(crate) async fn health(State(state): State<Shared>) -> (StatusCode, Json<Health>) {
    answer(examine(&state).await)
}

fn answer(health: Health) -> (StatusCode, Json<Health>) {
    let well = health.status == "UP";
    (if well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }, Json(health))
}

async fn examine(state: &ApiState) -> Health {
    let readiness = state.intake.readiness();
    let mut reasons = readiness.reasons;
    let database = answers(state).await;
    if !database {
        reasons.push("the database does not answer".to_owned());
    }
    let status = match (database, readiness.ready) {
        (true, true) => "UP",
        (false, _) => "DOWN",
        (true, false) => "OUT_OF_SERVICE",
    };
    let components = Components {
        database: Component { status: if database { "UP" } else { "DOWN" } },
        bridge: Component { status: if readiness.ready { "UP" } else { "OUT_OF_SERVICE" } },
    };
    Health { status, reasons, components: Some(components) }
}

async fn answers(state: &ApiState) -> bool {
    let deadline = state.clock.sleep_until(state.clock.now().saturating_add(PING_MAX_MS));
    match select(state.records.ping(), deadline).await {
        Either::Left((answer, _)) => answer.is_ok(),
        Either::Right(((), _)) => false,
    }
}
