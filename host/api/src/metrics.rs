//! `GET /metrics`: how it stands and what was done, for Prometheus.
//!
//! | metric | kind | labels | what |
//! | --- | --- | --- | --- |
//! | `swingbridge_accounts` | gauge | `state` | accounts |
//! | `swingbridge_accounts_stuck` | gauge | | accounts that are due for more than 30 s, or pass through a state without a due time; stays 0 |
//! | `swingbridge_accounts_oldest_due_seconds` | gauge | | for how long the account is due that is due first; 0: none is |
//! | `swingbridge_accounts_unhealthy` | gauge | `code` | accounts that a connected agent holds and whose cluster does not answer it as it should, by the agents' codes |
//! | `swingbridge_operations_pending` | gauge | | operations without an answer |
//! | `swingbridge_operations_unanswered` | gauge | | of these, those that an agent's stream has taken |
//! | `swingbridge_operations_oldest_seconds` | gauge | | the age of the oldest of them; 0: there is none |
//! | `swingbridge_agents` | gauge | `presence` | agents: `connected`, `awaited`, `gone` |
//! | `swingbridge_database_up` | gauge | | 1 if the figures above could be read; if not, they are absent |
//! | `swingbridge_transitions_total` | counter | `from`, `to` | steps of accounts; an empty state is no row |
//! | `swingbridge_requests_total` | counter | `action` | requests that were begun |
//! | `swingbridge_items_total` | counter | `outcome` | accounts of requests that came to an end |
//! | `swingbridge_operations_total` | counter | `kind`, `result` | operations: `submitted`, `done`, `refused`, `withdrawn` |
//! | `swingbridge_units_total` | counter | `end` | units of work: `committed`; run again since `stale`, `busy`, `fenced`; `halved`; `set-aside`; `failed` |
//! | `swingbridge_calls_total` | counter | `export`, `end` | calls of the lifecycle module: `ok`, or why not |
//! | `swingbridge_purged_total` | counter | `what` | rows that were kept long enough |
//! | `swingbridge_records_total` | counter | `end` | recorded calls: `kept`; not kept: there was `no-room` to wait, they were `too-large`, or `lost` when the database did not take them |
//! | `swingbridge_event_streams` | gauge | | streams of server-sent events that are open |
//! | `swingbridge_http_request_seconds` | histogram | `route`, `method`, `status` | answers of this API, to their first byte |
//!
//! Figures of tables are the same on every replica, and read at most once in ten seconds, however often somebody looks.
//! Counters are this replica's own, since its start. No label names an account.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::lock::Mutex;
use host_control::Counter;
use host_control::explain::LATE_MS;
use host_core::agent::Presence;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::port::figures::Figures;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter as Count;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use crate::state::{ApiState, Shared};

/// Figures of tables are read no more often, in milliseconds.
const FIGURES_MS: Millis = 10_000;
/// The media type of the text.
const MEDIA_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Why a held account may be unhealthy (`spec/agent-link.md`).
const HEALTH_CODES: [&str; 5] =
    ["internal", "invalid-kubeconfig", "timeout", "unauthorized", "unreachable"];
/// Upper ends of the latencies that are told apart, in seconds.
const LATENCIES: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0];

type Labels = Vec<(&'static str, String)>;

/// Counters of control: the metric without its prefix and `_total`, its help, its labels.
const COUNTERS: [(Counter, &str, &str, &[&str]); 8] = [
    (Counter::Transitions, "transitions", "Steps of accounts", &["from", "to"]),
    (Counter::Requests, "requests", "Requests that were begun", &["action"]),
    (Counter::Items, "items", "Accounts of requests that came to an end", &["outcome"]),
    (Counter::Operations, "operations", "Operations by what became of them", &["kind", "result"]),
    (Counter::Units, "units", "Units of work by how they ended", &["end"]),
    (Counter::Calls, "calls", "Calls of the lifecycle module", &["export", "end"]),
    (Counter::Purged, "purged", "Rows that were kept long enough", &["what"]),
    (Counter::Records, "records", "Recorded calls, kept or not", &["end"]),
];

/// What the metrics remember between two looks.
#[derive(Debug)]
pub(crate) struct Metrics {
    http: Family<Labels, Histogram, fn() -> Histogram>,
    seen: Mutex<Option<Seen>>,
}

impl Default for Metrics {
    fn default() -> Self {
        let histogram: fn() -> Histogram = || Histogram::new(LATENCIES);
        Self { http: Family::new_with_constructor(histogram), seen: Mutex::default() }
    }
}

/// Figures of tables, and when they were read.
#[derive(Debug, Clone)]
struct Seen {
    at: Millis,
    figures: Option<(Figures, Vec<(Presence, u64)>)>,
}

/// How it stands and what was done, for Prometheus: the text format of `OpenMetrics`.
#[utoipa::path(
    get,
    path = "/metrics",
    tag = "health",
    responses((status = 200, description = "The metrics", body = String, content_type = "application/openmetrics-text"))
)]
pub(crate) async fn metrics(State(state): State<Shared>) -> Response {
    let mut registry = Registry::with_prefix("swingbridge");
    tables(&mut registry, &seen(&state).await, state.clock.now());
    for (counter, name, help, labels) in COUNTERS {
        let family = Family::<Labels, Count>::default();
        for (values, count) in state.counts.of(counter) {
            let labels = labels.iter().copied().zip(values).collect();
            family.get_or_create(&labels).inc_by(count);
        }
        registry.register(name, help, family);
    }
    gauge(&mut registry, "event_streams", "Streams of events", state.meters.streams.open() as u64);
    let http = state.meters.metrics.http.clone();
    registry.register("http_request_seconds", "Answers of the API, to their first byte", http);
    let mut text = String::new();
    if let Err(error) = encode(&mut text, &registry) {
        tracing::error!(%error, "the metrics cannot be written");
    }
    ([(header::CONTENT_TYPE, MEDIA_TYPE)], text).into_response()
}

/// Measures an answer.
pub(crate) async fn measured(
    State(state): State<Shared>,
    request: Request,
    next: Next,
) -> Response {
    let route = request.extensions().get::<MatchedPath>().map(|path| path.as_str().to_owned());
    let method = request.method().as_str().to_owned();
    let begun = state.clock.now();
    let response = next.run(request).await;
    let took = state.clock.now().saturating_sub(begun);
    let mut status = String::new();
    // Writing a number into a text does not fail.
    let _written = write!(status, "{}", response.status().as_u16());
    let labels = vec![
        ("route", route.unwrap_or_else(|| "none".to_owned())),
        ("method", method),
        ("status", status),
    ];
    state.meters.metrics.http.get_or_create(&labels).observe(took as f64 / 1_000.0);
    response
}

/// The figures, read again if they are old. Whoever comes meanwhile waits for the same read.
async fn seen(state: &ApiState) -> Seen {
    let mut seen = state.meters.metrics.seen.lock().await;
    let now = state.clock.now();
    if let Some(seen) = seen.as_ref().filter(|seen| now < seen.at.saturating_add(FIGURES_MS)) {
        return seen.clone();
    }
    let figures = match read(state, now).await {
        Ok(figures) => Some(figures),
        Err(error) => {
            tracing::warn!(%error, "figures for the metrics could not be read");
            None
        }
    };
    seen.insert(Seen { at: now, figures }).clone()
}

async fn read(
    state: &ApiState,
    now: Millis,
) -> Result<(Figures, Vec<(Presence, u64)>), StoreError> {
    let overdue = now.saturating_sub(LATE_MS);
    let figures = state.watch.figures(overdue, state.explains.transient_states()).await?;
    let agents = state.memory.agents().await?;
    let presences = [Presence::Connected, Presence::Awaited, Presence::Gone];
    let of = |presence| agents.iter().filter(|agent| agent.presence == presence).count() as u64;
    Ok((figures, presences.into_iter().map(|presence| (presence, of(presence))).collect()))
}

fn tables(registry: &mut Registry, seen: &Seen, now: Millis) {
    let up = u64::from(seen.figures.is_some());
    gauge(registry, "database_up", "Whether the figures of tables could be read", up);
    let Some((figures, agents)) = &seen.figures else { return };
    let by_state = figures.accounts.iter().map(|(state, count)| (state.clone(), *count));
    family(registry, "accounts", "Accounts by state", "state", by_state);
    // Those that there are none of too, so that an alarm has something to look at.
    let mut by_code: BTreeMap<String, u64> =
        HEALTH_CODES.iter().map(|code| ((*code).to_owned(), 0)).collect();
    by_code.extend(figures.unhealthy.iter().cloned());
    let help = "Accounts that are held and whose cluster does not answer as it should";
    family(registry, "accounts_unhealthy", help, "code", by_code.into_iter());
    let by_presence = agents.iter().map(|(presence, count)| (presence.as_str().to_owned(), *count));
    family(registry, "agents", "Agents by whether they are there", "presence", by_presence);
    let age = |at: Option<Millis>| at.map_or(0, |at| now.saturating_sub(at) / 1_000);
    for (name, help, value) in [
        ("accounts_stuck", "Accounts that nobody comes to; stays 0", figures.stuck),
        (
            "accounts_oldest_due_seconds",
            "For how long the account is due that is due first",
            age(figures.oldest_due),
        ),
        ("operations_pending", "Operations without an answer", figures.pending),
        ("operations_unanswered", "Of these, what streams have taken", figures.unanswered),
        ("operations_oldest_seconds", "The age of the oldest of them", age(figures.oldest_pending)),
    ] {
        gauge(registry, name, help, value);
    }
}

fn gauge(registry: &mut Registry, name: &str, help: &str, value: u64) {
    let gauge = Gauge::<i64>::default();
    gauge.set(i64::try_from(value).unwrap_or(i64::MAX));
    registry.register(name, help, gauge);
}

fn family(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    values: impl Iterator<Item = (String, u64)>,
) {
    let family = Family::<Labels, Gauge>::default();
    for (value, count) in values {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        family.get_or_create(&vec![(label, value)]).set(count);
    }
    registry.register(name, help, family);
}
