//! Every answer that is not what was asked for: RFC 9457 problems, with the sentences that their readers get.
//!
//! A problem is for the caller. What only the operator should know (why the database does not answer) goes into the log
//! and not in here.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use host_control::intake::AskError;
use host_core::error::{DISK_FULL, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

/// The media type of a problem.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// What kind of problem it is. Programs tell them apart by `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The body is not what the path takes.
    Body,
    /// The body is larger than the limit.
    BodyTooLarge,
    /// A parameter of the query or a header is not what the path takes.
    Parameter,
    /// A name that no account can have.
    Name,
    /// The key was used for another request.
    KeyUsed,
    /// Accounts that exist already.
    Exists,
    /// No account was accepted.
    Refused,
    /// There is no such account, agent or operation.
    NotFound,
    /// It was there, and is not kept any more.
    Gone,
    /// The path does not exist.
    NoSuchPath,
    /// The path exists, the method does not.
    Method,
    /// The agent has no stream that could be ended, at any replica that answers.
    NotConnected,
    /// Dynamic accounts are switched off.
    SwitchedOff,
    /// It may work later.
    Unavailable,
    /// It is the bridge's own fault.
    Internal,
}

impl Kind {
    /// The end of `type`, the title, and the status if no item says otherwise.
    fn words(self) -> (&'static str, &'static str, StatusCode) {
        match self {
            Self::Body => ("body", "The body cannot be used", StatusCode::BAD_REQUEST),
            Self::BodyTooLarge => {
                ("body-too-large", "The body is too large", StatusCode::PAYLOAD_TOO_LARGE)
            }
            Self::Parameter => ("parameter", "A parameter cannot be used", StatusCode::BAD_REQUEST),
            Self::Name => ("name", "No account can have this name", StatusCode::BAD_REQUEST),
            Self::KeyUsed => {
                ("key-used", "The key stands for another request", StatusCode::UNPROCESSABLE_ENTITY)
            }
            Self::Exists => ("exists", "Some accounts exist already", StatusCode::CONFLICT),
            Self::Refused => ("refused", "Nothing was accepted", StatusCode::CONFLICT),
            Self::NotFound => ("not-found", "There is no such thing", StatusCode::NOT_FOUND),
            Self::Gone => ("gone", "It is not kept any more", StatusCode::GONE),
            Self::NoSuchPath => ("no-such-path", "There is no such path", StatusCode::NOT_FOUND),
            Self::Method => {
                ("method", "The path does not take this method", StatusCode::METHOD_NOT_ALLOWED)
            }
            Self::NotConnected => {
                ("not-connected", "The agent is not connected", StatusCode::CONFLICT)
            }
            Self::SwitchedOff => {
                ("switched-off", "Dynamic accounts are switched off", StatusCode::NOT_IMPLEMENTED)
            }
            Self::Unavailable => {
                ("unavailable", "Not possible just now", StatusCode::SERVICE_UNAVAILABLE)
            }
            Self::Internal => {
                ("internal", "The bridge made a mistake", StatusCode::INTERNAL_SERVER_ERROR)
            }
        }
    }
}

/// One account of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct ProblemItem {
    /// The account, as it was named.
    pub(crate) name: String,
    /// The HTTP status that the account alone would have got.
    pub(crate) status: u16,
    /// A sentence.
    pub(crate) detail: String,
    /// The state it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    /// What may be asked of it now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) possible: Vec<String>,
}

/// The members of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct Members {
    /// What kind of problem it is: `urn:swingbridge:problem:…`.
    #[serde(rename = "type")]
    kind: String,
    /// The kind in words.
    title: String,
    /// The HTTP status.
    status: u16,
    /// This problem, in a sentence.
    detail: String,
    /// The account's state, if the problem is about one account.
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<String>,
    /// What may be asked of it now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    possible: Vec<String>,
    /// The accounts that it is about, if they were several.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<ProblemItem>,
    #[serde(skip)]
    location: Option<String>,
    #[serde(skip)]
    retry_after_seconds: Option<u32>,
}

/// A problem on its way to the caller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Problem(Box<Members>);

impl Problem {
    /// A problem of a kind, with the sentence that says what happened this time.
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        let (slug, title, status) = kind.words();
        Self(Box::new(Members {
            kind: format!("urn:swingbridge:problem:{slug}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: detail.into(),
            state: None,
            possible: Vec::new(),
            items: Vec::new(),
            location: None,
            retry_after_seconds: None,
        }))
    }

    /// The body is not what the path takes.
    pub(crate) fn body(detail: impl Into<String>) -> Self {
        Self::new(Kind::Body, detail)
    }

    /// A parameter is not what the path takes.
    pub(crate) fn parameter(detail: impl Into<String>) -> Self {
        Self::new(Kind::Parameter, detail)
    }

    /// No account of this name.
    pub(crate) fn unknown_account(name: &str) -> Self {
        Self::new(Kind::NotFound, format!("there is no account {name}"))
    }

    /// With another status than its kind's.
    pub(crate) fn status(mut self, status: StatusCode) -> Self {
        self.0.status = status.as_u16();
        self
    }

    /// With the accounts that it is about; what a single one is and may become stands at the top too.
    pub(crate) fn items(mut self, items: Vec<ProblemItem>) -> Self {
        if let [only] = items.as_slice() {
            self.0.state.clone_from(&only.state);
            self.0.possible.clone_from(&only.possible);
        }
        self.0.items = items;
        self
    }

    /// With the way to the request that was begun.
    pub(crate) fn location(mut self, location: String) -> Self {
        self.0.location = Some(location);
        self
    }

    fn retry_after(mut self, seconds: u32) -> Self {
        self.0.retry_after_seconds = Some(seconds);
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let members = *self.0;
        let status =
            StatusCode::from_u16(members.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let (location, retry) = (members.location.clone(), members.retry_after_seconds);
        let mut response = (status, Json(members)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
        if let Some(location) = location.and_then(|l| HeaderValue::try_from(l).ok()) {
            headers.insert(header::LOCATION, location);
        }
        if let Some(seconds) = retry {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

/// What a caller is told of a reason, if that is a thing to be told. A driver's words stay in the log.
fn why(reason: &str) -> Option<&'static str> {
    reason.contains(DISK_FULL).then_some(DISK_FULL)
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(reason) => {
                tracing::warn!(%reason, "a read for the HTTP API was not answered");
                let why = why(&reason).unwrap_or("the database does not answer; try again");
                Self::new(Kind::Unavailable, why).retry_after(1)
            }
            StoreError::Inconsistent { .. } | StoreError::Refused(_) => {
                tracing::error!(%error, "a read for the HTTP API cannot be answered");
                Self::new(
                    Kind::Internal,
                    "the database holds what this bridge cannot read; its log says what",
                )
            }
        }
    }
}

impl From<AskError> for Problem {
    fn from(error: AskError) -> Self {
        tracing::warn!(%error, "a request was not taken");
        match error {
            AskError::Unavailable(reason) => {
                let why = why(&reason).unwrap_or("the database does not answer; try again");
                Self::new(Kind::Unavailable, format!("nothing was begun: {why}")).retry_after(1)
            }
            AskError::Paused(reason) => {
                Self::new(Kind::Unavailable, format!("nothing was begun: {reason}; try again"))
                    .retry_after(5)
            }
            AskError::OtherUse => Self::new(
                Kind::KeyUsed,
                "nothing was begun: this Idempotency-Key was used here for another body or other parameters within the \
                 last day; give each request a key of its own",
            ),
            AskError::Interrupted { request, reason } => {
                let why = why(&reason).map(|why| format!(" ({why})")).unwrap_or_default();
                let what = "what became of some accounts is not known yet";
                Self::new(Kind::Unavailable, format!("{what}{why}; ask /operations/{request}"))
                    .retry_after(1)
                    .location(format!("/operations/{request}"))
            }
        }
    }
}
