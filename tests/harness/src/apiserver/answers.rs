//! What a server answers.

use std::convert::Infallible;
use std::sync::Arc;

use futures::StreamExt as _;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::{Request, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_stream::wrappers::UnboundedReceiverStream;

use super::state::{Habit, Rights, Shared, State};

type Body = BoxBody<Bytes, Infallible>;

pub(super) async fn answer(
    request: Request<Incoming>,
    shared: Arc<Shared>,
    by_certificate: bool,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut state = shared.state.lock().unwrap();
    state.asked.push(format!("{} {}", head.method, head.uri));
    match &state.habit {
        Habit::Says(status, words) => return Ok(full(*status, words.clone())),
        Habit::LeadsTo(place) => {
            let mut response = full(307, "");
            response.headers_mut().insert("location", place.parse().unwrap());
            return Ok(response);
        }
        _ => {}
    }
    if let (Habit::SaysOfNamespaces(status), "/api/v1/namespaces") = (&state.habit, head.uri.path())
    {
        return Ok(full(*status, "hunter2"));
    }
    if head.uri.path() == "/version" {
        return Ok(full(200, json!({ "gitVersion": state.version }).to_string()));
    }
    let token = head.headers.get("authorization").and_then(|header| header.to_str().ok());
    let token = token.and_then(|header| header.strip_prefix("Bearer "));
    let rights = match token {
        Some(token) => state.tokens.get(token).cloned(),
        None if by_certificate => Some(Rights::all()),
        None => None,
    };
    let Some(rights) = rights else { return Ok(full(401, r#"{"kind":"Status","code":401}"#)) };
    let query = head.uri.query().unwrap_or_default().to_owned();
    Ok(match head.uri.path() {
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews" => {
            let error = if rights.undecided { "a webhook failed, hunter2" } else { "" };
            let status = json!({ "allowed": rights.lists, "evaluationError": error });
            full(201, json!({ "status": status }).to_string())
        }
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews" => {
            let namespace = body["spec"]["namespace"].as_str().unwrap_or_default();
            let mut rules =
                vec![json!({ "verbs": ["create"], "resources": ["selfsubjectaccessreviews"] })];
            if rights.sees.contains(namespace) {
                rules.push(json!({ "verbs": ["get", "list"], "resources": ["pods"] }));
            }
            full(
                201,
                json!({ "status": { "resourceRules": rules, "incomplete": false } }).to_string(),
            )
        }
        "/api/v1/namespaces" if query.contains("watch=true") => {
            shared.watches.send_modify(|watches| *watches += usize::from(rights.watches));
            state.watch(rights.watches)
        }
        "/api/v1/namespaces" if rights.lists => full(200, state.page(&query)),
        "/api/v1/namespaces" => full(403, r#"{"kind":"Status","code":403}"#),
        _ => full(404, "{}"),
    })
}

impl State {
    fn page(&self, query: &str) -> String {
        let value =
            |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('='));
        let limit: usize =
            value("limit").and_then(|limit| limit.parse().ok()).unwrap_or(usize::MAX);
        let from: usize = value("continue").and_then(|from| from.parse().ok()).unwrap_or(0);
        let page: Vec<Value> = self
            .namespaces
            .iter()
            .skip(from)
            .take(limit)
            .map(|name| json!({ "metadata": { "name": name, "labels": { "a": "b" } } }))
            .collect();
        let more = from + page.len() < self.namespaces.len();
        let next = match self.habit {
            Habit::EndlessPages => "0".to_owned(),
            _ if more => (from + page.len()).to_string(),
            _ => String::new(),
        };
        json!({ "kind": "PartialObjectMetadataList", "metadata": { "resourceVersion": "7", "continue": next }, "items": page })
            .to_string()
    }

    fn watch(&mut self, allowed: bool) -> Response<Body> {
        if !allowed {
            return full(403, "{}");
        }
        let (watcher, lines) = mpsc::unbounded_channel();
        match self.habit {
            Habit::SaysOfWatches(status) => {
                let mut response = full(status, "hunter2");
                if response.status().is_redirection() {
                    response.headers_mut().insert("location", "/elsewhere".parse().unwrap());
                }
                return response;
            }
            Habit::EndsWatches => {}
            Habit::OverWatches => {
                let object = json!({ "kind": "Status", "code": 410, "reason": "Expired" });
                let line = json!({ "type": "ERROR", "object": object });
                watcher.send(Bytes::from(format!("{line}\n"))).unwrap();
                self.watchers.push(watcher);
            }
            _ => self.watchers.push(watcher),
        }
        let lines = UnboundedReceiverStream::new(lines).map(|line| Ok(Frame::data(line)));
        Response::new(BodyExt::boxed(StreamBody::new(lines)))
    }
}

fn full(status: u16, body: impl Into<Bytes>) -> Response<Body> {
    let mut response = Response::new(Full::new(body.into()).boxed());
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    response
}
