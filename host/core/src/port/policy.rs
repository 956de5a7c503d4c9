//! Policies: one module, and the chain of all that serve.

use std::time::Duration;

use async_trait::async_trait;

use crate::error::CallError;
use crate::policy::{Admission, Answers, Backoff, Case, FailedTry, Placement, Question, Questions};

/// A policy module, ready to be asked. The engine has one made of WebAssembly; a scenario has one that is a table.
#[async_trait]
pub trait Policy: std::fmt::Debug + Send + Sync {
    /// SHA-256 of its bytes, `sha256:` and hexadecimal digits; of one that has none, what tells it from others.
    fn digest(&self) -> &str;

    /// Whether it answers this question.
    fn answers(&self, question: Question) -> bool;

    /// Asks it a list, in an instance of its own: at most [`crate::BATCH_MAX`] questions, and no longer than `within`.
    /// It answers as many, in their order.
    ///
    /// # Errors
    /// [`CallError`]; nothing was answered then.
    async fn ask(&self, questions: Questions, within: Duration) -> Result<Answers, CallError>;
}

/// The chain of policies: answers a list of questions in the order asked.
#[async_trait]
pub trait Policies: std::fmt::Debug + Send + Sync {
    /// Whether any policy is asked this: where not, nothing has to be read for it.
    fn asks(&self, question: Question) -> bool;

    /// May these exist, and like this?
    ///
    /// # Errors
    /// [`CallError`] when a policy could not be asked, which is the host's fault; a policy that failed has answered by
    /// its fail mode.
    async fn admit(&self, cases: Vec<Case>) -> Result<Vec<Admission>, CallError>;

    /// Where should these live?
    ///
    /// # Errors
    /// As for [`Self::admit`].
    async fn place(&self, cases: Vec<Case>) -> Result<Vec<Placement>, CallError>;

    /// When to try these again?
    ///
    /// # Errors
    /// As for [`Self::admit`].
    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError>;
}
