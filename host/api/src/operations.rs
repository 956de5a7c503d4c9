//! `GET /operations/{id}`: how a request stands, with what agents were sent for it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::answer::{ReadProblems, Standing};
use crate::params::Id;
use crate::problem::{Kind, Problem};
use crate::state::{ApiState, Shared};
use crate::wait::{Reply, WaitQuery};

/// The most agents' answers that one answer shows; a request of 10,000 accounts may have more.
const ANSWERS_MAX: usize = 10_000;

/// How a request stands: one result per account, and what agents were sent and answered.
#[utoipa::path(
    get,
    path = "/operations/{id}",
    tag = "operations",
    params(("id" = String, Path, description = "the request's id, from `Location`"), WaitQuery),
    responses(
        (status = 200, description = "How it stands", body = Standing),
        (status = 202, description = "It was waited for, and something still is pending", body = Standing),
        ReadProblems
    )
)]
pub(crate) async fn standing(
    State(state): State<Shared>,
    Id(id): Id,
    reply: Reply,
) -> Result<(StatusCode, Json<Standing>), Problem> {
    let mut standing = read(&state, &id).await?;
    let Reply::Until(until) = reply else {
        return Ok((StatusCode::OK, Json(standing)));
    };
    if !standing.is_done() {
        state.intake.wait(&id, until).await?;
        standing = read(&state, &id).await?;
    }
    let status = if standing.is_done() { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(standing)))
}

async fn read(state: &ApiState, id: &str) -> Result<Standing, Problem> {
    let unknown = || Problem::new(Kind::NotFound, format!("there is no request {id}"));
    let row = state.records.request(id.to_owned()).await?.ok_or_else(unknown)?;
    let items = state.records.items(id.to_owned()).await?;
    let mut sent = state.records.operations_of_request(id.to_owned(), ANSWERS_MAX + 1).await?;
    let cut = sent.len() > ANSWERS_MAX;
    sent.truncate(ANSWERS_MAX);
    Ok(Standing::stored(&row, &items).with_agents(&sent, cut))
}
