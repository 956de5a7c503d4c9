//! One open connection to an API server, and the identity of whoever is at its other end. Everything that is asked on it
//! is answered under the certificate that was shown when it was opened; when it is dropped, it is closed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response, Uri, header};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use kube::client::{Body, ConfigExt as _};
use rustls::ClientConfig;
use tokio_util::task::AbortOnDropHandle;
use tower::{BoxError, Service, ServiceBuilder};

use crate::access::{Access, Trust};
use crate::credentials::{self, Credentials};
use crate::dial::{Dialer, Stream, shake};
use crate::faults::{Outcome, invalid, unreachable};
use crate::step::{Progress, Step};
use crate::tls::{self, Roots, Tls};

/// What an answer's head may have, in bytes and in lines.
const HEAD_BYTES: usize = 64 << 10;
const HEAD_LINES: usize = 64;

/// How this agent calls itself to API servers.
const CALLED: &str = concat!("swingbridge-agent/", env!("CARGO_PKG_VERSION"));

/// An open connection.
pub(crate) struct Line {
    /// Asks on it.
    pub(crate) client: kube::Client,
    /// The server's address, as its identity has it.
    pub(crate) host: String,
    /// Of the certificate that it showed.
    pub(crate) fingerprint: String,
    _connection: AbortOnDropHandle<()>,
}

/// Opens a connection.
///
/// # Errors
/// Whatever is wrong on the way, or with the server's certificate.
pub(crate) async fn open(
    dialer: &Dialer,
    tls: &Tls,
    access: &Access,
    credentials: &Credentials,
    progress: &Progress,
) -> Outcome<Line> {
    let server = &access.server;
    let config = trusting(tls, access, credentials).await?;
    let io = dialer.dial(server, access.proxy.as_ref(), tls, progress).await?;
    progress.begins(Step::Handshake);
    let name = access.server_name.as_deref().unwrap_or(&server.host);
    let stream = shake(config, &server.identity(), name, io).await?;
    let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
    let fingerprint = shown.map(tls::fingerprint).ok_or_else(|| {
        unreachable(format!("{} shows no certificate; see what listens there", server.identity()))
    })?;
    let (sender, connection) = talk(stream, &server.identity()).await?;
    Ok(Line {
        client: client(sender, access, credentials)?,
        host: server.identity(),
        fingerprint,
        _connection: connection,
    })
}

/// Whom to trust, and what to show in the handshake.
async fn trusting(
    tls: &Tls,
    access: &Access,
    credentials: &Credentials,
) -> Outcome<Arc<ClientConfig>> {
    let given;
    let roots = match &access.trust {
        Trust::System => Roots::System,
        Trust::Nobody => Roots::Nobody,
        Trust::Given(place) => {
            given = credentials::pem(place, &access.files).await?;
            Roots::Given(&given)
        }
    };
    tls.config(roots, credentials.certificate.as_ref()).await
}

/// Speaks HTTP/1.1 on it: requests come one after the other, and a watch has a connection of its own.
async fn talk(
    stream: impl Stream + 'static,
    who: &str,
) -> Outcome<(SendRequest<Body>, AbortOnDropHandle<()>)> {
    let shaken = http1::Builder::new()
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_LINES)
        .handshake(TokioIo::new(stream))
        .await;
    let (sender, connection) = shaken
        .map_err(|_| unreachable(format!("{who} broke the connection off before it was asked")))?;
    let connection = tokio::spawn(async move {
        // What goes wrong on it is told to whoever waits for an answer.
        let _ = connection.await;
    });
    Ok((sender, AbortOnDropHandle::new(connection)))
}

/// A client that asks on this connection, with the server's path and the credentials' headers.
fn client(
    sender: SendRequest<Body>,
    access: &Access,
    credentials: &Credentials,
) -> Outcome<kube::Client> {
    let odd = |_| invalid("`as` of the kubeconfig's user cannot stand in a header");
    let mut config = kube::Config::new(access.server.uri.clone());
    config.auth_info = credentials.act_as.clone();
    let shown = credentials.authorization.iter();
    config.headers.extend(shown.map(|value| (header::AUTHORIZATION, value.clone())));
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(config.extra_headers_layer().map_err(odd)?)
        .map_err(BoxError::from)
        .service(Sender(sender));
    Ok(kube::Client::new(service, access.namespace.clone()))
}

/// A connection as a service.
struct Sender(SendRequest<Body>);

impl Service<Request<Body>> for Sender {
    type Response = Response<Incoming>;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // On the wire a request has its server in a header, and its path alone in the first line.
        let host = request.uri().authority().map(|authority| authority.as_str().to_owned());
        let host = host.and_then(|host| HeaderValue::from_str(&host).ok());
        let path = request.uri().path_and_query().cloned().map(Uri::from);
        let headers = request.headers_mut();
        headers.extend(host.map(|host| (header::HOST, host)));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(CALLED));
        if let Some(path) = path {
            *request.uri_mut() = path;
        }
        Box::pin(self.0.send_request(request))
    }
}

#[cfg(test)]
mod tests;
