//! `GET /operations/{id}`: how a request stands, with what agents were sent for it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use crate::agent_answers::sent_for;
use crate::answer::{ReadProblems, Standing};
use crate::params::Id;
use crate::problem::{Kind, Problem};
use crate::state::{ApiState, Shared};
use crate::wait::{Reply, WaitQuery};

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
    let (sent, cut) = sent_for(state, id).await?;
    Ok(Standing::stored(&row, &items).with_agents(&sent, cut))
}
