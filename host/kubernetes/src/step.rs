//! What a look is waiting for, so that one that took too long can say it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use host_agent::Refusal;

use crate::faults::timeout;

/// A step of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Step {
    /// The definition and its files are read.
    #[default]
    Reading,
    /// A command prints credentials.
    Command,
    /// A name is resolved.
    Resolving,
    /// A TCP connection is made.
    Connecting,
    /// The proxy connects further.
    Proxy,
    /// The TLS handshake.
    Handshake,
    /// `GET /version`.
    Version,
    /// What the credentials allow.
    Permissions,
    /// The list of namespaces.
    Namespaces,
}

impl Step {
    fn words(self) -> &'static str {
        match self {
            Self::Reading => "the files that the kubeconfig names to be read",
            Self::Command => "the kubeconfig's command to print credentials",
            Self::Resolving => "its name to be resolved; see the DNS of this agent",
            Self::Connecting => {
                "a TCP connection; see whether a firewall lets this agent through, and whether the server runs"
            }
            Self::Proxy => "the proxy to connect to it; see the proxy",
            Self::Handshake => {
                "the TLS handshake, though a TCP connection was made; see whether the server hangs"
            }
            Self::Version => "its version; see whether the server hangs",
            Self::Permissions => {
                "what the credentials may see; see whether the server hangs, or its authorization webhook"
            }
            Self::Namespaces => "the list of its namespaces; see whether its etcd is slow",
        }
    }
}

/// How far a look has come.
#[derive(Debug, Default)]
pub(crate) struct Progress(Mutex<(Step, Option<String>)>);

impl Progress {
    /// The server is known.
    pub(crate) fn towards(&self, server: &str) {
        self.lock().1 = Some(server.to_owned());
    }

    /// A step begins.
    pub(crate) fn begins(&self, step: Step) {
        self.lock().0 = step;
    }

    /// Why it is given up after a time.
    pub(crate) fn given_up(&self, after_ms: u64) -> Refusal {
        let (step, server) = &*self.lock();
        let who = server.as_deref().unwrap_or("the cluster");
        timeout(format!("{who} was given up after {after_ms} ms of waiting for {}", step.words()))
    }

    fn lock(&self) -> MutexGuard<'_, (Step, Option<String>)> {
        // Nothing panics while it is held.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
