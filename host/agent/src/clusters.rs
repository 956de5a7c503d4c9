//! The seam to clusters: what the agent wants to know of one. It knows neither operations nor the bridge.

use async_trait::async_trait;
use proto::agent::v1::{self as wire, failure};
use proto::bounds;
use serde::Deserialize;

use crate::definition::Definition;

/// An account, as it is to be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its name.
    pub name: String,
    /// How to reach its cluster.
    pub definition: Definition,
}

/// Which cluster answers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Identity {
    /// The API server's address, as `https://host:port`.
    pub host: String,
    /// SHA-256 of its certificate, in hexadecimal pairs with colons.
    pub fingerprint: String,
    /// Its version, as `v1.34.4`.
    pub version: String,
}

/// What a look at a cluster showed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Which cluster it is.
    pub identity: Identity,
    /// Its namespaces; absent if they were not looked at. At most 10,000 are told.
    pub namespaces: Option<Vec<String>>,
}

impl Seen {
    /// The namespaces as an answer to a check tells them.
    pub(crate) fn namespaces_in_an_answer(&self) -> Option<wire::SeenNamespaces> {
        let mut first = self.namespaces.clone()?;
        let count = u64::try_from(first.len()).unwrap_or(u64::MAX);
        first.sort_unstable();
        first.truncate(bounds::NAMESPACES_NAMED);
        Some(wire::SeenNamespaces { count, first })
    }
}

/// Why an account cannot be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// For programs.
    pub code: Code,
    /// A sentence that a person can act on. Never a secret. Cut at 4,096 bytes.
    pub text: String,
}

/// The codes of `spec/agent-link.md`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Code {
    /// The API server does not answer.
    Unreachable,
    /// It answers, and does not know the credentials.
    Unauthorized,
    /// The kubeconfig cannot be used.
    InvalidKubeconfig,
    /// It is another cluster than it should be.
    IdentityConflict,
    /// A newer operation has been seen.
    Stale,
    /// The look took too long.
    Timeout,
    /// The agent's own fault.
    Internal,
}

/// A change that was seen at a held account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The account.
    pub account: String,
    /// Whether the cluster answers as it should; if not, why.
    pub health: Result<(), Refusal>,
    /// Which cluster answers, if one does.
    pub identity: Option<Identity>,
    /// Its namespaces; absent if they were not looked at.
    pub namespaces: Option<Vec<String>>,
}

/// The clusters, however they are reached.
#[async_trait]
pub trait Clusters: std::fmt::Debug + Send + Sync {
    /// Looks at an account's cluster, and changes nothing. Called for many accounts at once; dropped when the look takes
    /// too long or is not wanted any more, and sometimes begun anew.
    ///
    /// # Errors
    /// Why the account could not be held.
    async fn look(&self, account: &Account) -> Result<Seen, Refusal>;

    /// Names what a look at the account waits for: its API server, and whatever else may be silent on the way there. Looks
    /// with the same name are bounded together, and those of one that is silent wait behind those that answer. Cheap; as it
    /// is, every account has a server of its own.
    fn server(&self, account: &Account) -> String {
        account.name.clone()
    }

    /// The account is held from now on, as it was just looked at: to be watched. Also called for one that is held
    /// already, with a new definition.
    fn hold(&self, account: &Account, seen: &Seen);

    /// The account is held no more.
    fn release(&self, name: &str);

    /// Waits for changes at held accounts, and answers all that there are: the newest of each account, none twice. Never
    /// returns if nothing changes. Dropping the future loses no change.
    async fn changes(&self) -> Vec<Change>;
}

impl Refusal {
    /// A refusal with a sentence.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl From<Identity> for wire::ClusterIdentity {
    fn from(identity: Identity) -> Self {
        Self { host: identity.host, fingerprint: identity.fingerprint, version: identity.version }
    }
}

impl From<Refusal> for wire::Failure {
    fn from(refusal: Refusal) -> Self {
        let mut text = refusal.text;
        text.truncate(text.floor_char_boundary(bounds::TEXT_BYTES));
        Self { code: failure::Code::from(refusal.code).into(), text }
    }
}

impl From<Code> for failure::Code {
    fn from(code: Code) -> Self {
        match code {
            Code::Unreachable => Self::Unreachable,
            Code::Unauthorized => Self::Unauthorized,
            Code::InvalidKubeconfig => Self::InvalidKubeconfig,
            Code::IdentityConflict => Self::IdentityConflict,
            Code::Stale => Self::Stale,
            Code::Timeout => Self::Timeout,
            Code::Internal => Self::Internal,
        }
    }
}
