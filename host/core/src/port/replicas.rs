//! Several replicas on one database: who they are, who may do what only one may, and how one wakes the others.
//!
//! Clocks of replicas differ by seconds, so no time that one replica wrote is compared with another one's clock. Whether
//! somebody lives is told by a number that he moves: who sees it stand still for `lease.ttl` on his own clock knows that
//! he does not.

use std::collections::BTreeSet;

use async_trait::async_trait;

use crate::clock::Millis;
use crate::error::StoreError;

/// A row of `swingbridge_replicas`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replica {
    /// Its name, as in agents' rows.
    pub id: String,
    /// Where its HTTP API is reached by the others.
    pub base_url: String,
    /// The program's version.
    pub version: String,
    /// Moves for as long as it lives.
    pub beat: u64,
    /// When it was started, by its own clock.
    pub started_at: Millis,
    /// When it last moved the beat, by its own clock: for people.
    pub last_updated: Millis,
    /// Whether it can do its work.
    pub ready: bool,
}

/// A row of `swingbridge_leases`: who may do what only one may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What it is about.
    pub name: String,
    /// The replica that has it; empty: it was given back.
    pub holder: String,
    /// The fencing number: one more with every holder, so that a unit of an earlier one is refused.
    pub fence: u64,
    /// Moves for as long as the holder lives.
    pub beat: u64,
}

/// The replicas and the leases. Kept by the store.
#[async_trait]
pub trait Replicas: std::fmt::Debug + Send + Sync {
    /// Whether other replicas can be on this database at all: not on a file that one process has for itself.
    fn can_be_several(&self) -> bool;

    /// Writes a replica's row, new or not.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_replica(&self, replica: Replica) -> Result<(), StoreError>;

    /// Every replica that has a row, by id.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn replicas(&self) -> Result<Vec<Replica>, StoreError>;

    /// Removes a replica's row, if its beat still is this one.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn remove_replica(&self, id: String, beat: u64) -> Result<bool, StoreError>;

    /// A lease; absent if nobody ever had it.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn lease(&self, name: String) -> Result<Option<Lease>, StoreError>;

    /// Writes a lease if it still is as it was read (`seen`; absent: nobody ever had it). Answers whether it was.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn swap_lease(&self, seen: Option<Lease>, lease: Lease) -> Result<bool, StoreError>;
}

/// What one replica tells the others after a commit, so that they need not wait for their next look at the database. It
/// may be lost: the look finds what it said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ring {
    /// Agents that have something new to be sent.
    pub agents: BTreeSet<String>,
    /// Requests whose items have moved.
    pub requests: BTreeSet<String>,
    /// Something is due at this time.
    pub due: Option<Millis>,
    /// An agent came or went.
    pub presence: bool,
    /// A row of the journal was written.
    pub journal: bool,
    /// Agents whose streams are to be ended, because somebody asked another replica for it. Nothing in the database says
    /// so: whoever rings for this hears whether the ring was taken.
    pub disconnect: BTreeSet<String>,
}

impl Ring {
    /// Whether there is nothing to tell.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Both in one.
    pub fn add(&mut self, other: Self) {
        self.agents.extend(other.agents);
        self.requests.extend(other.requests);
        self.due = [self.due, other.due].into_iter().flatten().min();
        self.presence |= other.presence;
        self.journal |= other.journal;
        self.disconnect.extend(other.disconnect);
    }
}

/// Carries rings to other replicas.
#[async_trait]
pub trait Peers: std::fmt::Debug + Send + Sync {
    /// Rings at one replica. Answers whether it took the ring.
    async fn ring(&self, base_url: &str, ring: Ring) -> bool;
}
