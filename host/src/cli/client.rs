//! The client of the HTTP API: one call, its answer or the problem that was answered instead.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Args;
use reqwest::{Method, RequestBuilder, Response, StatusCode, Url, header};
use serde_json::Value as Json;

use super::output;
use super::stream::Events;

/// How long an answer may take that nothing is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

/// What every verb of the client takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct ClientArguments {
    /// The bridge
    #[arg(long, env = "SWINGBRIDGE_URL", default_value = "http://127.0.0.1:7102", global = true)]
    url: Url,
    /// Write what the bridge answered, as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Who asks, for the journal
    #[arg(long, env = "USER", value_name = "NAME", hide_env_values = true, global = true)]
    user: Option<String>,
}

/// A bridge to ask.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    arguments: ClientArguments,
}

impl Client {
    /// The bridge that the arguments name.
    pub(crate) fn new(arguments: ClientArguments) -> Result<Self> {
        if arguments.url.cannot_be_a_base() || arguments.url.scheme() != "http" {
            bail!("--url {} is no address of a bridge; it must begin like http://", arguments.url);
        }
        // The bridge is asked directly: a proxy of the environment is for the way out.
        let http =
            reqwest::Client::builder().no_proxy().build().context("the client cannot be made")?;
        Ok(Self { http, arguments })
    }

    /// The bridge at an address, asked by somebody.
    pub(crate) fn at(url: &str, user: &str) -> Result<Self> {
        let url = url.parse().with_context(|| format!("{url} is no address of a bridge"))?;
        Self::new(ClientArguments { url, json: false, user: Some(user.to_owned()) })
    }

    /// Whether answers are written as they come.
    pub(crate) fn wants_json(&self) -> bool {
        self.arguments.json
    }

    /// A call. The segments of the path are encoded, so a name may have any letter.
    pub(crate) fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
    ) -> RequestBuilder {
        let mut url = self.arguments.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.http.request(method, url).timeout(PATIENCE);
        match &self.arguments.user {
            Some(user) => request.header("X-SPINNAKER-USER", user.as_bytes()),
            None => request,
        }
    }

    /// A call that waits for an outcome.
    pub(crate) fn waiting(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        wait: Duration,
    ) -> RequestBuilder {
        let text = format!("{}s", wait.as_secs());
        let mut query = query.to_vec();
        query.push(("wait", &text));
        self.call(method, path, &query).timeout(wait + PATIENCE)
    }

    /// Opens a stream of events, from the beginning or behind the event with an id.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub(crate) async fn stream(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        last: Option<String>,
    ) -> Result<Events> {
        // It lasts for as long as somebody looks; that it still is there is seen by its heartbeats.
        let request = self.call(Method::GET, path, query).timeout(Duration::MAX);
        let request = match &last {
            Some(last) => request.header("Last-Event-ID", last),
            None => request,
        };
        let response = self.answered(request).await?;
        if response.status().is_success() {
            return Ok(Events::of(response, last));
        }
        self.read(response).await?;
        bail!("{} answered what is no stream: is that a bridge?", self.arguments.url)
    }

    /// Opens an answer that is read as it comes, however long that takes.
    ///
    /// # Errors
    /// As for [`Self::send`].
    pub(crate) async fn open(&self, path: &[&str], query: &[(&str, &str)]) -> Result<Response> {
        let request = self.call(Method::GET, path, query).timeout(Duration::MAX);
        let response = self.answered(request).await?;
        if response.status().is_success() {
            return Ok(response);
        }
        self.read(response).await?;
        bail!("{} answered neither this nor why not: is that a bridge?", self.arguments.url)
    }

    /// Sends a call; the body of its answer.
    ///
    /// # Errors
    /// No answer, or a problem: its title, its detail, and what concerns each item.
    pub(crate) async fn send(&self, request: RequestBuilder) -> Result<Json> {
        self.read(self.answered(request).await?).await
    }

    async fn answered(&self, request: RequestBuilder) -> Result<Response> {
        match request.send().await {
            Ok(response) => Ok(response),
            Err(error) if error.is_connect() => bail!(
                "no bridge answers at {}. Start one with `swingbridge serve`, or say where it is with --url",
                self.arguments.url
            ),
            Err(error) if error.is_timeout() => {
                bail!("the bridge at {} did not answer in time", self.arguments.url)
            }
            Err(error) => Err(error).context("the bridge could not be asked"),
        }
    }

    async fn read(&self, response: Response) -> Result<Json> {
        let status = response.status();
        let place = place(&response);
        let text = response.text().await.context("the answer broke off")?;
        let body: Json = serde_json::from_str(&text).with_context(|| {
            format!(
                "{} answered {status}, and it is no JSON: is that a bridge?",
                self.arguments.url
            )
        })?;
        if status.is_success() {
            return Ok(body);
        }
        bail!("{}", problem(status, &body, place.as_deref()))
    }
}

/// Where the work that an answer is about can be looked at.
fn place(response: &Response) -> Option<String> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    location.strip_prefix("/operations/").map(str::to_owned)
}

/// A problem as a person reads it.
fn problem(status: StatusCode, body: &Json, operation: Option<&str>) -> String {
    let title = body.get("title").and_then(Json::as_str).unwrap_or("the bridge refused");
    let mut text = format!("{title} ({})", status.as_u16());
    if let Some(detail) = body.get("detail").and_then(Json::as_str) {
        text.push_str(&format!(": {detail}"));
    }
    if let Some(possible) =
        body.get("possible").and_then(Json::as_array).filter(|possible| !possible.is_empty())
    {
        let possible: Vec<&str> = possible.iter().filter_map(Json::as_str).collect();
        text.push_str(&format!("\n  possible now: {}", possible.join(", ")));
    }
    for item in body.get("items").and_then(Json::as_array).into_iter().flatten() {
        text.push_str(&format!(
            "\n  {}: {}",
            output::cell(item, "name"),
            output::cell(item, "detail")
        ));
    }
    if let Some(operation) = operation {
        text.push_str(&format!("\n  all of it: swingbridge operations show {operation}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(url: &str) -> Result<Client> {
        Client::new(ClientArguments { url: url.parse().expect("a URL"), json: false, user: None })
    }

    #[test]
    fn any_name_can_be_a_segment_and_a_path_of_the_bridge_is_kept() {
        let client = client("http://127.0.0.1:1/bridge/").expect("a client");
        let request = client.call(Method::GET, &["armory", "accounts", "a b/ü?"], &[("q", "x&y")]);
        let url = request.build().expect("a request").url().to_string();
        assert_eq!(url, "http://127.0.0.1:1/bridge/armory/accounts/a%20b%2F%C3%BC%3F?q=x%26y");
    }

    #[test]
    fn a_problem_is_said_with_its_items() {
        let body = serde_json::json!({
            "title": "Conflict", "detail": "some exist", "possible": ["activate"],
            "items": [{ "name": "eu-1", "status": 409, "detail": "exists" }],
        });
        assert_eq!(
            problem(StatusCode::CONFLICT, &body, Some("01X")),
            "Conflict (409): some exist\n  possible now: activate\n  eu-1: exists\n  all of it: swingbridge operations \
             show 01X"
        );
    }

    #[test]
    fn only_an_http_address_is_taken() {
        assert!(client("ftp://127.0.0.1/").is_err());
    }
}
