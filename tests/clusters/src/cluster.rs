//! A cluster: an API server of its own, and what a test does to it.

mod api_server;
mod controllers;
mod identity;
mod namespaces;
mod rights;

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use futures::future::try_join_all;
use kube::Client;
use rustix::process::Signal;
use tests_servers::{Guarded, Port, Scratch};

use crate::certificates::Pair;
use crate::kubeconfig::{Credential, Kubeconfig};
use identity::Identity;

pub use rights::{Rights, ServiceAccount};

/// How long an API server that is asked to end may take to answer what it was asked before.
const GOOD_BYE: Duration = Duration::from_secs(30);

/// What a cluster is started with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Options {
    /// Whether the controllers run beside the API server (80 MiB, half a second): aggregated roles such as `view` have
    /// rules, a new namespace has its service account, and a deleted one goes by itself after some seconds.
    pub controllers: bool,
}

/// A cluster. It is gone when it is dropped, and with this process in any case.
#[derive(Debug)]
pub struct Cluster {
    options: Options,
    // In this order they end.
    controllers: Option<Guarded>,
    server: Option<Guarded>,
    identity: Identity,
    serving: Pair,
    port: Port,
    scratch: Scratch,
}

impl Cluster {
    /// Starts one and waits until it is ready.
    ///
    /// # Errors
    /// What to install, or why it does not start, with the end of its log.
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts one with options and waits until it is ready.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with(options: Options) -> Result<Self> {
        let scratch = Scratch::new("swingbridge-cluster-")?;
        let identity = Identity::new()?;
        let serving = identity.authority.server()?;
        let port = Port::take()?;
        let mut made =
            Self { options, controllers: None, server: None, identity, serving, port, scratch };
        made.run().await?;
        Ok(made)
    }

    /// Starts several at once.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_many(count: usize, options: Options) -> Result<Vec<Self>> {
        try_join_all((0..count).map(|_| Self::start_with(options))).await
    }

    /// Where its API server listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.port.address()
    }

    /// The same as `https://HOST:PORT`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("https://{}", self.address())
    }

    /// The certificate of the authority that signed everything of it (PEM).
    #[must_use]
    pub fn authority(&self) -> &str {
        &self.identity.authority.certificate
    }

    /// SHA-256 of the certificate that its API server shows, in lower-case hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> &str {
        &self.serving.fingerprint
    }

    /// The kubeconfig of its administrator, who shows a certificate and may do everything.
    #[must_use]
    pub fn kubeconfig(&self) -> Kubeconfig {
        self.kubeconfig_of(credential(&self.identity.administrator))
    }

    /// The kubeconfig of whoever shows this.
    #[must_use]
    pub fn kubeconfig_of(&self, credential: Credential) -> Kubeconfig {
        Kubeconfig::new(&self.url(), self.authority(), credential)
    }

    /// A client of the administrator, of the runtime that asks for it.
    ///
    /// # Errors
    /// When the kubeconfig is not understood.
    pub async fn client(&self) -> Result<Client> {
        self.kubeconfig().client().await
    }

    /// What its API server logged.
    #[must_use]
    pub fn log(&self) -> String {
        api_server::log(&self.scratch)
    }

    /// Stops its API server where it is: connections stay open, new ones are taken by the system, and nothing is answered.
    ///
    /// # Errors
    /// When it does not run.
    pub fn freeze(&self) -> Result<()> {
        self.server.as_ref().context("it does not run")?.signal(Signal::STOP)
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// When it does not run.
    pub fn thaw(&self) -> Result<()> {
        self.server.as_ref().context("it does not run")?.signal(Signal::CONT)
    }

    /// Has its API server end as an operator does: what it is at is answered, then connections are refused. Its objects
    /// stay; [`Self::restart`] starts it again.
    ///
    /// # Errors
    /// When it does not run, or does not end in time.
    pub async fn stop(&mut self) -> Result<()> {
        self.end_controllers()?;
        self.server.take().context("it does not run")?.stop(GOOD_BYE).await
    }

    /// Kills its API server, as a power cut would: connections are refused. Its objects stay.
    ///
    /// # Errors
    /// When it does not run.
    pub fn kill(&mut self) -> Result<()> {
        ensure!(self.server.is_some(), "it does not run");
        self.end_controllers()?;
        self.server.take().map_or(Ok(()), Guarded::kill)
    }

    /// Starts its API server again, at the same address, with the same objects and the same certificate, and waits until
    /// it is ready. Kills it first if it runs.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn restart(&mut self) -> Result<()> {
        if self.server.is_some() {
            self.kill()?;
        }
        self.run().await
    }

    /// The same with another certificate of the same authority, as after a renewal.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn restart_with_new_certificate(&mut self) -> Result<()> {
        self.serving = self.identity.authority.server()?;
        self.restart().await
    }

    /// Puts another cluster in its place, at the same address: no object, authority, user or token of the one before.
    ///
    /// # Errors
    /// Why it does not start.
    pub async fn replace_by_another_cluster(&mut self) -> Result<()> {
        self.identity = Identity::new()?;
        self.restart_with_new_certificate().await
    }

    async fn run(&mut self) -> Result<()> {
        self.server = Some(api_server::start(self).await?);
        if self.options.controllers {
            self.controllers = Some(controllers::start(self).await?);
        }
        Ok(())
    }

    fn end_controllers(&mut self) -> Result<()> {
        self.controllers.take().map_or(Ok(()), Guarded::kill)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        for server in [&mut self.controllers, &mut self.server].into_iter().flatten() {
            server.end();
        }
    }
}

fn credential(pair: &Pair) -> Credential {
    Credential::Certificate { certificate: pair.certificate.clone(), key: pair.key.clone() }
}
