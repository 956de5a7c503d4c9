//! Asking, and taking an answer in: of a bounded size, from this server and no other, and never in its own words.

use std::error::Error as StdError;

use http::{Request, Response, StatusCode, Uri, header};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde::de::DeserializeOwned;

use host_agent::Refusal;

use crate::faults::{Outcome, unreachable};
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
        let location = response.headers().get(header::LOCATION);
        let place = elsewhere(&line.host, location.and_then(|location| location.to_str().ok()));
        return Err(unreachable(format!(
            "{} leads {place} instead of answering, and that is not followed; set server to the API server itself",
            line.host
        )));
    }
    Ok(response)
}

/// Where a redirect leads, in none of its own words: a host's name may be the token that was shown.
fn elsewhere(here: &str, location: Option<&str>) -> &'static str {
    let uri = |text: &str| text.parse::<Uri>().ok();
    let Some((here, location)) = uri(here).zip(location) else { return "elsewhere" };
    if location.starts_with("//") {
        return "to another host";
    }
    let Some(to) = uri(location) else { return "elsewhere" };
    match (to.authority(), to.scheme()) {
        (Some(authority), _) if Some(authority) != here.authority() => "to another host",
        (Some(_), scheme) if scheme != here.scheme() => "to another scheme",
        (Some(_) | None, _) => "to another path",
    }
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

#[cfg(test)]
mod tests {
    use super::elsewhere;

    #[test]
    fn where_a_redirect_leads_is_said_in_none_of_its_words() {
        let place = |location: &str| elsewhere("https://api:443", Some(location));
        assert_eq!(place("https://hunter2/version"), "to another host");
        assert_eq!(place("https://api:6443/version"), "to another host");
        assert_eq!(place("//hunter2/version"), "to another host");
        assert_eq!(place("http://api:443/version"), "to another scheme");
        assert_eq!(place("https://api:443/hunter2"), "to another path");
        assert_eq!(place("/hunter2"), "to another path");
        assert_eq!(place("hunter2 hunter2"), "elsewhere");
        assert_eq!(elsewhere("https://api:443", None), "elsewhere");
    }
}
