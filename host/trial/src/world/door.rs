//! Requests to the router of the HTTP API, without a socket.

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderName, HeaderValue, Method, Request};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::ServiceExt as _;

use super::Impossible;

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// Where the request can be followed.
    pub location: Option<String>,
    /// The body: what its JSON says, or its text.
    pub body: Value,
}

/// A request as a scenario writes it.
pub(super) fn request(
    method: &str,
    path: &str,
    headers: &[(String, String)],
    body: Option<&Value>,
) -> Result<Request<Body>, Impossible> {
    let method: Method = method.parse().map_err(|_| format!("{method} is no HTTP method"))?;
    let mut request = Request::builder().method(method).uri(path);
    if body.is_some() {
        request = request.header("content-type", "application/json");
    }
    for (name, value) in headers {
        let name: HeaderName = name.parse().map_err(|_| format!("{name} is no header's name"))?;
        let value: HeaderValue =
            value.parse().map_err(|_| format!("the value of the header {name} cannot be sent"))?;
        request = request.header(name, value);
    }
    let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
    request.body(body).map_err(|error| format!("{path} is no path: {error}"))
}

/// Has it answered.
pub(super) async fn answer(
    router: Router,
    request: Request<Body>,
) -> Result<HttpAnswer, Impossible> {
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    };
    let status = response.status().as_u16();
    let location = response.headers().get("location").and_then(|to| to.to_str().ok());
    let location = location.map(str::to_owned);
    let body = response.into_body().collect().await;
    let body = body.map_err(|error| format!("the answer broke off: {error}"))?.to_bytes();
    let text = String::from_utf8_lossy(&body);
    let body = match serde_json::from_str(&text) {
        Ok(value) => value,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text.into_owned()),
    };
    Ok(HttpAnswer { status, location, body })
}
