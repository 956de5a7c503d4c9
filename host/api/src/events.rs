//! `GET /events`: the steps of all accounts as they happen.

use std::sync::Arc;

use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::response::Response;
use axum::response::sse::Event;
use futures::stream::unfold;
use host_control::{Filter, Heard, ListenError, Listener};
use host_core::clock::Millis;
use host_core::id;
use host_core::journal::Transition;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::answer::ReadProblems;
use crate::params::Params;
use crate::problem::{Kind, Members, Problem};
use crate::state::Shared;
use crate::streams::{ended, event, heartbeat};

/// The header of the point of resumption.
const HEADER: &str = "last-event-id";

/// Which steps are sent.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsQuery {
    /// Only steps of this account.
    account: Option<String>,
    /// Only steps into this state, or out of it.
    state: Option<String>,
    /// Only steps of accounts that belong to this zone by now. Of an account that is removed nobody knows the zone: its
    /// steps are sent.
    zone: Option<String>,
    /// Only steps of accounts from this source; with the same exception.
    source: Option<String>,
    /// Only steps of accounts whose name contains this.
    q: Option<String>,
}

/// The id of the last event that a reader has seen.
#[derive(Debug)]
pub(crate) struct LastEvent(Option<String>);

/// The header, for the `OpenAPI` document.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Header)]
#[allow(dead_code, reason = "describes the header in the OpenAPI document")]
pub(crate) struct LastEventHeader {
    /// The id of the last event that was received: the stream goes on behind it, and some of the events of the minute
    /// before it may come again.
    #[param(rename = "Last-Event-ID")]
    last_event_id: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for LastEvent {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let Some(value) = parts.headers.get(HEADER) else { return Ok(Self(None)) };
        match value.to_str().map(str::trim) {
            Ok("") => Ok(Self(None)),
            Ok(text) if id::is_id(text) => Ok(Self(Some(text.to_owned()))),
            Ok(_) | Err(_) => Err(Problem::parameter(
                "Last-Event-ID must be the id of an event of this stream, or be left out",
            )),
        }
    }
}

/// A step of an account, as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TransitionView {
    /// The step's id, and the event's.
    id: String,
    /// When, in milliseconds.
    at: Millis,
    account: String,
    /// The zone that the account belongs to by now.
    zone_id: Option<String>,
    /// Where its definition came from.
    source: Option<String>,
    /// The state it left; absent: it came into being.
    from: Option<String>,
    /// The state it came into; absent: it was removed.
    to: Option<String>,
    /// What happened.
    event: String,
    /// Why, in a sentence.
    why: String,
    /// Who asked: a person, an agent, or the bridge's clock.
    who: String,
    /// The digest of the module that decided.
    module: String,
    /// The request behind it, the id in `/operations/{id}`.
    operation: Option<String>,
    /// The agent's operation whose answer led to it, the id in `/armory/agent/operations/{id}`.
    agent_operation: Option<String>,
    /// The row's revision after it.
    revision: u64,
}

impl From<&Transition> for TransitionView {
    fn from(step: &Transition) -> Self {
        let entry = step.entry.clone();
        Self {
            id: entry.id,
            at: entry.at,
            account: entry.account,
            zone_id: step.there.as_ref().and_then(|place| place.zone.clone()),
            source: step.there.as_ref().map(|place| place.source.clone()),
            from: entry.from,
            to: entry.to,
            event: entry.event,
            why: entry.reason,
            who: entry.who,
            module: entry.module,
            operation: entry.request,
            agent_operation: entry.operation,
            revision: entry.revision,
        }
    }
}

/// The steps of all accounts as they happen, as server-sent events.
///
/// Each step is an event `transition`, whose id is the step's. With `Last-Event-ID` the stream goes on where it was left:
/// none is missing, and some of the minute before may come again. Heartbeats are comments that may carry an id. A reader
/// that is too slow is sent an event `ended` that says so, and may resume.
#[utoipa::path(
    get,
    path = "/events",
    tag = "operations",
    params(EventsQuery, LastEventHeader),
    responses(
        (status = 200, description = "The steps; ends when the bridge stops", body = TransitionView,
         content_type = "text/event-stream"),
        (status = 410, description = "The steps behind that id are no longer all kept", body = Members,
         content_type = "application/problem+json"),
        ReadProblems
    )
)]
pub(crate) async fn stream(
    State(state): State<Shared>,
    Params(query): Params<EventsQuery>,
    LastEvent(last): LastEvent,
) -> Result<Response, Problem> {
    let filter = Filter {
        account: query.account,
        state: query.state,
        zone: query.zone,
        source: query.source,
        contains: query.q.filter(|part| !part.is_empty()),
    };
    let listener = state.feed.listen(filter, last).await.map_err(problem)?;
    Ok(state.meters.streams.answer(unfold(Some(listener), next)))
}

async fn next(listener: Option<Listener>) -> Option<(Event, Option<Listener>)> {
    let mut listener = listener?;
    let again = "connect again with Last-Event-ID to go on behind the last event";
    let last = match listener.next().await {
        Heard::Step(step) => return Some((transition(&step), Some(listener))),
        Heard::Quiet(newest) => return Some((quiet(newest), Some(listener))),
        Heard::TooSlow => ended(
            "too-slow",
            &format!("this reader was more than the bridge holds ready behind; {again}"),
        ),
        Heard::Broken(error) => {
            tracing::warn!(%error, "a stream of events was ended");
            ended("unavailable", &format!("the database does not answer; {again}"))
        }
        Heard::Stopping => ended("stopping", &format!("this replica stops; {again}")),
    };
    Some((last, None))
}

fn transition(step: &Arc<Transition>) -> Event {
    event("transition", &TransitionView::from(&**step)).id(&step.entry.id)
}

/// Moves the point of resumption on, so that a reader who hears of few events need not have many read for it.
fn quiet(newest: Option<String>) -> Event {
    match newest {
        Some(newest) => heartbeat().id(newest),
        None => heartbeat(),
    }
}

fn problem(error: ListenError) -> Problem {
    match error {
        ListenError::Purged(id) => Problem::new(
            Kind::Gone,
            format!(
                "the steps behind {id} are not all kept any more; read /armory/accounts for how it stands, and connect \
                 without Last-Event-ID"
            ),
        ),
        ListenError::Store(error) => error.into(),
    }
}
