//! The table of contents of the HTTP API: one line per path.

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::extract::{OriginalUri, Request, State};
use axum::http::Method;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get, post};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::trace::TraceLayer;

use crate::problem::{Kind, Problem};
use crate::state::{ApiState, Shared};
use crate::{
    accounts, agents, clouddrivers, events, health, metrics, openapi, operation_events,
    operation_history, operations, records, replicas,
};

/// The service: every path, with problems for everything else.
pub fn router(state: ApiState) -> Router {
    let state = Arc::new(state);
    let accounts = accounts_table()
        .router
        .route_layer(from_fn_with_state(Arc::clone(&state), unless_switched_off));
    accounts
        .merge(rest_table().router)
        .fallback(no_such_path)
        .method_not_allowed_fallback(no_such_method)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(Arc::clone(&state), metrics::measured))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// Paths about accounts; 501 where dynamic accounts are switched off.
pub(crate) fn accounts_table() -> Table {
    use accounts::{
        create, delete as end, explanation, history, instruct, list, migrate, patch, read, update,
    };
    Table::default()
        .at(
            "/armory/accounts",
            get(list::list).post(migrate::migrate).patch(patch::patch).delete(end::delete_many),
        )
        .at(
            "/armory/accounts/dynamic",
            post(create::create).put(update::update).patch(patch::patch_dynamic),
        )
        .at("/armory/accounts/{name}", get(read::assignment).delete(end::delete_one))
        .at("/armory/accounts/{name}/explanation", get(explanation::explanation))
        .at("/armory/accounts/{name}/history", get(history::history))
        .at("/armory/accounts/{name}/rebind", post(instruct::rebind))
        .at("/armory/accounts/{name}/check", post(instruct::check))
        .at("/agents/kubernetes/accounts/{name}", get(read::account))
        .at("/agents/kubernetes/accounts/{name}/namespaces", get(read::namespaces))
}

/// Everything else.
pub(crate) fn rest_table() -> Table {
    Table::default()
        .at("/armory/agents", get(agents::list))
        .at("/armory/agents/{id}", get(agents::one))
        .at("/armory/agent/{id}/disconnect", post(agents::disconnect))
        .at("/armory/agent/operations", get(operation_history::list))
        .at("/armory/agent/operations/{id}", get(operation_history::one))
        .at("/armory/clouddrivers", get(clouddrivers::list))
        .at("/operations/{id}", get(operations::standing))
        .at("/replicas/ring", post(replicas::ring))
        .at("/operations/{id}/events", get(operation_events::stream))
        .at("/events", get(events::stream))
        .at("/records", get(records::list))
        .at("/records/{id}", get(records::one))
        .at("/metrics", get(metrics::metrics))
        .at("/health", get(health::health))
        .at("/health/live", get(health::live))
        .at("/health/ready", get(health::ready))
        .at("/openapi.json", get(openapi::document))
}

/// Routes, and the list of their paths, which a test holds against the `OpenAPI` document.
#[derive(Debug, Default)]
pub(crate) struct Table {
    router: Router<Shared>,
    /// The paths, as they stand in the table.
    pub(crate) paths: Vec<&'static str>,
}

impl Table {
    fn at(mut self, path: &'static str, methods: MethodRouter<Shared>) -> Self {
        self.router = self.router.route(path, methods);
        self.paths.push(path);
        self
    }
}

async fn unless_switched_off(
    State(state): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    if state.options.dynamic_accounts_enabled {
        return next.run(request).await;
    }
    Problem::new(Kind::SwitchedOff, "the configuration of this bridge has switched them off")
        .into_response()
}

async fn no_such_path(OriginalUri(uri): OriginalUri) -> Problem {
    let path = uri.path();
    Problem::new(Kind::NoSuchPath, format!("{path} is not here; /openapi.json lists what is"))
}

async fn no_such_method(method: Method, OriginalUri(uri): OriginalUri) -> Problem {
    let path = uri.path();
    Problem::new(Kind::Method, format!("{path} does not take {method}; see the Allow header"))
}

/// A panic in a handler is a bug; its caller still gets an answer, and others notice nothing.
#[expect(clippy::needless_pass_by_value, reason = "the layer hands the cause over")]
fn panicked(cause: Box<dyn Any + Send>) -> Response {
    let cause = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied())
        .unwrap_or("it said nothing");
    tracing::error!(panic.message = cause, "a handler of the HTTP API panicked");
    Problem::new(Kind::Internal, "the bridge's log says what happened").into_response()
}
