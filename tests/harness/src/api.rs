//! The HTTP API as a caller uses it.

use anyhow::{Result, ensure};
use reqwest::{Method, StatusCode};
use serde_json::Value;

/// A caller of one bridge.
#[derive(Debug, Clone)]
pub struct Api {
    client: reqwest::Client,
    base: String,
}

/// What came back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The `Location` header.
    pub location: Option<String>,
    /// The body; a text that is no JSON is a JSON string.
    pub body: Value,
}

impl Answer {
    /// The answer, if it has this status.
    ///
    /// # Errors
    /// Shows what came instead.
    pub fn expect(self, status: u16) -> Result<Self> {
        ensure!(self.status == status, "{status} was expected, and this came: {self:?}");
        Ok(self)
    }

    /// The outcome of an item by its account's name, if the body is a handle.
    #[must_use]
    pub fn outcome(&self, name: &str) -> Option<&str> {
        let items = self.body.get("items")?.as_array()?;
        items.iter().find(|item| item["name"] == name)?.get("outcome")?.as_str()
    }
}

impl Api {
    /// A caller of the bridge at this address.
    #[must_use]
    pub fn new(base: impl Into<String>) -> Self {
        Self { client: reqwest::Client::new(), base: base.into() }
    }

    /// Where the bridge is: `http://HOST:PORT`.
    #[must_use]
    pub fn base(&self) -> &str {
        &self.base
    }

    /// A call with a JSON body.
    ///
    /// # Errors
    /// When the bridge does not answer.
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request.send().await?).await
    }

    /// A call that is answered in the shape of a request, at once.
    ///
    /// # Errors
    /// When the bridge does not answer.
    pub async fn preferring(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
    ) -> Result<Answer> {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let mut request = request.header("prefer", "respond-async");
        if let Some(body) = body {
            request = request.json(body);
        }
        Self::read(request.send().await?).await
    }

    /// A call with a JSON body and headers.
    ///
    /// # Errors
    /// When the bridge does not answer.
    pub async fn with_headers(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Result<Answer> {
        let mut request = self.client.request(method, format!("{}{path}", self.base)).json(body);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        Self::read(request.send().await?).await
    }

    /// A call with a body as it is.
    ///
    /// # Errors
    /// When the bridge does not answer.
    pub async fn raw(&self, method: Method, path: &str, body: Vec<u8>) -> Result<Answer> {
        let request = self.client.request(method, format!("{}{path}", self.base));
        let request = request.header("content-type", "application/json").body(body);
        Self::read(request.send().await?).await
    }

    async fn read(response: reqwest::Response) -> Result<Answer> {
        let status: StatusCode = response.status();
        let location = response.headers().get("location");
        let location = location.and_then(|value| value.to_str().ok()).map(str::to_owned);
        let text = response.text().await?;
        let body = serde_json::from_str(&text).unwrap_or(Value::String(text));
        Ok(Answer { status: status.as_u16(), location, body })
    }

    /// GET.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn get(&self, path: &str) -> Result<Answer> {
        self.call(Method::GET, path, None).await
    }

    /// POST.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn post(&self, path: &str, body: Value) -> Result<Answer> {
        self.call(Method::POST, path, Some(&body)).await
    }

    /// PATCH.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn patch(&self, path: &str, body: Value) -> Result<Answer> {
        self.call(Method::PATCH, path, Some(&body)).await
    }

    /// PUT.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn put(&self, path: &str, body: Value) -> Result<Answer> {
        self.call(Method::PUT, path, Some(&body)).await
    }

    /// DELETE, with or without a body.
    ///
    /// # Errors
    /// As for [`Self::call`].
    pub async fn delete(&self, path: &str, body: Option<Value>) -> Result<Answer> {
        self.call(Method::DELETE, path, body.as_ref()).await
    }

    /// The state of an account; nothing if it has no row.
    ///
    /// # Errors
    /// When the bridge answers neither.
    pub async fn state(&self, name: &str) -> Result<Option<String>> {
        let answer = self.get(&format!("/agents/kubernetes/accounts/{name}")).await?;
        match answer.status {
            404 => Ok(None),
            200 => Ok(answer.body["status"].as_str().map(str::to_owned)),
            _ => anyhow::bail!("neither 200 nor 404 came: {answer:?}"),
        }
    }

    /// Every account's state, by name.
    ///
    /// # Errors
    /// When the bridge does not answer.
    pub async fn states(&self) -> Result<Vec<(String, String)>> {
        let mut states = Vec::new();
        loop {
            let after = states.last().map_or_else(String::new, |(name, _): &(String, String)| {
                name.bytes().map(|byte| format!("%{byte:02X}")).collect()
            });
            let path = format!("/armory/accounts?limit=1000&after={after}");
            let path = if after.is_empty() { "/armory/accounts?limit=1000" } else { &path };
            let page = self.get(path).await?.expect(200)?;
            let items = page.body["items"].as_array().cloned().unwrap_or_default();
            let text = |item: &Value, key: &str| item[key].as_str().unwrap_or_default().to_owned();
            states.extend(items.iter().map(|item| (text(item, "name"), text(item, "status"))));
            if items.len() < 1_000 {
                return Ok(states);
            }
        }
    }
}
