//! The chain of policies.

use async_trait::async_trait;

use crate::error::CallError;
use crate::policy::{Backoff, FailedTry, Placement, Subject, Verdict};

/// Answers a list of questions in the order asked.
#[async_trait]
pub trait Policies: std::fmt::Debug + Send + Sync {
    /// May these exist, and like this?
    ///
    /// # Errors
    /// [`CallError`] of a policy whose fail mode is closed.
    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError>;

    /// Where should these live?
    ///
    /// # Errors
    /// As for [`Self::admit`].
    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError>;

    /// When to try these again?
    ///
    /// # Errors
    /// As for [`Self::admit`].
    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError>;
}
