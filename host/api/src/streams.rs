//! Server-sent events: what every stream of this API has in common, and how many are open.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::http::{HeaderName, HeaderValue, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures::Stream;
use serde::Serialize;
use serde_json::json;

/// How many streams are open.
#[derive(Debug, Clone, Default)]
pub(crate) struct Streams(Arc<AtomicUsize>);

impl Streams {
    /// How many there are.
    pub(crate) fn open(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// The answer that a stream of events is.
    pub(crate) fn answer(&self, events: impl Stream<Item = Event> + Send + 'static) -> Response {
        self.0.fetch_add(1, Ordering::Relaxed);
        let counted = Counted { events: Box::pin(events), streams: self.clone() };
        let headers = [
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            // Proxies that collect answers would hold the events back.
            (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
        ];
        (headers, Sse::new(counted)).into_response()
    }
}

/// A stream that is counted while it is open.
struct Counted {
    events: Pin<Box<dyn Stream<Item = Event> + Send>>,
    streams: Streams,
}

impl Stream for Counted {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.events.as_mut().poll_next(context).map(|event| event.map(Ok))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.streams.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// An event with a name and a JSON body.
pub(crate) fn event(name: &str, body: &impl Serialize) -> Event {
    let text = serde_json::to_string(body).expect("texts, numbers and maps of texts are JSON");
    Event::default().event(name).data(text)
}

/// A comment: it keeps the connection in use, and tells readers nothing.
pub(crate) fn heartbeat() -> Event {
    Event::default().comment("nothing new")
}

/// The last event of a stream that is ended before its end, with what to do next.
pub(crate) fn ended(code: &str, detail: &str) -> Event {
    event("ended", &json!({ "code": code, "detail": detail }))
}
