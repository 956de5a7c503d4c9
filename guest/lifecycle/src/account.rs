//! Rows and what they are made of.

use crate::state::State;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z, by the bridge's clock.
pub type Millis = u64;

/// Pairs of key and value.
pub type Attributes = Vec<(String, String)>;

/// The cluster that answers under an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The API server's address.
    pub host: String,
    /// The fingerprint of its certificate.
    pub fingerprint: String,
    /// Its version; only shown.
    pub version: String,
}

impl Identity {
    /// Whether both are the same cluster: host and fingerprint (rule 3).
    #[must_use]
    pub fn is_same_cluster(&self, other: &Self) -> bool {
        self.host == other.host && self.fingerprint == other.fingerprint
    }
}

/// Why something did not work: a code for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// An agent's code, or one of `no-agent`, `lost`, `deadline`, `still-held`.
    pub code: String,
    /// The sentence.
    pub text: String,
}

impl Failure {
    pub(crate) fn new(code: &str, text: String) -> Self {
        Self { code: code.to_owned(), text }
    }

    /// An agent sees another cluster than the one that is recorded (rules 3 and 15).
    pub(crate) fn another_cluster(seen: &Identity) -> Self {
        let text = format!(
            "it sees another cluster than the one that is recorded: {}, certificate {}; rebind accepts it",
            seen.host, seen.fingerprint
        );
        Self::new("identity-conflict", text)
    }
}

/// A request that waits for a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenRequest {
    /// Its id.
    pub id: String,
    /// What it waits for, as [`crate::Action::as_str`].
    pub action: String,
}

/// A definition that the driver keeps: an opaque name, and the attributes that it sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// The name.
    pub id: String,
    /// The attributes, in the spelling of the HTTP API.
    pub keys: Vec<String>,
}

/// A row as committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The key.
    pub name: String,
    /// Where it stands; absent: in a state that another module brought and this one does not know. Such a row is left
    /// alone, and requests for it are refused.
    pub state: Option<State>,
    /// Moves with every change of the row.
    pub revision: u64,
    /// The revision at which it came into its state.
    pub state_revision: u64,
    /// Moves only with the definition.
    pub definition_revision: u64,
    /// Absent: any agent may hold it.
    pub zone: Option<String>,
    /// For a static row the agent whose configuration declares it.
    pub declared_by: Option<String>,
    /// The cluster recorded for the name.
    pub identity: Option<Identity>,
    /// Tries that failed.
    pub failed_count: u32,
    /// Why it is where it is.
    pub error: Option<Failure>,
    /// When it came into its state.
    pub state_since: Millis,
    /// When `tick` is to be called for it.
    pub due_at: Option<Millis>,
    /// Requests that wait for it, oldest first.
    pub requests: Vec<OpenRequest>,
    /// The module's memory of it.
    pub attributes: Attributes,
}
