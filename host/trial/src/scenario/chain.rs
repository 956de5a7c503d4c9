//! The policies of a scenario as members of the chain: modules, or answers that are written down.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use host_control::Member;
use host_core::error::{CallClass, CallError};
use host_core::policy::{Answers, Question, Questions};
use host_core::port::policy::Policy;

use super::words::{PolicyAnswer, PolicyAnswers, PolicyGiven, WrittenAnswers};
use crate::kit::Kit;
use crate::yaml::{Fault, Place};

/// The chain of a scenario whose file lies in a folder.
///
/// # Errors
/// A module that cannot be had or does not pass its gates.
pub(super) fn members(
    kit: &Kit,
    folder: &Path,
    given: &[PolicyGiven],
) -> Result<Vec<Member>, Fault> {
    let member = |given: &PolicyGiven| {
        let policy: Arc<dyn Policy> = match &given.answers {
            PolicyAnswers::Module(path) => kit
                .policy_at(&folder.join(path), &given.settings)
                .map_err(|why| Fault::at(given.place, why))?,
            PolicyAnswers::Written(answers) => Arc::new(WrittenPolicy {
                digest: format!("written:{}", given.name),
                answers: answers.clone(),
            }),
        };
        Ok(Member {
            name: given.name.clone(),
            generation: 1,
            policy,
            mode: given.mode,
            fail: given.fail,
            deadline: Duration::from_millis(given.deadline_ms),
            settings: vec![(String::new(), given.settings.to_string())],
        })
    };
    given.iter().map(member).collect()
}

/// A fault that is of no place in the file.
pub(super) fn somewhere(text: String) -> Fault {
    Fault::at(Place::default(), text)
}

/// A policy whose answers stand in the scenario.
#[derive(Debug)]
struct WrittenPolicy {
    digest: String,
    answers: Vec<WrittenAnswers>,
}

impl WrittenPolicy {
    fn of(&self, question: Question) -> Option<&WrittenAnswers> {
        self.answers.iter().find(|answers| answers.question == question)
    }

    /// What is written for each name; of a name of which nothing is written, nothing.
    fn told<T>(
        &self,
        questions: &Questions,
        take: impl Fn(&PolicyAnswer) -> Option<T>,
    ) -> Result<Vec<Option<T>>, CallError> {
        let written = self.of(questions.question()).map(|answers| answers.answers.as_slice());
        let written = written.unwrap_or_default();
        let told = |name: String| {
            let find = |wanted: &str| written.iter().find(|(known, _)| known == wanted);
            match find(&name).or_else(|| find("*")).map(|(_, answer)| answer) {
                Some(PolicyAnswer::Fails) => Err(CallError {
                    class: CallClass::Trap,
                    sentence: format!("the script says that it fails for {name}"),
                }),
                Some(answer) => Ok(take(answer)),
                None => Ok(None),
            }
        };
        questions.names().into_iter().map(told).collect()
    }
}

#[async_trait]
impl Policy for WrittenPolicy {
    fn digest(&self) -> &str {
        &self.digest
    }

    fn answers(&self, question: Question) -> bool {
        self.of(question).is_some()
    }

    async fn ask(&self, questions: Questions, _within: Duration) -> Result<Answers, CallError> {
        Ok(match questions.question() {
            Question::Admission => {
                Answers::Admission(self.told(&questions, |answer| match answer {
                    PolicyAnswer::Ruling(ruling) => Some(ruling.clone()),
                    PolicyAnswer::Placement(_) | PolicyAnswer::Backoff(_) | PolicyAnswer::Fails => {
                        None
                    }
                })?)
            }
            Question::Placement => {
                Answers::Placement(self.told(&questions, |answer| match answer {
                    PolicyAnswer::Placement(placement) => Some(placement.clone()),
                    PolicyAnswer::Ruling(_) | PolicyAnswer::Backoff(_) | PolicyAnswer::Fails => {
                        None
                    }
                })?)
            }
            Question::Retry => Answers::Retry(self.told(&questions, |answer| match answer {
                PolicyAnswer::Backoff(backoff) => Some(*backoff),
                PolicyAnswer::Ruling(_) | PolicyAnswer::Placement(_) | PolicyAnswer::Fails => None,
            })?),
        })
    }
}
