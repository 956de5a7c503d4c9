//! The part of the event that one account needs.

use crate::agent::OperationKind;

/// An agent's answer that counted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answered<'a> {
    pub(crate) agent: &'a str,
    /// What it had been asked; absent: not known.
    pub(crate) kind: Option<OperationKind>,
    /// *done*, or a refusal.
    pub(crate) done: bool,
}

/// What happened to one account.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Happened<'a> {
    /// The agent that registered.
    pub(crate) joined: Option<&'a str>,
    /// The answer of an agent.
    pub(crate) answered: Option<Answered<'a>>,
    /// The request.
    pub(crate) request: Option<&'a str>,
}

impl<'a> Happened<'a> {
    /// Whether this agent has just answered.
    pub(crate) fn is_answer_of(&self, agent: &str) -> bool {
        self.answered.is_some_and(|answer| answer.agent == agent)
    }

    /// The agent that answered *done*.
    pub(crate) fn done_by(&self) -> Option<&'a str> {
        self.answered.filter(|answer| answer.done).map(|answer| answer.agent)
    }

    /// Whether this agent has just answered *done* to an operation of this sort, or to one that is not known.
    pub(crate) fn has_done(&self, agent: &str, what: impl FnOnce(OperationKind) -> bool) -> bool {
        self.answered
            .filter(|answer| answer.done && answer.agent == agent)
            .is_some_and(|answer| answer.kind.is_none_or(what))
    }

    /// Whether this agent has just refused an operation of this kind.
    pub(crate) fn has_refused(&self, agent: &str, kind: OperationKind) -> bool {
        self.answered.is_some_and(|answer| {
            !answer.done && answer.agent == agent && answer.kind == Some(kind)
        })
    }
}
