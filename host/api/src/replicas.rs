//! `POST /replicas/ring`: one replica tells another what it has committed, and the client that does so.
//!
//! A ring says nothing that is not in the database, and whoever takes one only looks there: a false one costs a read, a
//! lost one a second.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use host_core::clock::Millis;
use host_core::port::replicas::{Peers, Ring};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::state::Shared;

/// How long a replica has to take a ring. By then its own look has found what the ring said.
const PATIENCE: Duration = Duration::from_secs(2);

/// What was committed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct RingBody {
    /// Agents that have something new to be sent.
    agents: BTreeSet<String>,
    /// Requests whose items have moved.
    requests: BTreeSet<String>,
    /// Something is due at this time, in milliseconds.
    due: Option<Millis>,
    /// An agent came or went.
    presence: bool,
    /// A row of the journal was written.
    journal: bool,
    /// Agents whose streams are to be ended.
    disconnect: BTreeSet<String>,
}

impl From<Ring> for RingBody {
    fn from(ring: Ring) -> Self {
        let Ring { agents, requests, due, presence, journal, disconnect } = ring;
        Self { agents, requests, due, presence, journal, disconnect }
    }
}

impl From<RingBody> for Ring {
    fn from(body: RingBody) -> Self {
        let RingBody { agents, requests, due, presence, journal, disconnect } = body;
        Self { agents, requests, due, presence, journal, disconnect }
    }
}

/// Another replica of the bridge has committed something.
#[utoipa::path(
    post,
    path = "/replicas/ring",
    tag = "health",
    request_body = RingBody,
    responses((status = 204, description = "Taken"))
)]
pub(crate) async fn ring(State(state): State<Shared>, Json(body): Json<RingBody>) -> StatusCode {
    state.intake.rung(body.into()).await;
    StatusCode::NO_CONTENT
}

/// Rings at other replicas over HTTP.
#[derive(Debug, Clone)]
pub struct HttpPeers {
    client: reqwest::Client,
}

impl Default for HttpPeers {
    fn default() -> Self {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        Self { client: client.unwrap_or_default() }
    }
}

#[async_trait]
impl Peers for HttpPeers {
    async fn ring(&self, base_url: &str, ring: Ring) -> bool {
        let url = format!("{}/replicas/ring", base_url.trim_end_matches('/'));
        let sent = self.client.post(url).json(&RingBody::from(ring)).send().await;
        sent.is_ok_and(|answer| answer.status().is_success())
    }
}
