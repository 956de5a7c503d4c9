//! `GET /openapi.json`: the contract, generated from the handlers. A test compares it with what is served.

use axum::Json;
use utoipa::OpenApi;

use crate::{
    accounts, agents, clouddrivers, events, health, metrics, operation_events, operation_history,
    operations, records, replicas,
};

/// The document.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Swingbridge",
        description = "Hands Kubernetes accounts to agents beside Spinnaker's Clouddriver. Errors are \
                       `application/problem+json`. Every answer that started work carries `Location: /operations/{id}`."
    ),
    paths(
        accounts::migrate::migrate,
        accounts::patch::patch,
        accounts::delete::delete_many,
        accounts::list::list,
        accounts::create::create,
        accounts::update::update,
        accounts::patch::patch_dynamic,
        accounts::read::assignment,
        accounts::delete::delete_one,
        accounts::explanation::explanation,
        accounts::history::history,
        accounts::instruct::rebind,
        accounts::instruct::check,
        accounts::read::account,
        accounts::read::namespaces,
        agents::list,
        agents::one,
        agents::disconnect,
        operation_history::list,
        operation_history::one,
        operations::standing,
        operation_events::stream,
        events::stream,
        records::list,
        records::one,
        clouddrivers::list,
        replicas::ring,
        health::live,
        health::ready,
        health::health,
        metrics::metrics,
        document,
    ),
    tags(
        (name = "accounts", description = "Accounts and their lives"),
        (name = "agents", description = "Agents and what they hold"),
        (name = "operations", description = "What was asked, and what became of it"),
        (name = "records", description = "What modules were asked, and what they decided"),
        (name = "health", description = "Whether it works")
    )
)]
pub(crate) struct Document;

/// This document.
#[utoipa::path(
    get,
    path = "/openapi.json",
    tag = "health",
    responses((status = 200, description = "The OpenAPI 3.1 document", body = Object))
)]
pub(crate) async fn document() -> Json<utoipa::openapi::OpenApi> {
    Json(Document::openapi())
}
