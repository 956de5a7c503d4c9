//! The chain of policies: what serves, in its order, and how its answers become one.
//!
//! Each question asks the policies one after the other, a list at once. Admission: the first *deny* ends it for that
//! account, amendments are laid over the definition and the next policy sees the result. Placement: the first *refuse*
//! ends it, the next policy sees the zone so far. Retry: the first answer counts; behind all of them stands the default
//! retry. An answer that this bridge does not know counts as if the policy were not there.

mod ask;
mod fallback;

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use host_core::definition::Definition;
use host_core::error::CallError;
use host_core::policy::{
    Admission, Answers, Backoff, Case, FailMode, FailedTry, Mode, Placement, Question, Questions,
    Ruling,
};
use host_core::port::ids::Ids;
use host_core::port::policy::{Policies, Policy};
use host_core::port::recorder::Recorder;
use host_core::port::time::Clock;
use host_core::settings::InForce;

use self::ask::Asking;
use self::fallback::DefaultRetry;

/// A policy with its place in the chain.
#[derive(Debug, Clone)]
pub struct Member {
    /// The slot's name, in reasons and logs.
    pub name: String,
    /// The slot's generation.
    pub generation: u64,
    /// The module.
    pub policy: Arc<dyn Policy>,
    /// What its answers are for.
    pub mode: Mode,
    /// What counts where it fails.
    pub fail: FailMode,
    /// How long it may take for a list.
    pub deadline: Duration,
    /// The settings that it was given, as its contract has them: one pair of the empty key and a JSON object.
    pub settings: Vec<(String, String)>,
}

/// What the chain goes by.
#[derive(Debug, Clone)]
pub struct ChainPorts {
    /// Whose settings the default retry follows.
    pub settings: InForce,
    /// Chance, for jitter, and ids of recorded calls.
    pub ids: Arc<dyn Ids>,
    /// The time of recorded calls.
    pub clock: Arc<dyn Clock>,
    /// Who takes them.
    pub recorder: Arc<dyn Recorder>,
}

/// The chain. Empty, it allows, keeps, and answers the default retry.
#[derive(Debug)]
pub struct Chain {
    members: RwLock<Arc<Vec<Member>>>,
    ports: ChainPorts,
    fallback: DefaultRetry,
}

impl Chain {
    /// Of these policies, in this order.
    #[must_use]
    pub fn new(members: Vec<Member>, ports: ChainPorts) -> Self {
        let fallback = DefaultRetry::new(ports.settings.clone(), Arc::clone(&ports.ids));
        Self { members: RwLock::new(Arc::new(members)), ports, fallback }
    }

    /// From now on these are the policies. Questions that have begun are answered by those from before.
    pub fn set(&self, members: Vec<Member>) {
        *self.members.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(members);
    }

    fn serving(&self) -> Arc<Vec<Member>> {
        Arc::clone(&self.members.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn asking(&self) -> Asking<'_> {
        Asking { ports: &self.ports }
    }

    /// Asks those that only watch, for the log and the records; nobody waits for them.
    fn watch(&self, members: &[Member], questions: &Questions) {
        let question = questions.question();
        for member in members {
            if member.mode == Mode::Monitor && member.policy.answers(question) {
                let (member, ports) = (member.clone(), self.ports.clone());
                let questions = questions.clone();
                tokio::spawn(async move {
                    Asking { ports: &ports }.watch(&member, questions).await;
                });
            }
        }
    }
}

/// The policies of the chain that count, for a question.
fn enforcing(members: &[Member], question: Question) -> impl Iterator<Item = &Member> {
    let counts =
        move |member: &&Member| member.mode == Mode::Enforce && member.policy.answers(question);
    members.iter().filter(counts)
}

#[async_trait]
impl Policies for Chain {
    fn asks(&self, question: Question) -> bool {
        self.serving().iter().any(|m| m.mode != Mode::Off && m.policy.answers(question))
    }

    async fn admit(&self, mut cases: Vec<Case>) -> Result<Vec<Admission>, CallError> {
        let members = self.serving();
        self.watch(&members, &Questions::Admission(cases.clone()));
        let before: Vec<Definition> = cases.iter().map(|case| case.definition.clone()).collect();
        let mut denied: Vec<Option<String>> = vec![None; cases.len()];
        for member in enforcing(&members, Question::Admission) {
            let open: Vec<usize> = (0..cases.len()).filter(|at| denied[*at].is_none()).collect();
            let asked = open.iter().map(|at| cases[*at].clone()).collect();
            let answers = self.asking().rulings(member, Questions::Admission(asked)).await?;
            for (at, answer) in open.into_iter().zip(answers) {
                match answer {
                    Some(Ruling::Deny(reason)) => denied[at] = Some(reason),
                    Some(Ruling::Amend(amendments)) => {
                        match cases[at].definition.amended(&amendments) {
                            Ok(amended) => cases[at].definition = amended,
                            Err(why) => denied[at] = ask::unable(member, &why),
                        }
                    }
                    Some(Ruling::Allow) | None => {}
                }
            }
        }
        let after = cases.into_iter().zip(before).zip(denied);
        let verdict = |((case, before), denied): ((Case, Definition), Option<String>)| match denied
        {
            Some(reason) => Admission::Deny(reason),
            None if case.definition == before => Admission::Allow,
            None => Admission::Amend(case.definition),
        };
        Ok(after.map(verdict).collect())
    }

    async fn place(&self, mut cases: Vec<Case>) -> Result<Vec<Placement>, CallError> {
        let members = self.serving();
        self.watch(&members, &Questions::Placement(cases.clone()));
        let mut placed = vec![Placement::Keep; cases.len()];
        for member in enforcing(&members, Question::Placement) {
            let open = (0..cases.len()).filter(|at| !matches!(placed[*at], Placement::Refuse(_)));
            let open: Vec<usize> = open.collect();
            let asked = open.iter().map(|at| cases[*at].clone()).collect();
            let answers = self.asking().placements(member, Questions::Placement(asked)).await?;
            for (at, answer) in open.into_iter().zip(answers) {
                match answer {
                    Some(Placement::Zone(zone)) => {
                        cases[at].zone = Some(zone.clone());
                        placed[at] = Placement::Zone(zone);
                    }
                    Some(Placement::Refuse(reason)) => placed[at] = Placement::Refuse(reason),
                    Some(Placement::Keep) | None => {}
                }
            }
        }
        Ok(placed)
    }

    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        let members = self.serving();
        self.watch(&members, &Questions::Retry(questions.clone()));
        let mut decided: Vec<Option<Backoff>> = vec![None; questions.len()];
        for member in enforcing(&members, Question::Retry) {
            let open: Vec<usize> = (0..decided.len()).filter(|at| decided[*at].is_none()).collect();
            if open.is_empty() {
                break;
            }
            let asked = open.iter().map(|at| questions[*at].clone()).collect();
            let answers = self.asking().backoffs(member, Questions::Retry(asked)).await?;
            for (at, answer) in open.into_iter().zip(answers) {
                decided[at] = answer.map(|backoff| self.fallback.jittered(backoff));
            }
        }
        let decided = decided.into_iter().zip(&questions);
        let decided = decided.map(|(decided, question)| {
            decided.unwrap_or_else(|| self.fallback.backoff(question.failed_count))
        });
        Ok(decided.collect())
    }
}

/// Whether an answer is to the question that was asked, and as long as it.
fn fits(questions: &Questions, answers: &Answers) -> bool {
    match (questions, answers) {
        (Questions::Admission(asked), Answers::Admission(told)) => asked.len() == told.len(),
        (Questions::Placement(asked), Answers::Placement(told)) => asked.len() == told.len(),
        (Questions::Retry(asked), Answers::Retry(told)) => asked.len() == told.len(),
        (Questions::Admission(_) | Questions::Placement(_) | Questions::Retry(_), _) => false,
    }
}

#[cfg(test)]
mod tests;
