//! The agents that one account is about, each with what is known of it: every agent of the zone, and every agent that
//! something is known about.

use crate::account::{Failure, Identity, Millis};
use crate::agent::{Agent, Holding, Observed, OperationKind, Presence, Unanswered};
use crate::snapshot::Snapshot;

/// Where an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whereabouts {
    /// It can be asked.
    Connected,
    /// It may be back: not gone, and not to be asked for anything new.
    Awaited,
    /// Not gone, and of a zone that was not read.
    Elsewhere,
    /// Gone.
    Gone,
}

/// What this call submits to an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) kind: OperationKind,
    pub(crate) not_before: Option<Millis>,
}

/// One agent, seen from one account.
#[derive(Debug)]
pub(crate) struct Party<'a> {
    pub(crate) id: &'a str,
    pub(crate) instance: &'a str,
    pub(crate) zone: Option<&'a str>,
    pub(crate) whereabouts: Whereabouts,
    /// What is known of this very instance.
    pub(crate) known: Option<&'a Holding>,
    /// What a submission is compared with.
    pub(crate) revision: Option<u64>,
    pub(crate) sent: Option<Sent>,
}

impl<'a> Party<'a> {
    fn of_agent(agent: &'a Agent, holding: Option<&'a Holding>) -> Self {
        Self {
            id: &agent.id,
            instance: &agent.instance,
            zone: Some(&agent.zone),
            whereabouts: match agent.presence {
                Presence::Connected => Whereabouts::Connected,
                Presence::Awaited => Whereabouts::Awaited,
            },
            known: holding.filter(|known| known.instance == agent.instance),
            revision: holding.map(|known| known.revision).filter(|revision| *revision > 0),
            sent: None,
        }
    }

    fn of_holding(holding: &'a Holding, all_read: bool) -> Self {
        let gone = all_read || holding.gone_since.is_some();
        Self {
            id: &holding.agent,
            instance: &holding.instance,
            zone: None,
            whereabouts: if gone { Whereabouts::Gone } else { Whereabouts::Elsewhere },
            known: Some(holding),
            revision: Some(holding.revision).filter(|revision| *revision > 0),
            sent: None,
        }
    }

    pub(crate) fn is_connected(&self) -> bool {
        self.whereabouts == Whereabouts::Connected
    }

    pub(crate) fn is_gone(&self) -> bool {
        self.whereabouts == Whereabouts::Gone
    }

    pub(crate) fn observed(&self) -> Observed {
        self.known.map_or(Observed::NotHeld, |known| known.observed)
    }

    pub(crate) fn is_seen_to_hold(&self) -> bool {
        matches!(self.observed(), Observed::Held(_))
    }

    pub(crate) fn operation(&self) -> Option<&'a Unanswered> {
        self.known.and_then(|known| known.operation.as_ref())
    }

    pub(crate) fn operation_kind(&self) -> Option<OperationKind> {
        self.operation().map(|operation| operation.kind)
    }

    /// The account stands in the agent's own configuration: it is asked nothing about it (rule 2).
    pub(crate) fn is_configured(&self) -> bool {
        self.known.is_some_and(|known| known.configured)
    }

    pub(crate) fn identity(&self) -> Option<&'a Identity> {
        self.known.and_then(|known| known.identity.as_ref())
    }

    /// Whether it sees another cluster than this one (rule 3).
    pub(crate) fn sees_another(&self, recorded: Option<&Identity>) -> bool {
        match (self.identity(), recorded) {
            (Some(seen), Some(recorded)) => !seen.is_same_cluster(recorded),
            (None, _) | (_, None) => false,
        }
    }

    /// That it sees another cluster than this one, as an error of the row; nothing if it does not.
    pub(crate) fn claim_against(&self, recorded: Option<&Identity>) -> Option<Failure> {
        let seen = self.identity().filter(|_| self.sees_another(recorded))?;
        let failure = Failure::another_cluster(seen);
        Some(Failure { text: format!("agent {}: {}", self.id, failure.text), ..failure })
    }

    /// Whether it holds, or is letting go of, another cluster under the name (rule 15).
    pub(crate) fn conflicts(&self, recorded: Option<&Identity>) -> bool {
        let claims = self.is_seen_to_hold() || self.operation_kind() == Some(OperationKind::Delete);
        claims && self.sees_another(recorded)
    }

    /// A *possible holder*: seen to hold, or with any unanswered operation that could make it one.
    pub(crate) fn may_hold(&self) -> bool {
        !self.is_configured()
            && (self.observed() != Observed::NotHeld
                || self.operation_kind().is_some_and(OperationKind::changes))
    }

    /// What it refused last.
    pub(crate) fn last_refused(&self) -> Option<OperationKind> {
        self.known.and_then(|known| known.refusal.as_ref()).map(|refusal| refusal.kind)
    }

    /// Whether it was asked last whether it reaches the cluster by this definition, and does not.
    pub(crate) fn failed_the_check(&self, definition_revision: u64) -> bool {
        self.known.and_then(|known| known.refusal.as_ref()).is_some_and(|refusal| {
            refusal.kind == OperationKind::Check
                && refusal.definition_revision == definition_revision
        })
    }

    /// The last refusal, if it was to hold this definition or to hold at all.
    pub(crate) fn refused_to_hold(&self, definition_revision: u64) -> bool {
        self.known.and_then(|known| known.refusal.as_ref()).is_some_and(|refusal| {
            refusal.kind.is_to_hold() && refusal.definition_revision == definition_revision
        })
    }

    /// Whether it is being asked one of these things: what this call submits, or else what is unanswered, waiting
    /// operations left out.
    pub(crate) fn is_being_asked(&self, now: Millis, what: fn(OperationKind) -> bool) -> bool {
        match (self.sent, self.operation()) {
            (Some(sent), _) => what(sent.kind) && sent.not_before.is_none_or(|at| at <= now),
            (None, Some(operation)) => what(operation.kind) && !operation.is_waiting(now),
            (None, None) => false,
        }
    }
}

/// The agents of a zone (`Some(None)`: of all that were read; `None`: of none) and those that something is known about,
/// by id.
pub(crate) fn parties<'a>(
    snapshot: &'a Snapshot,
    name: &str,
    zone: Option<Option<&str>>,
) -> Vec<Party<'a>> {
    let holdings = snapshot.holdings(name);
    let all_read = snapshot.zones.is_all();
    let mut parties: Vec<Party<'a>> = holdings
        .iter()
        .map(|holding| match snapshot.agent(&holding.agent) {
            Some(agent) => Party::of_agent(agent, Some(holding)),
            None => Party::of_holding(holding, all_read),
        })
        .collect();
    if let Some(zone) = zone {
        let known = |agent: &Agent| holdings.binary_search_by(|h| h.agent.as_str().cmp(&agent.id));
        let unheard_of = snapshot.agents_of(zone).filter(|agent| known(agent).is_err());
        parties.extend(unheard_of.map(|agent| Party::of_agent(agent, None)));
        parties.sort_unstable_by_key(|party| party.id);
    }
    parties
}
