//! `policy`: questions to the chain.

use host_core::BATCH_MAX;

use crate::bindings::lifecycle::swingbridge::lifecycle::policy::{
    Backoff, Failed, Host, Placement, ReadError, Subject, Verdict,
};
use crate::convert::answer;
use crate::state::CallState;

impl Host for CallState {
    async fn admit(
        &mut self,
        subjects: Vec<Subject>,
    ) -> wasmtime::Result<Result<Vec<Verdict>, ReadError>> {
        self.bound(subjects.len(), BATCH_MAX)?;
        let subjects = subjects.into_iter().map(answer::subject).collect();
        match self.world.admit(subjects).await {
            Ok(verdicts) => Ok(Ok(verdicts.into_iter().map(answer::verdict).collect())),
            Err(error) => Err(self.host(error)),
        }
    }

    async fn place(
        &mut self,
        subjects: Vec<Subject>,
    ) -> wasmtime::Result<Result<Vec<Placement>, ReadError>> {
        self.bound(subjects.len(), BATCH_MAX)?;
        let subjects = subjects.into_iter().map(answer::subject).collect();
        match self.world.place(subjects).await {
            Ok(placements) => Ok(Ok(placements.into_iter().map(answer::placement).collect())),
            Err(error) => Err(self.host(error)),
        }
    }

    async fn retry(
        &mut self,
        questions: Vec<Failed>,
    ) -> wasmtime::Result<Result<Vec<Backoff>, ReadError>> {
        self.bound(questions.len(), BATCH_MAX)?;
        let questions = questions.into_iter().map(answer::failed_try).collect();
        match self.world.retry(questions).await {
            Ok(answers) => Ok(Ok(answers.into_iter().map(answer::backoff).collect())),
            Err(error) => Err(self.host(error)),
        }
    }
}
