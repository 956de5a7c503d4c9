//! How it stands with the tables as a whole, for whoever watches over the bridge.

use async_trait::async_trait;

use crate::account::State;
use crate::clock::Millis;
use crate::error::StoreError;

/// Figures of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Accounts by state.
    pub accounts: Vec<(State, u64)>,
    /// Accounts whose due time lies before the one asked about, or that pass through a state without any: nobody comes
    /// to them.
    pub stuck: u64,
    /// The earliest due time of any account.
    pub oldest_due: Option<Millis>,
    /// Accounts that a connected agent holds and whose cluster does not answer it as it should, by the code that it
    /// gives. An account of which two agents give two codes counts twice.
    pub unhealthy: Vec<(String, u64)>,
    /// Operations that are not answered.
    pub pending: u64,
    /// Of these, how many have been handed to a stream.
    pub unanswered: u64,
    /// When the oldest of them was submitted.
    pub oldest_pending: Option<Millis>,
}

/// Reads figures. Each read goes along indexes; it is not made more often than every few seconds.
#[async_trait]
pub trait Watch: std::fmt::Debug + Send + Sync {
    /// The figures, with what has been due since before `overdue` as stuck. `transient`: the states that rows pass
    /// through.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn figures(&self, overdue: Millis, transient: Vec<State>) -> Result<Figures, StoreError>;
}
