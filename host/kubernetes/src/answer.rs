//! Asking, and taking an answer in: of a bounded size, from this server and no other, and never in its own words.

use std::error::Error as StdError;

use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::de::DeserializeOwned;

use host_agent::Refusal;

use crate::faults::{Outcome, shown, unreachable};
use crate::line::Line;
use crate::tls;

/// The largest answer that says one thing, in bytes.
pub(crate) const SMALL: usize = 64 << 10;

/// The largest answer that lists things, in bytes.
pub(crate) const LARGE: usize = 4 << 20;

/// An answer.
#[derive(Debug)]
pub(crate) enum Answer<T> {
    /// It did, with this.
    Done(T),
    /// It did not.
    Refused(StatusCode),
}

/// Asks.
///
/// # Errors
/// There is no answer, or none that an API server would give.
pub(crate) async fn ask<T: DeserializeOwned>(
    line: &Line,
    request: Request<Vec<u8>>,
    largest: usize,
) -> Outcome<Answer<T>> {
    let response = send(line, request).await?;
    let status = response.status();
    if !status.is_success() {
        return Ok(Answer::Refused(status));
    }
    let body = body(&line.host, response, largest).await?;
    serde_json::from_slice(&body)
        .map(Answer::Done)
        .map_err(|_| no_api_server(&line.host, "its answer is not what was asked for"))
}

/// Asks, and leaves the body of the answer to be read.
///
/// # Errors
/// There is no answer, or it leads elsewhere.
pub(crate) async fn send(line: &Line, request: Request<Vec<u8>>) -> Outcome<Response<Body>> {
    let sent = line.client.send(request.map(Body::from)).await;
    let response = sent.map_err(|error| broken(&line.host, &error))?;
    if response.status().is_redirection() {
        let place = response.headers().get(header::LOCATION);
        let place = place.and_then(|place| place.to_str().ok()).map(origin).unwrap_or_default();
        return Err(unreachable(format!(
            "{} leads elsewhere{place} instead of answering, and that is not followed; set server to the API server itself",
            line.host
        )));
    }
    Ok(response)
}

/// Where a redirect leads: the host and nothing more.
fn origin(location: &str) -> String {
    let uri = location.parse::<http::Uri>().ok();
    let host = uri.as_ref().and_then(http::Uri::host);
    host.map(|host| format!(" (to {})", shown(host))).unwrap_or_default()
}

async fn body(host: &str, response: Response<Body>, largest: usize) -> Outcome<Vec<u8>> {
    let giant = || {
        unreachable(format!(
            "{host} answers with more than {} KiB, which is not read to its end; see what listens there",
            largest >> 10
        ))
    };
    let mut body = response.into_body();
    let mut read = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| broken(host, &error))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > largest {
            return Err(giant());
        }
        read.extend_from_slice(&data);
    }
    Ok(read)
}

/// What came is of no API server.
pub(crate) fn no_api_server(host: &str, why: &str) -> Refusal {
    unreachable(format!(
        "what answers at {host} is no API server: {why}; see server in the kubeconfig"
    ))
}

/// What is to be done about a connection that broke while one waited for an answer.
pub(crate) fn broken(host: &str, error: &(dyn StdError + 'static)) -> Refusal {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            return tls::refusal(host, io);
        }
        if let Some(hyper) = error.downcast_ref::<hyper::Error>() {
            if hyper.is_parse() {
                return no_api_server(host, "it does not speak HTTP");
            }
            if hyper.is_incomplete_message() {
                return unreachable(format!(
                    "{host} closed the connection instead of answering; see whether it is being restarted"
                ));
            }
        }
        cause = error.source();
    }
    unreachable(format!("{host} stopped answering; see whether it is being restarted"))
}
