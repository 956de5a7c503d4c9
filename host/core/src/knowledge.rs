//! What the bridge learns about an agent and an account, as pure functions over a [`Holding`].
//!
//! Here are the host's halves of `spec/lifecycle.md`, rules 12 and 13, and of `spec/agent-link.md`, rule 1. Every
//! function answers the holding after the lesson, or nothing if it teaches nothing; comparing and storing is the unit's.

use crate::account::Failure;
use crate::agent::{HeldAccount, OperationResult};
use crate::clock::Millis;
use crate::holding::{Health, Holding, Observed, Refusal, Unanswered};
use crate::operation::{Operation, OperationKind, OperationState, Sight};

/// An operation that ends by a lesson.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The operation.
    pub id: String,
    /// What was asked.
    pub kind: OperationKind,
    /// How.
    pub state: OperationState,
    /// Why, if it was refused.
    pub failure: Option<Failure>,
    /// What was seen, if it was a check.
    pub sight: Option<Sight>,
}

/// What a lesson changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lesson {
    /// The holding after it.
    pub holding: Holding,
    /// The operation that ends with it.
    pub ended: Option<Ended>,
    /// Of an answer: whether it counted.
    pub counted: bool,
}

impl Lesson {
    fn of(holding: Holding) -> Self {
        Self { holding, ended: None, counted: false }
    }

    /// Whether a module could decide otherwise after it than before: of health it is told nothing.
    #[must_use]
    pub fn is_for_modules(&self, before: &Holding) -> bool {
        let told = |holding: &Holding| {
            let Holding { instance, observed, configured, identity, operation, .. } =
                holding.clone();
            (instance, observed, configured, identity, operation)
        };
        self.ended.is_some() || told(&self.holding) != told(before)
    }
}

/// An agent registered: what it holds of an account is known now. `says` is absent if its list does not name the
/// account, which then is not held.
///
/// A new instance knows nothing of what the old one was asked: its unanswered operation is withdrawn and its refusals
/// are forgotten. An instance that was known keeps both.
#[must_use]
pub fn registered(
    known: &Holding,
    instance: &str,
    says: Option<&HeldAccount>,
    now: Millis,
) -> Option<Lesson> {
    let mut lesson = spoken_by(known, instance).unwrap_or_else(|| Lesson::of(known.clone()));
    let holding = &mut lesson.holding;
    holding.observed = says.and_then(|s| s.held).map_or(Observed::NotHeld, Observed::Held);
    holding.configured = says.is_some_and(|s| s.configured);
    if let Some(says) = says {
        holding.identity.clone_from(&says.identity);
    }
    holding.health = says.and_then(|says| health(holding, says, now));
    (lesson.holding != *known).then_some(lesson)
}

/// How the cluster stands by what an agent says of it; nothing, if it does not say, or does not hold the account.
fn health(known: &Holding, says: &HeldAccount, now: Millis) -> Option<Health> {
    says.held?;
    let failure = match (says.healthy, &says.failure) {
        (None, None) => return None,
        (_, Some(failure)) => Some(failure.clone()),
        (Some(true), None) => None,
        (Some(false), None) => Some(Failure {
            code: "unreachable".to_owned(),
            text: "the agent says that the cluster does not answer, and not why".to_owned(),
        }),
    };
    Some(stands(known.health.as_ref(), failure, now))
}

/// A health that begins now, unless it was so before.
fn stands(before: Option<&Health>, failure: Option<Failure>, now: Millis) -> Health {
    let same = before.filter(|before| before.failure.is_some() == failure.is_some());
    Health { failure, since: same.map_or(now, |before| before.since) }
}

/// A word comes from another instance than the one that something is known of: whoever asked that one was behind. It is
/// known of nobody any more, and what it was asked is withdrawn. Nothing, if it is the same instance.
#[must_use]
pub fn spoken_by(known: &Holding, instance: &str) -> Option<Lesson> {
    if known.instance == instance {
        return None;
    }
    let mut lesson = Lesson::of(Holding {
        revision: known.revision,
        generation: known.generation,
        ..Holding::unheard_of(&known.account, &known.agent, instance)
    });
    lesson.ended = known.operation.as_ref().map(withdrawn);
    Some(lesson)
}

/// An agent answered an operation.
///
/// The answer counts only if its generation is higher than the last one that this instance answered, and no newer
/// operation is unanswered (`spec/lifecycle.md`, rule 13). A deadline does not make it void. `asked` is the operation's
/// row; without one nobody asked, and nothing is learnt. Every answer of an agent says what is held, also that to a check:
/// while it was unanswered, nothing else that the agent said of it counted.
#[must_use]
pub fn answered(
    known: &Holding,
    result: &OperationResult,
    asked: Option<&Operation>,
    now: Millis,
) -> Option<Lesson> {
    let asked = asked.filter(|o| {
        o.account == known.account
            && o.agent == known.agent
            && o.instance == known.instance
            && o.generation == result.generation
    })?;
    let newer = known.operation.as_ref().is_some_and(|o| o.generation > asked.generation);
    if newer || asked.generation <= known.answered_generation {
        return None;
    }
    let mut lesson = Lesson::of(known.clone());
    lesson.counted = true;
    lesson.ended = Some(Ended {
        id: asked.id.clone(),
        kind: asked.kind,
        state: if result.failure.is_some() {
            OperationState::Refused
        } else {
            OperationState::Done
        },
        failure: result.failure.clone(),
        sight: (asked.kind == OperationKind::Check).then(|| sight(result)).flatten(),
    });
    let holding = &mut lesson.holding;
    holding.operation = None;
    holding.answered_generation = asked.generation;
    holding.observed = match (result.undelivered, asked.kind) {
        (false, _) => result.held.map_or(Observed::NotHeld, Observed::Held),
        // It held something before, and holds it still, at a revision that nobody has told us anew.
        (true, OperationKind::Update) => Observed::Held(0),
        // An older operation may have brought it there: whoever wants it gone has to say so.
        (true, _) => known.observed,
    };
    // How what is held stands is told by the watch, which tells changes only: it would not set right what a check saw
    // in passing.
    let watched = asked.kind == OperationKind::Check && known.health.is_some();
    if result.identity.is_some() && !watched {
        holding.identity.clone_from(&result.identity);
    }
    holding.health = match (holding.observed, &result.identity) {
        (Observed::NotHeld, _) => None,
        // Somebody has just answered, under whatever name.
        (_, Some(_)) if !watched => Some(stands(known.health.as_ref(), None, now)),
        _ => known.health.clone(),
    };
    holding.refusal = result.failure.as_ref().map(|failure| Refusal {
        failure: failure.clone(),
        kind: asked.kind,
        definition_revision: asked.definition_revision,
        at: now,
        times: known
            .refusal
            .as_ref()
            .filter(|before| before.kind == asked.kind)
            .map_or(1, |before| before.times.saturating_add(1)),
    });
    Some(lesson)
}

fn sight(result: &OperationResult) -> Option<Sight> {
    let sight = Sight { identity: result.identity.clone(), namespaces: result.namespaces.clone() };
    result.failure.is_none().then_some(sight)
}

/// An agent saw a change by itself. While an operation is unanswered, its answer will say what is held.
#[must_use]
pub fn observed(known: &Holding, says: &HeldAccount, now: Millis) -> Option<Lesson> {
    let mut lesson = Lesson::of(known.clone());
    let holding = &mut lesson.holding;
    if known.operation.is_none() {
        holding.observed = says.held.map_or(Observed::NotHeld, Observed::Held);
        holding.configured = says.configured;
    }
    if says.identity.is_some() {
        holding.identity.clone_from(&says.identity);
    }
    let looked = says.held.is_none() || says.healthy.is_some() || says.failure.is_some();
    if looked {
        holding.health = health(holding, says, now);
    }
    (lesson.holding != *known).then_some(lesson)
}

/// An operation was submitted: what the agent holds is unknown until it answers, and an older unanswered operation is
/// withdrawn (`spec/lifecycle.md`, rule 12). Answers to older ones do not count while the new one is unanswered. Should it
/// be withdrawn in its turn because the agent is gone, then the agent may never have seen it: what it says on its next
/// stream is the truth, also if that is an answer to an older one that it was still working on when it registered.
/// (Answers of earlier streams are nobody's any more: their sessions are over.)
#[must_use]
pub fn submitted(known: &Holding, operation: &Operation, revision: u64) -> Lesson {
    let mut lesson = Lesson::of(known.clone());
    lesson.ended = known.operation.as_ref().map(withdrawn);
    let holding = &mut lesson.holding;
    holding.instance.clone_from(&operation.instance);
    if operation.kind != OperationKind::Check {
        holding.observed = Observed::Unknown;
    }
    holding.asked_revision = revision;
    holding.operation = Some(Unanswered {
        id: operation.id.clone(),
        kind: operation.kind,
        definition_revision: operation.definition_revision,
        generation: operation.generation,
        not_before: operation.not_before,
    });
    lesson
}

/// The row changed its state and the agent is gone: it is not told any more what no longer is wanted
/// (`spec/lifecycle.md`, rule 12).
#[must_use]
pub fn given_up(known: &Holding) -> Option<Lesson> {
    let operation = known.operation.as_ref()?;
    let mut lesson = Lesson::of(known.clone());
    lesson.ended = Some(withdrawn(operation));
    lesson.holding.operation = None;
    Some(lesson)
}

fn withdrawn(operation: &Unanswered) -> Ended {
    let (id, kind) = (operation.id.clone(), operation.kind);
    Ended { id, kind, state: OperationState::Withdrawn, failure: None, sight: None }
}

#[cfg(test)]
mod health_tests;
#[cfg(test)]
mod tests;
