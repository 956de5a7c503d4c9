//! `GET /operations/{id}/events`: how a request goes, account by account, until it is done.

use axum::extract::State;
use axum::response::Response;
use axum::response::sse::Event;
use futures::stream::unfold;
use host_core::request::{RequestItem, RequestRow};
use serde_json::json;

use crate::answer::{ItemStanding, ReadProblems, Standing, item_standing};
use crate::params::Id;
use crate::problem::{Kind, Problem};
use crate::state::Shared;
use crate::streams::{ended, event, heartbeat};

/// After so long without a change a heartbeat is sent, in milliseconds.
const QUIET_MS: u64 = 15_000;

/// How a request goes, as server-sent events: first an event `standing` with all of it, then an event `item` for each
/// account whose outcome or state changes, and `done` at the end.
///
/// Whoever connects again begins with `standing` again. If the stream ends without `done`, an event `ended` says why.
#[utoipa::path(
    get,
    path = "/operations/{id}/events",
    tag = "operations",
    params(("id" = String, Path, description = "the request's id, from `Location`")),
    responses(
        (status = 200, description = "How it goes", body = ItemStanding, content_type = "text/event-stream"),
        ReadProblems
    )
)]
pub(crate) async fn stream(State(state): State<Shared>, Id(id): Id) -> Result<Response, Problem> {
    let unknown = || Problem::new(Kind::NotFound, format!("there is no request {id}"));
    let row = state.records.request(id.clone()).await?.ok_or_else(unknown)?;
    let known = state.records.items(id).await?;
    let first = event("standing", &Standing::stored(&row, &known));
    let following = Following { state: state.clone(), row, known, ready: vec![first] };
    let events = unfold(Some(following), |following| async {
        let mut following = following?;
        let (event, ends) = following.next().await;
        Some((event, if ends { None } else { Some(following) }))
    });
    Ok(state.meters.streams.answer(events))
}

/// A request that somebody follows.
struct Following {
    state: Shared,
    row: RequestRow,
    known: Vec<RequestItem>,
    /// Events that are to be sent, the last first.
    ready: Vec<Event>,
}

impl Following {
    /// The next event, and whether it is the last.
    async fn next(&mut self) -> (Event, bool) {
        loop {
            if let Some(event) = self.ready.pop() {
                return (event, false);
            }
            let standing = Standing::stored(&self.row, &self.known);
            if standing.is_done() {
                return (event("done", &json!({ "operation": self.row.id, "done": true })), true);
            }
            let until = self.state.clock.now().saturating_add(QUIET_MS);
            match self.state.intake.moved(&self.row.id, &self.known, until).await {
                Ok(items) if items == self.known => return (heartbeat(), false),
                Ok(items) => self.take(items),
                Err(error) => {
                    tracing::warn!(%error, request.id = self.row.id, "a request is not followed on");
                    let text = "it cannot be followed here just now; connect again, and it begins with how it stands";
                    return (ended("unavailable", text), true);
                }
            }
        }
    }

    fn take(&mut self, items: Vec<RequestItem>) {
        let mut known = self.known.iter().peekable();
        for item in &items {
            // Both are by name, and no item goes.
            while known.peek().is_some_and(|before| before.name < item.name) {
                known.next();
            }
            if known.peek() != Some(&item) {
                self.ready.push(event("item", &item_standing(item)));
            }
        }
        self.ready.reverse();
        self.known = items;
    }
}
