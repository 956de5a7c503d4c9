//! A kubeconfig, made to measure: with the credential, the authority and the way that a test wants.

use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Result;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use kube::config::KubeConfigOptions;
use kube::{Client, Config};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a caller shows.
#[derive(Clone, PartialEq, Eq)]
pub enum Credential {
    /// Nothing: it is `system:anonymous`.
    None,
    /// A bearer token.
    Token(String),
    /// A certificate and its key, both as text.
    Certificate {
        /// PEM.
        certificate: String,
        /// PEM.
        key: String,
    },
}

impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "None",
            Self::Token(_) => "Token(…)",
            Self::Certificate { .. } => "Certificate(…)",
        })
    }
}

/// A kubeconfig with everything in it: no file beside it is needed. Its text is its `Display`.
#[derive(Debug, Clone)]
pub struct Kubeconfig {
    server: String,
    /// What the server's certificate must be signed by; absent: it is not looked at.
    authority: Option<String>,
    credential: Credential,
    proxy: Option<String>,
}

impl Kubeconfig {
    /// For an API server at `https://HOST:PORT`, whose certificate must be signed by this authority (PEM).
    #[must_use]
    pub fn new(server: &str, authority: &str, credential: Credential) -> Self {
        let (server, authority) = (server.to_owned(), Some(authority.to_owned()));
        Self { server, authority, credential, proxy: None }
    }

    /// The same, reached at another address: of a proxy before it.
    #[must_use]
    pub fn at(self, address: SocketAddr) -> Self {
        Self { server: format!("https://{address}"), ..self }
    }

    /// The same with another credential.
    #[must_use]
    pub fn showing(self, credential: Credential) -> Self {
        Self { credential, ..self }
    }

    /// The same that trusts another authority (PEM).
    #[must_use]
    pub fn trusting(self, authority: &str) -> Self {
        Self { authority: Some(authority.to_owned()), ..self }
    }

    /// The same that does not look at the server's certificate.
    #[must_use]
    pub fn insecure(self) -> Self {
        Self { authority: None, ..self }
    }

    /// The same with a `proxy-url`.
    #[must_use]
    pub fn through(self, proxy: &str) -> Self {
        Self { proxy: Some(proxy.to_owned()), ..self }
    }

    /// A client that uses it, of the runtime that asks for it. It is not answered for longer than half a minute, tries
    /// nothing twice, and takes no proxy from the environment.
    ///
    /// # Errors
    /// When it is not understood.
    pub async fn client(&self) -> Result<Client> {
        let parsed = kube::config::Kubeconfig::from_yaml(&self.to_string())?;
        let choice = KubeConfigOptions::default();
        let mut config = Config::from_custom_kubeconfig(parsed, &choice).await?;
        config.proxy_url = None;
        config.default_retry = false;
        config.connect_timeout = Some(PATIENCE);
        config.read_timeout = Some(PATIENCE);
        Ok(Client::try_from(config)?)
    }

    /// Where it dials: `https://HOST:PORT`.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.server
    }
}

/// Its one cluster, user and context are all called `cluster`.
impl fmt::Display for Kubeconfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inline = |text: &str| STANDARD.encode(text);
        writeln!(formatter, "apiVersion: v1\nkind: Config\ncurrent-context: cluster")?;
        writeln!(formatter, "clusters:\n- name: cluster\n  cluster:\n    server: {}", self.server)?;
        match &self.authority {
            Some(authority) => {
                writeln!(formatter, "    certificate-authority-data: {}", inline(authority))?;
            }
            None => writeln!(formatter, "    insecure-skip-tls-verify: true")?,
        }
        if let Some(proxy) = &self.proxy {
            writeln!(formatter, "    proxy-url: {proxy}")?;
        }
        writeln!(
            formatter,
            "contexts:\n- name: cluster\n  context:\n    cluster: cluster\n    user: cluster"
        )?;
        writeln!(formatter, "users:\n- name: cluster")?;
        match &self.credential {
            Credential::None => writeln!(formatter, "  user: {{}}"),
            Credential::Token(token) => writeln!(formatter, "  user:\n    token: {token}"),
            Credential::Certificate { certificate, key } => {
                writeln!(
                    formatter,
                    "  user:\n    client-certificate-data: {}",
                    inline(certificate)
                )?;
                writeln!(formatter, "    client-key-data: {}", inline(key))
            }
        }
    }
}
