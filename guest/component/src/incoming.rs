//! From the words of the contract to those of the library: events, and what the imports answered.

use guest_lifecycle as lib;

use crate::bindings::{accounts, agents, events, policy, sources, types};

pub(crate) fn request(request: events::Request) -> lib::Event {
    let items = request.items.into_iter().map(|item| lib::Item {
        name: item.name,
        zone: item.zone,
        definition: item.definition.map(definition),
        attributes: item.attributes,
    });
    lib::Event::Handle(lib::Request {
        id: request.id,
        action: action(&request.action),
        items: items.collect(),
    })
}

fn action(action: &events::Action) -> Option<lib::Action> {
    match action {
        events::Action::Migrate => Some(lib::Action::Migrate),
        events::Action::Create => Some(lib::Action::Create),
        events::Action::Adopt => Some(lib::Action::Adopt),
        events::Action::Activate => Some(lib::Action::Activate),
        events::Action::Deactivate => Some(lib::Action::Deactivate),
        events::Action::Update => Some(lib::Action::Update),
        events::Action::Delete => Some(lib::Action::Delete),
        events::Action::Rebind => Some(lib::Action::Rebind),
        events::Action::Check => Some(lib::Action::Check),
        events::Action::Other(_) => None,
    }
}

pub(crate) fn agent_event(event: events::AgentEvent) -> lib::AgentEvent {
    match event {
        events::AgentEvent::Joined => lib::AgentEvent::Joined,
        events::AgentEvent::Left => lib::AgentEvent::Left,
        events::AgentEvent::Reported(answers) => {
            let answers = answers.into_iter().map(|answer| lib::Answer {
                account: answer.account,
                failure: answer.failure.map(failure),
                counted: answer.counted,
                kind: lib::OperationKind::parse(&answer.context),
            });
            lib::AgentEvent::Reported(answers.collect())
        }
        events::AgentEvent::Other(_) => lib::AgentEvent::Unknown,
    }
}

pub(crate) fn account(row: accounts::Account) -> lib::Account {
    lib::Account {
        state: lib::State::parse(&row.state),
        name: row.name,
        revision: row.revision,
        state_revision: row.state_revision,
        definition_revision: row.definition_revision,
        zone: row.zone,
        declared_by: row.declared_by,
        identity: row.identity.map(identity),
        failed_count: row.failed_count,
        error: row.error.map(failure),
        state_since: row.state_since,
        due_at: row.due_at,
        requests: row
            .requests
            .into_iter()
            .map(|open| lib::OpenRequest { id: open.id, action: open.action })
            .collect(),
        attributes: row.attributes,
    }
}

fn identity(identity: types::Identity) -> lib::Identity {
    lib::Identity {
        host: identity.host,
        fingerprint: identity.fingerprint,
        version: identity.version,
    }
}

fn failure(failure: types::Failure) -> lib::Failure {
    lib::Failure { code: failure.code, text: failure.text }
}

fn definition(definition: types::Definition) -> lib::Definition {
    lib::Definition { id: definition.id, keys: definition.keys }
}

pub(crate) fn source(source: sources::SourceAccount) -> lib::SourceAccount {
    lib::SourceAccount {
        name: source.name,
        source: source.source,
        definition: definition(source.definition),
        fault: source.fault,
    }
}

/// An agent of a presence that this module does not know is not gone, and not to be asked.
pub(crate) fn agent(agent: agents::Agent) -> lib::Agent {
    lib::Agent {
        id: agent.id,
        instance: agent.instance,
        zone: agent.zone,
        presence: match agent.presence {
            agents::Presence::Connected => lib::Presence::Connected,
            agents::Presence::Awaited | agents::Presence::Other(_) => lib::Presence::Awaited,
        },
    }
}

pub(crate) fn holding(holding: agents::Holding) -> lib::Holding {
    lib::Holding {
        account: holding.account,
        agent: holding.agent,
        instance: holding.instance,
        revision: holding.revision,
        observed: match holding.observed {
            agents::Observed::NotHeld => lib::Observed::NotHeld,
            agents::Observed::Held(revision) => lib::Observed::Held(revision),
            agents::Observed::Unknown | agents::Observed::Other(_) => lib::Observed::Unknown,
        },
        configured: holding.configured,
        identity: holding.identity.map(identity),
        operation: holding.operation.map(|operation| lib::Unanswered {
            kind: kind(&operation.kind),
            definition_revision: operation.definition_revision,
            not_before: operation.not_before,
        }),
        refusal: holding.refusal.map(|refusal| lib::Refusal {
            kind: kind(&refusal.kind),
            failure: failure(refusal.failure),
            definition_revision: refusal.definition_revision,
            times: refusal.times,
        }),
        asked_revision: holding.asked_revision,
        gone_since: holding.gone_since,
    }
}

/// Another module may have asked for something that this one does not know; it changes nothing that this one knows of.
fn kind(kind: &agents::OperationKind) -> lib::OperationKind {
    match kind {
        agents::OperationKind::Add => lib::OperationKind::Add,
        agents::OperationKind::Update => lib::OperationKind::Update,
        agents::OperationKind::Delete => lib::OperationKind::Delete,
        agents::OperationKind::Check | agents::OperationKind::Other(_) => lib::OperationKind::Check,
    }
}

/// An answer of a later version is no permission.
pub(crate) fn verdict(verdict: policy::Verdict) -> lib::Verdict {
    match verdict {
        policy::Verdict::Allow => lib::Verdict::Allow,
        policy::Verdict::Deny(reason) => lib::Verdict::Deny(reason),
        policy::Verdict::Amend(amended) => lib::Verdict::Amend(definition(amended)),
        policy::Verdict::Other(other) => {
            lib::Verdict::Deny(format!("the policy answered {}, which is not known", other.name))
        }
    }
}

pub(crate) fn placement(placement: policy::Placement) -> lib::Placement {
    match placement {
        policy::Placement::Keep => lib::Placement::Keep,
        policy::Placement::Zone(zone) => lib::Placement::Zone(zone),
        policy::Placement::Refuse(reason) => lib::Placement::Refuse(reason),
        policy::Placement::Other(other) => lib::Placement::Refuse(format!(
            "the policy answered {}, which is not known",
            other.name
        )),
    }
}

/// An answer of a later version is no time to try again at.
pub(crate) fn backoff(backoff: &policy::Backoff) -> lib::Backoff {
    match backoff {
        policy::Backoff::After(ms) => lib::Backoff::After(*ms),
        policy::Backoff::GiveUp | policy::Backoff::Other(_) => lib::Backoff::GiveUp,
    }
}
