//! One policy asked one list: halved where it fails, so that only the questions at fault are without its answer.

use std::time::{Duration, Instant};

use host_core::error::{CallClass, CallError};
use host_core::policy::{Answers, Backoff, FailMode, Placement, Questions, Ruling};
use host_core::record::{Applied, Asked, End, FORMAT, POLICY_CONTRACT, Record};
use tracing::{info, warn};

use super::{ChainPorts, Member, fits};

/// Asks on behalf of the chain.
pub(super) struct Asking<'c> {
    pub(super) ports: &'c ChainPorts,
}

/// An answer, or why the policy had none for this question alone.
type Told<T> = Result<Option<T>, String>;

impl Asking<'_> {
    /// What it says of admission; a policy that failed has said what its fail mode says.
    pub(super) async fn rulings(
        &self,
        member: &Member,
        questions: Questions,
    ) -> Result<Vec<Option<Ruling>>, CallError> {
        let told = self.ask(member, questions, |answers| match answers {
            Answers::Admission(told) => Some(told),
            Answers::Placement(_) | Answers::Retry(_) => None,
        });
        let told = told.await?.into_iter();
        Ok(told
            .map(|told| told.unwrap_or_else(|why| unable(member, &why).map(Ruling::Deny)))
            .collect())
    }

    /// What it says of placement.
    pub(super) async fn placements(
        &self,
        member: &Member,
        questions: Questions,
    ) -> Result<Vec<Option<Placement>>, CallError> {
        let told = self.ask(member, questions, |answers| match answers {
            Answers::Placement(told) => Some(told),
            Answers::Admission(_) | Answers::Retry(_) => None,
        });
        let told = told.await?.into_iter();
        let refuse = |why: String| unable(member, &why).map(Placement::Refuse);
        Ok(told.map(|told| told.unwrap_or_else(refuse)).collect())
    }

    /// What it says of retry. One that failed is passed over: an account is never given up because a policy is broken.
    pub(super) async fn backoffs(
        &self,
        member: &Member,
        questions: Questions,
    ) -> Result<Vec<Option<Backoff>>, CallError> {
        let told = self.ask(member, questions, |answers| match answers {
            Answers::Retry(told) => Some(told),
            Answers::Admission(_) | Answers::Placement(_) => None,
        });
        Ok(told.await?.into_iter().map(Result::unwrap_or_default).collect())
    }

    /// Asks one that only watches, and tells what it would have said.
    pub(super) async fn watch(&self, member: &Member, questions: Questions) {
        let names = questions.names();
        let Ok(answers) = self.call(member, questions, member.deadline).await else { return };
        let would = |name: &str, what: &str| {
            info!(policy = %member.name, account = name, "it only watches; it would have said: {what}");
        };
        match answers {
            Answers::Admission(told) => {
                for (name, told) in names.iter().zip(told) {
                    match told {
                        Some(Ruling::Deny(reason)) => would(name, &format!("no, {reason}")),
                        Some(Ruling::Amend(changes)) => {
                            let keys: Vec<String> = changes.into_iter().map(|c| c.key).collect();
                            would(name, &format!("yes, with other {}", keys.join(", ")));
                        }
                        Some(Ruling::Allow) | None => {}
                    }
                }
            }
            Answers::Placement(told) => {
                for (name, told) in names.iter().zip(told) {
                    match told {
                        Some(Placement::Zone(zone)) => would(name, &format!("in zone {zone}")),
                        Some(Placement::Refuse(reason)) => {
                            would(name, &format!("nowhere, {reason}"));
                        }
                        Some(Placement::Keep) | None => {}
                    }
                }
            }
            Answers::Retry(told) => {
                for (name, told) in names.iter().zip(told) {
                    match told {
                        Some(Backoff::After(millis)) => {
                            would(name, &format!("again in {millis} ms"));
                        }
                        Some(Backoff::GiveUp) => would(name, "never again"),
                        None => {}
                    }
                }
            }
        }
    }

    /// Asks, and halves what fails until the questions at fault stand alone. All of it takes at most twice the policy's
    /// deadline, and each call at most half of what is left of it: whoever sits out his time leaves some to the others.
    async fn ask<T>(
        &self,
        member: &Member,
        questions: Questions,
        take: impl Fn(Answers) -> Option<Vec<Option<T>>>,
    ) -> Result<Vec<Told<T>>, CallError> {
        let mut told = Vec::new();
        let mut stack = vec![questions];
        let end = Instant::now() + member.deadline * 2;
        while let Some(questions) = stack.pop() {
            let names = questions.names();
            if names.is_empty() {
                continue;
            }
            let within = end.saturating_duration_since(Instant::now()) / 2;
            match self.call(member, questions.clone(), within.min(member.deadline)).await {
                Ok(answers) => {
                    let answers = take(answers).unwrap_or_default();
                    told.extend(answers.into_iter().map(Ok));
                }
                Err(error) if !error.class.is_the_modules_fault() => return Err(error),
                Err(_) if names.len() > 1 => {
                    let middle = names.len() / 2;
                    stack.push(questions.part(middle..names.len()));
                    stack.push(questions.part(0..middle));
                }
                Err(error) => {
                    warn!(policy = %member.name, account = %names[0], "{}", error.sentence);
                    told.push(Err(error.sentence));
                }
            }
        }
        Ok(told)
    }

    /// One call, held against its question and recorded.
    async fn call(
        &self,
        member: &Member,
        questions: Questions,
        within: Duration,
    ) -> Result<Answers, CallError> {
        let wants = self.ports.recorder.wants();
        let asked = wants.then(|| questions.clone());
        let began = Instant::now();
        let answers = match member.policy.ask(questions.clone(), within).await {
            Ok(answers) if fits(&questions, &answers) => Ok(answers),
            Ok(_) => Err(CallError {
                class: CallClass::Contract,
                sentence: format!(
                    "policy {} gave another number of answers than it was asked",
                    member.name
                ),
            }),
            Err(error) => Err(error),
        };
        if let Some(asked) = asked {
            self.ports.recorder.take(Record {
                format: FORMAT,
                id: self.ports.ids.next(),
                at: self.ports.clock.now(),
                contract: POLICY_CONTRACT.to_owned(),
                slot: member.name.clone(),
                slot_generation: member.generation,
                module: member.policy.digest().to_owned(),
                settings: member.settings.clone(),
                asked: Asked::Questions(asked),
                imports: Vec::new(),
                log: Vec::new(),
                end: answers.clone().map_or_else(End::Stopped, End::Answered),
                applied: Applied::Nothing,
                took_us: u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX),
            });
        }
        answers
    }
}

/// What counts for a policy that could not answer: a reason to say no, or nothing.
pub(super) fn unable(member: &Member, why: &str) -> Option<String> {
    match member.fail {
        FailMode::Closed => Some(format!("policy {} could not answer: {why}", member.name)),
        FailMode::Open => None,
    }
}
