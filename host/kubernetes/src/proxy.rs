//! `proxy-url` of a kubeconfig: what it may be, and the way through one. The proxy is dialled like a server, under the
//! same rules about networks; names of clusters are resolved by the proxy.

use http::{HeaderValue, Uri};
use hyper_util::client::legacy::connect::proxy::{SocksV5, Tunnel};
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use secrecy::{ExposeSecret as _, SecretString};
use tower::Service as _;

use crate::credentials;
use crate::dial::Io;
use crate::faults::{Outcome, invalid, unreachable};
use crate::server::Server;

/// How a proxy is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// HTTP CONNECT.
    Http,
    /// HTTP CONNECT within TLS.
    Https,
    /// SOCKS 5.
    Socks,
}

/// A proxy.
#[derive(Debug, Clone)]
pub(crate) struct Proxy {
    pub(crate) scheme: Scheme,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// User and password, if it wants them.
    login: Option<(String, SecretString)>,
}

impl Proxy {
    /// Reads `proxy-url`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &SecretString) -> Outcome<Self> {
        let wrong = |why: &str| {
            invalid(format!(
                "proxy-url of the kubeconfig's cluster {why}; give http://HOST:PORT, https://HOST:PORT or \
                 socks5://HOST:PORT"
            ))
        };
        let uri: Uri = text.expose_secret().trim().parse().map_err(|_| wrong("is no address"))?;
        let (scheme, port) = match uri.scheme_str() {
            Some("http") => (Scheme::Http, 80),
            Some("https") => (Scheme::Https, 443),
            Some("socks5") => (Scheme::Socks, 1080),
            Some(_) | None => return Err(wrong("is of a kind that this agent does not speak")),
        };
        let host = uri.host().unwrap_or_default().to_ascii_lowercase();
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        if host.is_empty() || host.len() > 253 {
            return Err(wrong("has no host, or too long a one"));
        }
        let port = uri.port_u16().unwrap_or(port);
        let login = uri.authority().and_then(|authority| login(authority.as_str()));
        Ok(Self { scheme, host, port, login })
    }

    /// Its name in sentences: without user and password.
    pub(crate) fn called(&self) -> String {
        format!("the proxy {}:{}", self.host, self.port)
    }

    /// Has the proxy connect to the server over a connection that leads to the proxy.
    ///
    /// # Errors
    /// The proxy does not, and what it says about it.
    pub(crate) async fn through(&self, io: Io, server: &Server) -> Outcome<Io> {
        let target: Uri = format!("https://{}", server.authority())
            .parse()
            .map_err(|_| invalid("server of the kubeconfig's cluster is no address"))?;
        let mut once = Some(TokioIo::new(io));
        let connector = tower::service_fn(move |_: Uri| {
            let used = || std::io::Error::other("the connection to the proxy is used already");
            std::future::ready(once.take().ok_or_else(used))
        });
        // Only the target counts: the connection to the proxy is there.
        let here = Uri::from_static("http://proxy");
        let through = match self.scheme {
            Scheme::Http | Scheme::Https => {
                let mut tunnel = Tunnel::new(here, connector);
                if let Some(header) = self.authorization() {
                    tunnel = tunnel.with_auth(header);
                }
                tunnel.call(target).await.map_err(|error| self.refuses(server, &error))
            }
            Scheme::Socks => {
                let mut socks = SocksV5::new(here, connector);
                if let Some((user, password)) = &self.login {
                    socks = socks.with_auth(user.clone(), password.expose_secret().to_owned());
                }
                socks.call(target).await.map_err(|error| self.refuses(server, &error))
            }
        };
        through.map(TokioIo::into_inner)
    }

    fn authorization(&self) -> Option<HeaderValue> {
        let (user, password) = self.login.as_ref()?;
        credentials::basic(user, password)
    }

    fn refuses(&self, server: &Server, error: &dyn std::error::Error) -> host_agent::Refusal {
        // The library's own words, never the proxy's.
        let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        unreachable(format!(
            "{} does not connect to {}: {why}; see whether it allows that, and whether it wants a user and password",
            self.called(),
            server.identity()
        ))
    }
}

/// `user:password@` of an authority.
fn login(authority: &str) -> Option<(String, SecretString)> {
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    Some((plain(user), plain(password).into()))
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret as _;

    use super::{Proxy, Scheme};

    #[test]
    fn a_proxy_of_each_kind_is_read_with_its_login() {
        let proxy = Proxy::read(&"http://me:pa%40ss@Proxy:3128".into()).unwrap();
        assert_eq!((proxy.scheme, proxy.host.as_str(), proxy.port), (Scheme::Http, "proxy", 3128));
        let (user, password) = proxy.login.as_ref().unwrap();
        assert_eq!((user.as_str(), password.expose_secret()), ("me", "pa@ss"));
        assert!(!format!("{proxy:?}").contains("pa@ss"));
        assert_eq!(Proxy::read(&"socks5://[::1]".into()).unwrap().port, 1080);
        assert_eq!(Proxy::read(&"https://p".into()).unwrap().port, 443);
    }

    #[test]
    fn another_kind_is_refused_without_its_password() {
        for odd in ["ftp://me:hunter2@p", "socks4://p", "p:3128", "", "http://"] {
            let text = Proxy::read(&odd.into()).unwrap_err().text;
            assert!(text.contains("socks5://HOST:PORT") && !text.contains("hunter2"), "{odd}");
        }
    }
}
