//! Rows, agents and holdings on their way in.

use host_core::account::{Account, Failure, Identity};
use host_core::agent::{Agent, Presence};
use host_core::holding::{Holding, KnownHolding, Observed, Refusal, Unanswered};
use host_core::operation::OperationKind;
use host_core::port::world::OfferedAccount;

use super::event::definition;
use crate::bindings::lifecycle::swingbridge::lifecycle::{agents, sources, types};

pub(crate) fn account(row: Account) -> types::Account {
    let requests = row.requests.into_iter();
    let requests = requests.map(|r| types::OpenRequest { id: r.id, action: r.action }).collect();
    types::Account {
        name: row.name,
        state: row.state,
        revision: row.revision,
        state_revision: row.state_revision,
        definition_revision: row.definition_revision,
        zone: row.zone,
        declared_by: row.declared_by,
        identity: row.identity.map(identity_in),
        failed_count: row.failed_count,
        error: row.error.map(failure_in),
        state_since: row.state_since,
        due_at: row.due_at,
        requests,
        attributes: row.attributes,
    }
}

pub(crate) fn identity_in(identity: Identity) -> types::Identity {
    types::Identity {
        host: identity.host,
        fingerprint: identity.fingerprint,
        version: identity.version,
    }
}

pub(crate) fn failure_in(failure: Failure) -> types::Failure {
    types::Failure { code: failure.code, text: failure.text }
}

pub(crate) fn offered(account: OfferedAccount) -> sources::SourceAccount {
    sources::SourceAccount {
        name: account.name,
        source: account.source,
        definition: definition(account.definition),
        fault: account.fault,
        attributes: Vec::new(),
    }
}

/// An agent that is there; one that is gone is not shown to a module.
pub(crate) fn agent(agent: Agent) -> Option<agents::Agent> {
    let presence = match agent.presence {
        Presence::Connected => agents::Presence::Connected,
        Presence::Awaited => agents::Presence::Awaited,
        Presence::Gone => return None,
    };
    Some(agents::Agent { id: agent.id, instance: agent.instance, zone: agent.zone, presence })
}

pub(crate) fn holding(known: KnownHolding) -> agents::Holding {
    let KnownHolding { holding, gone_since } = known;
    let Holding { account, agent, instance, revision, .. } = holding;
    agents::Holding {
        account,
        agent,
        instance,
        revision,
        observed: match holding.observed {
            Observed::Unknown => agents::Observed::Unknown,
            Observed::NotHeld => agents::Observed::NotHeld,
            Observed::Held(revision) => agents::Observed::Held(revision),
        },
        configured: holding.configured,
        identity: holding.identity.map(identity_in),
        operation: holding.operation.map(operation),
        answered_generation: holding.answered_generation,
        refusal: holding.refusal.map(refusal),
        asked_revision: holding.asked_revision,
        gone_since,
    }
}

fn operation(operation: Unanswered) -> agents::Operation {
    agents::Operation {
        id: operation.id,
        kind: kind(operation.kind),
        definition_revision: operation.definition_revision,
        generation: operation.generation,
        not_before: operation.not_before,
    }
}

fn refusal(refusal: Refusal) -> agents::Refusal {
    agents::Refusal {
        failure: failure_in(refusal.failure),
        kind: kind(refusal.kind),
        definition_revision: refusal.definition_revision,
        at: refusal.at,
        times: refusal.times,
    }
}

fn kind(kind: OperationKind) -> agents::OperationKind {
    match kind {
        OperationKind::Add => agents::OperationKind::Add,
        OperationKind::Update => agents::OperationKind::Update,
        OperationKind::Delete => agents::OperationKind::Delete,
        OperationKind::Check => agents::OperationKind::Check,
    }
}
