//! One TCP connection, direct or through a proxy: names are resolved here, so that what is refused by network is refused
//! under every name.

mod names;

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use host_agent::{Refusal, Surroundings};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::faults::{Outcome, invalid, kind, shown, unreachable};
use crate::options::Networks;
use crate::proxy::{Proxy, Scheme};
use crate::server::Server;
use crate::step::{Progress, Step};
use crate::tls::{self, Roots, Tls};
use names::{Names, System};

/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

/// How long one address of several is tried, in milliseconds.
const EACH_MS: u64 = 3_000;

/// A connection, whatever it is made of.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// A connection.
pub(crate) type Io = Box<dyn Stream>;

/// Makes connections.
#[derive(Debug)]
pub(crate) struct Dialer {
    surroundings: Arc<dyn Surroundings>,
    refused: Networks,
    names: Arc<Names>,
}

impl Dialer {
    pub(crate) fn new(surroundings: Arc<dyn Surroundings>, refused: Networks) -> Self {
        let names = Names::new(Arc::clone(&surroundings), Arc::new(System));
        Self { surroundings, refused, names: Arc::new(names) }
    }

    /// Connects to the server, through the proxy if there is one.
    ///
    /// # Errors
    /// Who does not answer, or what is refused.
    pub(crate) async fn dial(
        &self,
        server: &Server,
        proxy: Option<&Proxy>,
        tls: &Tls,
        progress: &Progress,
    ) -> Outcome<Io> {
        let Some(proxy) = proxy else {
            let stream = self.tcp(&server.identity(), &server.host, server.port, progress).await?;
            return Ok(Box::new(stream));
        };
        // A proxy resolves names; an address that is refused is refused here.
        if let Some(address) = literal(&server.host) {
            self.permitted(&server.identity(), [SocketAddr::new(address, server.port)])?;
        }
        let stream = self.tcp(&proxy.called(), &proxy.host, proxy.port, progress).await?;
        let io: Io = match proxy.scheme {
            Scheme::Http | Scheme::Socks => Box::new(stream),
            Scheme::Https => {
                let config = tls.config(Roots::System, None).await?;
                Box::new(shake(config, &proxy.called(), &proxy.host, stream).await?)
            }
        };
        progress.begins(Step::Proxy);
        proxy.through(io, server).await
    }

    async fn tcp(
        &self,
        who: &str,
        host: &str,
        port: u16,
        progress: &Progress,
    ) -> Outcome<TcpStream> {
        let addresses = match literal(host) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => {
                progress.begins(Step::Resolving);
                self.resolve(who, host, port).await?
            }
        };
        let addresses = self.permitted(who, addresses)?;
        progress.begins(Step::Connecting);
        let alone = addresses.len() == 1;
        let mut last = None;
        for address in addresses.into_iter().take(ADDRESSES) {
            let each = self.surroundings.now() + EACH_MS;
            let connected = tokio::select! {
                connected = TcpStream::connect(address) => connected,
                () = self.surroundings.sleep_until(each), if !alone => {
                    Err(std::io::ErrorKind::TimedOut.into())
                }
            };
            match connected {
                Ok(stream) => {
                    // Small requests go out at once; if that cannot be had, they go out a little later.
                    let _ = stream.set_nodelay(true);
                    return Ok(stream);
                }
                Err(error) => last = Some(error),
            }
        }
        let why = last.map_or_else(|| "it has no address".to_owned(), |error| kind(&error));
        Err(unreachable(format!(
            "{who} cannot be connected to: {why}; see whether it runs, whether the address is right, and whether a firewall \
             lets this agent through"
        )))
    }

    async fn resolve(&self, who: &str, host: &str, port: u16) -> Outcome<Vec<SocketAddr>> {
        let found = self.names.find(host).await.map_err(|why| {
            unreachable(format!(
                "the name of {who} cannot be resolved by this agent: {why}; see the name, and the DNS of this agent"
            ))
        })?;
        Ok(found.iter().map(|address| SocketAddr::new(*address, port)).collect())
    }

    /// The addresses that are in none of the refused networks.
    fn permitted(
        &self,
        who: &str,
        addresses: impl IntoIterator<Item = SocketAddr>,
    ) -> Outcome<Vec<SocketAddr>> {
        let (refused, permitted): (Vec<_>, Vec<_>) =
            addresses.into_iter().partition(|address| self.refused.contain(address.ip()));
        match (permitted.is_empty(), refused.first()) {
            (true, Some(address)) => Err(invalid(format!(
                "{who} is at {}, in a network that agent.networks.refuse names: no cluster is looked for there",
                address.ip()
            ))),
            _ => Ok(permitted),
        }
    }
}

/// Shakes hands over TLS.
///
/// # Errors
/// Why it failed.
pub(crate) async fn shake<S: Stream>(
    config: Arc<ClientConfig>,
    who: &str,
    name: &str,
    stream: S,
) -> Outcome<tokio_rustls::client::TlsStream<S>> {
    let name = tls::name(name)?;
    let shaken = TlsConnector::from(config).connect(name, stream).await;
    shaken.map_err(|error: std::io::Error| -> Refusal { tls::refusal(&shown_who(who), &error) })
}

fn shown_who(who: &str) -> String {
    // Host names are bounded where they are read; a sentence is kept short nevertheless.
    if who.len() > 120 { shown(who) } else { who.to_owned() }
}

fn literal(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}
