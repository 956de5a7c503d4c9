//! The actors: a caller, a scripted intake, a clock that stands still.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use host_control::Feed;
use host_control::explain::{Explains, Explanation};
use host_control::intake::{AskError, Asked, Handle, Intake, Readiness};
use host_core::account::Failure;
use host_core::clock::Millis;
use host_core::error::StoreError;
use host_core::event::{Action, Refused};
use host_core::once::Once;
use host_core::port::replicas::{Replica, Ring};
use host_core::port::time::Clock;
use host_core::request::{ItemOutcome, RequestItem, RequestRow};
use serde_json::Value;
use tower::ServiceExt;

use super::store::MemoryStore;
use crate::{ApiOptions, ApiState, Meters, router};

/// When everything happens.
pub(super) const NOW: Millis = 1_795_348_917_499;
/// The largest body in these tests.
pub(super) const BODY_LIMIT: usize = 2 * 1024 * 1024;

/// A bridge's HTTP side, and what stands behind it.
#[derive(Debug)]
pub(super) struct World {
    pub(super) intake: Arc<ScriptedIntake>,
    pub(super) store: Arc<MemoryStore>,
    pub(super) clock: Arc<StillClock>,
    pub(super) enabled: bool,
}

impl World {
    pub(super) fn new() -> Self {
        Self { intake: Arc::default(), store: Arc::default(), clock: Arc::default(), enabled: true }
    }

    /// The whole service.
    pub(super) fn router(&self) -> Router {
        let state = ApiState {
            intake: self.intake.clone(),
            records: self.store.clone(),
            rows: self.store.clone(),
            memory: self.store.clone(),
            outbox: self.store.clone(),
            events: self.store.clone(),
            recordings: self.store.clone(),
            watch: self.store.clone(),
            explains: self.intake.clone(),
            feed: Feed::new(self.store.clone(), self.clock.clone()),
            counts: Arc::default(),
            meters: Meters::default(),
            clock: self.clock.clone(),
            options: ApiOptions { body_limit: BODY_LIMIT, dynamic_accounts_enabled: self.enabled },
        };
        router(state)
    }

    pub(super) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router().oneshot(request).await.expect("infallible");
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.expect("a whole body");
        let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// A call with any body.
    pub(super) async fn call(&self, method: &str, path: &str, body: impl Into<Body>) -> Answer {
        let request = Request::builder().method(method).uri(path).body(body.into());
        self.send(request.expect("a good request")).await
    }

    /// A call with a JSON body.
    pub(super) async fn json(&self, method: &str, path: &str, body: Value) -> Answer {
        self.call(method, path, body.to_string()).await
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, Body::empty()).await
    }
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Value,
}

impl Answer {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("a text"))
    }

    /// The `detail` of a problem, after a look at its status and media type.
    pub(super) fn problem(&self, status: u16) -> &str {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        assert_eq!(self.body["status"], status, "{}", self.body);
        for member in ["type", "title"] {
            assert!(self.body[member].is_string(), "{}", self.body);
        }
        self.body["detail"].as_str().expect("a detail")
    }
}

/// An intake that answers what it is told, and remembers what it was asked.
#[derive(Debug, Default)]
pub(super) struct ScriptedIntake {
    /// What becomes of an account at the commit; the others are pending.
    pub(super) outcomes: Mutex<HashMap<String, (ItemOutcome, Option<String>)>>,
    /// What becomes of the pending ones while they are waited for.
    pub(super) later: Mutex<HashMap<String, (ItemOutcome, Option<String>)>>,
    /// Instead of taking a request.
    pub(super) trouble: Mutex<Option<AskError>>,
    /// Instead of waiting.
    pub(super) wait_trouble: Mutex<Option<AskError>>,
    /// What was asked.
    pub(super) asked: Mutex<Vec<Asked>>,
    /// The items of the last request, as they stood when it was taken.
    begun: Mutex<Vec<RequestItem>>,
    /// What was waited for, and until when.
    pub(super) waited: Mutex<Vec<(String, Millis)>>,
    /// Agents with a stream here.
    pub(super) streams: Mutex<Vec<String>>,
    /// What other replicas told.
    pub(super) rings: Mutex<Vec<Ring>>,
    /// Why it is not ready.
    pub(super) reasons: Mutex<Vec<String>>,
    /// What was asked before with a key.
    pub(super) before: Mutex<Vec<(Once, Handle)>>,
    /// The one account that it can explain.
    pub(super) explained: Mutex<Option<Explanation>>,
    /// It has a bug.
    pub(super) panics: AtomicBool,
}

/// The id of every request.
pub(super) const REQUEST: &str = "01REQUEST";

impl ScriptedIntake {
    pub(super) fn decide(&self, name: &str, outcome: ItemOutcome, state: Option<&str>) {
        let entry = (outcome, state.map(str::to_owned));
        self.outcomes.lock().expect("no panic").insert(name.to_owned(), entry);
    }

    pub(super) fn refuse(&self, name: &str, code: &str, state: Option<&str>, possible: &[&str]) {
        let refused = Refused {
            code: code.to_owned(),
            reason: format!("the reason for {code}"),
            possible: possible.iter().map(|action| (*action).to_owned()).collect(),
        };
        self.decide(name, ItemOutcome::Refused(refused), state);
    }

    pub(super) fn later(&self, name: &str, outcome: ItemOutcome, state: Option<&str>) {
        let entry = (outcome, state.map(str::to_owned));
        self.later.lock().expect("no panic").insert(name.to_owned(), entry);
    }

    /// The only request that was asked.
    pub(super) fn only(&self) -> Asked {
        let asked = self.asked.lock().expect("no panic");
        assert_eq!(asked.len(), 1, "{asked:?}");
        asked[0].clone()
    }

    pub(super) fn nothing_was_asked(&self) -> bool {
        self.asked.lock().expect("no panic").is_empty()
    }
}

#[async_trait]
impl Intake for ScriptedIntake {
    async fn ask(&self, asked: Asked) -> Result<Handle, AskError> {
        assert!(!self.panics.load(Ordering::Relaxed), "a bug, planted by the test");
        if let Some(trouble) = self.trouble.lock().expect("no panic").clone() {
            return Err(trouble);
        }
        let outcomes = self.outcomes.lock().expect("no panic");
        let mut items: Vec<RequestItem> = asked
            .groups
            .iter()
            .flat_map(|(_, items)| items)
            .map(|item| {
                let pending = (ItemOutcome::Pending, Some("TO_MIGRATE".to_owned()));
                let (outcome, state) = outcomes.get(&item.name).cloned().unwrap_or(pending);
                RequestItem { name: item.name.clone(), outcome, state }
            })
            .collect();
        items.extend(asked.refused.iter().map(|(name, refused)| RequestItem {
            name: name.clone(),
            outcome: ItemOutcome::Refused(refused.clone()),
            state: None,
        }));
        items.sort_by(|one, other| one.name.cmp(&other.name));
        self.asked.lock().expect("no panic").push(asked);
        self.begun.lock().expect("no panic").clone_from(&items);
        let total = items.len() as u64;
        let request = RequestRow {
            id: REQUEST.to_owned(),
            action: Action::Activate,
            who: "anonymous".into(),
            created_at: NOW,
            total,
            replica: "bridge-a".into(),
        };
        Ok(Handle { request, items })
    }

    async fn asked_before(&self, once: &Once) -> Result<Option<Handle>, AskError> {
        let before = self.before.lock().expect("no panic");
        Ok(before.iter().find(|(known, _)| known == once).map(|(_, handle)| handle.clone()))
    }

    async fn wait(&self, id: &str, until: Millis) -> Result<Vec<RequestItem>, AskError> {
        self.waited.lock().expect("no panic").push((id.to_owned(), until));
        if let Some(trouble) = self.wait_trouble.lock().expect("no panic").clone() {
            return Err(trouble);
        }
        let later = self.later.lock().expect("no panic");
        let mut items = self.begun.lock().expect("no panic").clone();
        for item in &mut items {
            if let Some((outcome, state)) = later.get(&item.name).cloned() {
                (item.outcome, item.state) = (outcome, state);
            }
        }
        Ok(items)
    }

    async fn moved(
        &self,
        id: &str,
        _: &[RequestItem],
        until: Millis,
    ) -> Result<Vec<RequestItem>, AskError> {
        self.wait(id, until).await
    }

    async fn disconnect_agent(&self, agent: &str) -> bool {
        self.streams.lock().expect("no panic").iter().any(|stream| stream == agent)
    }

    async fn rung(&self, ring: Ring) {
        self.rings.lock().expect("no panic").push(ring);
    }

    async fn replicas(&self) -> Result<Vec<Replica>, AskError> {
        let replica = Replica {
            id: "bridge-a".into(),
            base_url: "http://127.0.0.1:7102".into(),
            version: "0.1.0".into(),
            beat: 1,
            started_at: NOW,
            last_updated: NOW,
            ready: self.readiness().ready,
        };
        Ok(vec![replica])
    }

    fn readiness(&self) -> Readiness {
        let reasons = self.reasons.lock().expect("no panic").clone();
        Readiness { ready: reasons.is_empty(), reasons }
    }
}

#[async_trait]
impl Explains for ScriptedIntake {
    async fn explain(&self, name: &str) -> Result<Option<Explanation>, StoreError> {
        let explained = self.explained.lock().expect("no panic");
        Ok(explained.clone().filter(|of| of.account == name))
    }

    fn transient_states(&self) -> Vec<String> {
        vec!["ACTIVATING".to_owned()]
    }
}

/// A clock that stands still; whoever waits on it waits for ever, or not at all.
#[derive(Debug, Default)]
pub(super) struct StillClock {
    pub(super) every_wait_is_over: AtomicBool,
}

#[async_trait]
impl Clock for StillClock {
    fn now(&self) -> Millis {
        NOW
    }

    async fn sleep_until(&self, at: Millis) {
        if at > NOW && !self.every_wait_is_over.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
    }
}

/// A failure as agents and modules give it.
pub(super) fn failure(code: &str) -> Failure {
    Failure { code: code.to_owned(), text: format!("the text of {code}") }
}
