//! What a module sees: the imports of one call, behind which stands the database, a scripted world, or a recording.

use async_trait::async_trait;

use crate::account::Account;
use crate::agent::Agent;
use crate::clock::Millis;
use crate::error::CallError;
use crate::event::DefinitionRef;
use crate::holding::KnownHolding;
use crate::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use crate::record::LogLevel;

/// A source's account as a module sees it.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OfferedAccount {
    /// Its name.
    pub name: String,
    /// The source.
    pub source: String,
    /// The handle of its definition.
    pub definition: DefinitionRef,
    /// Why it cannot be taken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The reads of one call. An error ends the call: it is the host's fault ([`crate::error::CallClass::Host`]) or says
/// that the module wanted too much.
#[async_trait]
pub trait World: std::fmt::Debug + Send + Sync {
    /// The time of the call; frozen.
    fn now(&self) -> Millis;

    /// A fresh id.
    fn next_id(&self) -> String;

    /// The settings of the slot.
    fn settings(&self) -> Vec<(String, String)>;

    /// A line of the module's log, within its limits.
    fn log(&self, level: LogLevel, message: String);

    /// Rows by name; also rows whose name differs only by case.
    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, CallError>;

    /// Rows behind a name.
    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, CallError>;

    /// Names that are due.
    async fn accounts_due(&self, at: Millis, limit: usize) -> Result<Vec<String>, CallError>;

    /// Accounts of the sources by name.
    async fn sources(&self, names: Vec<String>) -> Result<Vec<OfferedAccount>, CallError>;

    /// Accounts of the sources behind a name.
    async fn sources_page(
        &self,
        after: String,
        limit: usize,
    ) -> Result<Vec<OfferedAccount>, CallError>;

    /// The agents of these zones (none named: of all) that are connected or awaited.
    async fn agents(&self, zones: Vec<String>) -> Result<Vec<Agent>, CallError>;

    /// What is known of these accounts and any agent, with what this event taught.
    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<KnownHolding>, CallError>;

    /// The chain's answers.
    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError>;

    /// The chain's answers.
    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError>;

    /// The chain's answers.
    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError>;
}
