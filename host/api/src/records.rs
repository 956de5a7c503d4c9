//! `/records`: recorded calls of modules, for whoever wants to give them to a module again.

mod filter;

use std::collections::VecDeque;

use axum::body::Body;
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use futures::stream::try_unfold;
use host_control::unpacked_aside;
use host_core::error::StoreError;
use host_core::port::recordings::{KeptRecord, ListedRecord};

use self::filter::RecordsQuery;
use crate::answer::ReadProblems;
use crate::paging;
use crate::params::{Id, Params};
use crate::problem::{Kind, Problem};
use crate::state::Shared;

/// The media type of a list: a JSON object on each line.
const LINES: HeaderValue = HeaderValue::from_static("application/x-ndjson");
/// That of one.
const JSON: HeaderValue = HeaderValue::from_static("application/json");
/// The bytes of records, as they are kept, that are read at once: unpacked they are ten times as many or more.
const PIECE: u64 = 1 << 20;
/// The most records that are read at once.
const PIECE_RECORDS: usize = 100;

/// Recorded calls of modules, the newest first: one JSON object on each line, whole, as `GET /records/{id}` answers it.
///
/// If there are more than `limit`, the header `Link` has the address of those before, as `rel="next"`. Replicas share
/// one ring of records, in which a call appears soon after it was made; under load not each does.
#[utoipa::path(
    get,
    path = "/records",
    tag = "records",
    params(RecordsQuery),
    responses(
        (
            status = 200,
            description = "The records, a line each",
            body = String,
            content_type = "application/x-ndjson",
            headers(("Link" = String, description = "</records?…>; rel=\"next\""))
        ),
        ReadProblems
    )
)]
pub(crate) async fn list(
    State(state): State<Shared>,
    OriginalUri(uri): OriginalUri,
    Params(query): Params<RecordsQuery>,
) -> Result<Response, Problem> {
    let limit = paging::limit("limit", query.limit)?;
    let mut listed = state.recordings.listed(query.filter()?, limit + 1).await?;
    let more = listed.len() > limit;
    listed.truncate(limit);
    let mut headers = HeaderMap::from_iter([(header::CONTENT_TYPE, LINES)]);
    if let Some(last) = listed.last().filter(|_| more) {
        let link = format!("<{}>; rel=\"next\"", before(&uri, &last.id));
        // An address is visible ASCII, as this was when it came.
        headers.extend(HeaderValue::from_str(&link).ok().map(|link| (header::LINK, link)));
    }
    Ok((headers, Body::from_stream(lines(state, listed))).into_response())
}

/// One recorded call: contract, module, settings, what it was asked, what its imports told it, what it logged, what came
/// of it.
#[utoipa::path(
    get,
    path = "/records/{id}",
    tag = "records",
    params(("id" = String, Path, description = "the record")),
    responses((status = 200, description = "The record", body = Object), ReadProblems)
)]
pub(crate) async fn one(State(state): State<Shared>, Id(id): Id) -> Result<Response, Problem> {
    let found = state.recordings.of_ids(vec![id.clone()]).await?.into_iter().next();
    let gone = || format!("there is no recorded call {id}, or the ring has let go of it");
    let record = found.ok_or_else(|| Problem::new(Kind::NotFound, gone()))?;
    let text = text(record).await;
    let damaged = || Problem::new(Kind::Internal, "what is kept of the call is no record");
    Ok(([(header::CONTENT_TYPE, JSON)], text.ok_or_else(damaged)?).into_response())
}

/// The same list behind a record.
fn before(uri: &Uri, id: &str) -> String {
    let kept = uri.query().unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && !pair.starts_with("before="));
    let before = format!("before={id}");
    let query: Vec<&str> = kept.chain([before.as_str()]).collect();
    format!("{}?{}", uri.path(), query.join("&"))
}

/// What is still to be written of a list.
struct Rest {
    state: Shared,
    listed: VecDeque<ListedRecord>,
    read: VecDeque<KeptRecord>,
}

/// The records as lines. They are read some at a time, and each is unpacked when it is its turn, so that an answer takes
/// no more memory than its largest record.
fn lines(
    state: Shared,
    listed: Vec<ListedRecord>,
) -> impl Stream<Item = Result<Vec<u8>, StoreError>> + Send + 'static {
    let rest = Rest { state, listed: listed.into(), read: VecDeque::new() };
    try_unfold(rest, |mut rest| async move {
        loop {
            if let Some(record) = rest.read.pop_front() {
                let Some(mut line) = text(record).await else { continue };
                line.push(b'\n');
                return Ok(Some((line, rest)));
            }
            if rest.listed.is_empty() {
                return Ok(None);
            }
            let piece = piece(&mut rest.listed);
            let read = rest.state.recordings.of_ids(piece).await.inspect_err(|error| {
                // The answer breaks off, which its reader notices.
                tracing::warn!(%error, "a list of recorded calls was cut short");
            });
            rest.read = read?.into();
        }
    })
}

/// The ids of the next records that are read at once: at least one.
fn piece(listed: &mut VecDeque<ListedRecord>) -> Vec<String> {
    let (mut ids, mut left) = (Vec::new(), PIECE);
    while let Some(next) = listed.front() {
        if ids.len() >= PIECE_RECORDS || !ids.is_empty() && next.bytes > left {
            break;
        }
        left = left.saturating_sub(next.bytes);
        ids.extend(listed.pop_front().map(|next| next.id));
    }
    ids
}

/// The JSON of a record; nothing if it cannot be read, which the log says.
async fn text(record: KeptRecord) -> Option<Vec<u8>> {
    let KeptRecord { id, body, .. } = record;
    let unpacked = unpacked_aside(body).await;
    unpacked.inspect_err(|error| tracing::error!(record = id, "a recorded call: {error}")).ok()
}
