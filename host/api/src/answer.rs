//! The one shape in which a request stands, and the answers that carry it.

use std::collections::HashMap;

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use host_control::intake::{Asked, Handle};
use host_core::account::Failure;
use host_core::clock::Millis;
use host_core::operation::Operation;
use host_core::request::{RequestItem, RequestRow};
use serde::Serialize;
use utoipa::{IntoResponses, ToSchema};

use crate::agent_answers::{AgentAnswer, sent_for};
use crate::problem::{Members, Problem};
use crate::refusal::{self, Conflicts};
use crate::state::ApiState;
use crate::wait::Reply;

/// How a request stands. The members behind `items` are answered by `GET /operations/{id}` only.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Standing {
    /// The request's id, the one in `/operations/{id}`.
    operation: String,
    /// Whether nothing is pending.
    done: bool,
    /// One result per account.
    items: Vec<ItemStanding>,
    /// What was asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    action: Option<String>,
    /// Who asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    who: Option<String>,
    /// When, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<Millis>,
    /// There are more agents' answers than are shown.
    #[serde(skip_serializing_if = "Option::is_none")]
    agents_cut: Option<bool>,
}

/// How one account of a request stands.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ItemStanding {
    /// The account.
    name: String,
    /// `pending`, `done`, `failed`, `refused`, `superseded`, `module-failed` or `busy`.
    outcome: String,
    /// The account's state: of a pending item the present one, of a finished one the one it ended in.
    state: Option<String>,
    /// Why it did not work.
    error: Option<ErrorView>,
    /// What agents were sent for it, and what they answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    agents: Option<Vec<AgentAnswer>>,
}

/// Why something did not work.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub(crate) struct ErrorView {
    /// For programs.
    pub(crate) code: String,
    /// For people.
    pub(crate) text: String,
    /// What may be asked now instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    possible: Vec<String>,
}

impl From<&Failure> for ErrorView {
    fn from(failure: &Failure) -> Self {
        Self { code: failure.code.clone(), text: failure.text.clone(), possible: Vec::new() }
    }
}

impl Standing {
    /// The shape of a request that has just been asked. While a batch of it is not committed, its items are missing and
    /// it is not done.
    pub(crate) fn new(row: &RequestRow, items: &[RequestItem]) -> Self {
        Self {
            operation: row.id.clone(),
            done: is_all(items, row) && items.iter().all(|item| item.outcome.is_final()),
            items: items.iter().map(item_standing).collect(),
            action: None,
            who: None,
            created_at: None,
            agents_cut: None,
        }
    }

    /// The shape of a stored request.
    pub(crate) fn stored(row: &RequestRow, items: &[RequestItem]) -> Self {
        let mut standing = Self::new(row, items);
        standing.action = Some(row.action.as_str().to_owned());
        standing.who = Some(row.who.clone());
        standing.created_at = Some(row.created_at);
        standing
    }

    /// With what agents were sent, and answered.
    pub(crate) fn with_agents(mut self, operations: &[Operation], cut: bool) -> Self {
        let mut by_account: HashMap<&str, Vec<AgentAnswer>> = HashMap::new();
        for operation in operations {
            by_account.entry(&operation.account).or_default().push(operation.into());
        }
        for item in &mut self.items {
            item.agents = Some(by_account.remove(item.name.as_str()).unwrap_or_default());
        }
        self.agents_cut = cut.then_some(true);
        self
    }

    /// Whether nothing is pending.
    pub(crate) fn is_done(&self) -> bool {
        self.done
    }
}

/// Whether every item of a request has been begun.
fn is_all(items: &[RequestItem], row: &RequestRow) -> bool {
    u64::try_from(items.len()).is_ok_and(|found| found >= row.total)
}

/// How one account of a request stands, alone.
pub(crate) fn item_standing(item: &RequestItem) -> ItemStanding {
    let possible = refusal::possible(&item.outcome).to_vec();
    ItemStanding {
        name: item.name.clone(),
        outcome: item.outcome.as_str().to_owned(),
        state: item.state.clone(),
        error: item.outcome.error().map(|error| ErrorView {
            code: error.code,
            text: error.text,
            possible,
        }),
        agents: None,
    }
}

/// What a path says when a request was accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Accepted {
    /// 202, and 200 when it was waited for and is done.
    AsAsked,
    /// 201: a PUT that created.
    Created,
    /// As asked, and what agents answered beside each account where the answer was waited for.
    WithAnswers,
}

/// Hands a request in and answers it.
///
/// What was begun goes on if the caller hangs up: the intake works in tasks of its own.
pub(crate) async fn ask(
    state: &ApiState,
    asked: Asked,
    reply: Reply,
    conflicts: Conflicts,
    accepted: Accepted,
) -> Result<Response, Problem> {
    let handle = state.intake.ask(asked).await?;
    answered(state, &handle, reply, conflicts, accepted).await
}

/// Answers a request that was begun, now or by an earlier call.
pub(crate) async fn answered(
    state: &ApiState,
    handle: &Handle,
    reply: Reply,
    conflicts: Conflicts,
    accepted: Accepted,
) -> Result<Response, Problem> {
    let all_begun = is_all(&handle.items, &handle.request);
    if all_begun && let Some(problem) = refusal::problem(&handle.items, conflicts) {
        return Err(problem.location(location(handle)));
    }
    let (pending, done) = match accepted {
        Accepted::AsAsked | Accepted::WithAnswers => (StatusCode::ACCEPTED, StatusCode::OK),
        Accepted::Created => (StatusCode::CREATED, StatusCode::CREATED),
    };
    let way = [(header::LOCATION, location(handle))];
    let mut standing = match reply {
        Reply::Plain => return Ok(plain(pending, way)),
        Reply::AtOnce => {
            return Ok(shaped(pending, way, &Standing::new(&handle.request, &handle.items)));
        }
        Reply::Until(until) => standing_at(state, handle, until).await,
    };
    if accepted == Accepted::WithAnswers {
        match sent_for(state, &handle.request.id).await {
            Ok((sent, cut)) => standing = standing.with_agents(&sent, cut),
            // It has been begun, and the caller must get its handle.
            Err(error) => tracing::warn!(%error, "what agents answered could not be read"),
        }
    }
    Ok(shaped(if standing.is_done() { done } else { pending }, way, &standing))
}

/// How a request stands at `until` at the latest. If that cannot be learnt, how it stood when it was taken: it has been
/// begun, and the caller must get its handle.
async fn standing_at(state: &ApiState, handle: &Handle, until: Millis) -> Standing {
    let begun = Standing::new(&handle.request, &handle.items);
    if begun.is_done() {
        return begun;
    }
    match state.intake.wait(&handle.request.id, until).await {
        Ok(items) => Standing::new(&handle.request, &items),
        Err(error) => {
            tracing::warn!(%error, request.id = handle.request.id, "a wait for a request was cut short");
            begun
        }
    }
}

fn location(handle: &Handle) -> String {
    format!("/operations/{}", handle.request.id)
}

/// The original's answer: an empty list.
fn plain(status: StatusCode, way: [(HeaderName, String); 1]) -> Response {
    (status, way, Json([(); 0])).into_response()
}

fn shaped(status: StatusCode, way: [(HeaderName, String); 1], standing: &Standing) -> Response {
    (status, way, Json(standing)).into_response()
}

/// The answers of a path that starts work, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only: it describes answers and is never made")]
pub(crate) enum Started {
    /// Waited for, and nothing is pending any more.
    #[response(status = 200, headers(("Location" = String, description = "/operations/{id}")))]
    Done(#[to_schema] Standing),
    /// Accepted. Without `wait` and `Prefer` the body is an empty list; with one of them it is the shape shown.
    #[response(status = 202, headers(("Location" = String, description = "/operations/{id}")))]
    Accepted(#[to_schema] Standing),
    /// The body, a parameter or every name in it cannot be used; each is named.
    #[response(status = 400, content_type = "application/problem+json")]
    Bad(#[to_schema] Members),
    /// None of the accounts exists.
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(#[to_schema] Members),
    /// Every account was refused; where accounts are taken in, also when some exist already and the others are done.
    #[response(
        status = 409,
        content_type = "application/problem+json",
        headers(("Location" = String, description = "/operations/{id}"))
    )]
    Conflict(#[to_schema] Members),
    /// The `Idempotency-Key` was used for another request within the last day.
    #[response(status = 422, content_type = "application/problem+json")]
    OtherUse(#[to_schema] Members),
    /// The body is larger than `server.body_limit`.
    #[response(status = 413, content_type = "application/problem+json")]
    TooLarge(#[to_schema] Members),
    /// Dynamic accounts are switched off, or the module that serves does not know the action.
    #[response(status = 501, content_type = "application/problem+json")]
    Off(#[to_schema] Members),
    /// Not possible just now. With `Location`, something was begun.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Members),
}

/// The problems of a path that only reads, for the `OpenAPI` document.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "read by the derive only: it describes answers and is never made")]
pub(crate) enum ReadProblems {
    /// A name or parameter cannot be used.
    #[response(status = 400, content_type = "application/problem+json")]
    Bad(#[to_schema] Members),
    /// There is no such thing.
    #[response(status = 404, content_type = "application/problem+json")]
    Unknown(#[to_schema] Members),
    /// The database does not answer.
    #[response(status = 503, content_type = "application/problem+json")]
    Unavailable(#[to_schema] Members),
}
