//! From the bridge's words to the library's.

use guest_lifecycle as lib;
use host_core::account::{Account, Failure, Identity};
use host_core::agent::{Agent, Presence};
use host_core::event::{Action, AgentEvent, Answered, DefinitionRef, Event, Item};
use host_core::holding::{KnownHolding, Observed, Refusal, Unanswered};
use host_core::operation::OperationKind;
use host_core::policy::{Backoff, Placement, Verdict};
use host_core::port::world::OfferedAccount;

pub(super) fn event(event: Event) -> lib::Event {
    match event {
        Event::Handle(request) => lib::Event::Handle(lib::Request {
            id: request.id,
            action: Some(action(request.action)),
            items: request.items.into_iter().map(item).collect(),
        }),
        Event::OnAgent { agent, instance, event, accounts } => {
            lib::Event::OnAgent { agent, instance, event: agent_event(event), accounts }
        }
        Event::Tick { accounts, .. } => lib::Event::Tick { accounts },
    }
}

fn action(action: Action) -> lib::Action {
    match action {
        Action::Migrate => lib::Action::Migrate,
        Action::Create => lib::Action::Create,
        Action::Adopt => lib::Action::Adopt,
        Action::Activate => lib::Action::Activate,
        Action::Deactivate => lib::Action::Deactivate,
        Action::Update => lib::Action::Update,
        Action::Delete => lib::Action::Delete,
        Action::Rebind => lib::Action::Rebind,
        Action::Check => lib::Action::Check,
    }
}

fn item(item: Item) -> lib::Item {
    lib::Item {
        name: item.name,
        zone: item.zone,
        definition: item.definition.map(definition),
        attributes: item.attributes,
    }
}

fn definition(definition: DefinitionRef) -> lib::Definition {
    lib::Definition { id: definition.id, keys: definition.keys }
}

fn agent_event(event: AgentEvent) -> lib::AgentEvent {
    match event {
        AgentEvent::Joined => lib::AgentEvent::Joined,
        AgentEvent::Left => lib::AgentEvent::Left,
        AgentEvent::Reported(answers) => {
            lib::AgentEvent::Reported(answers.into_iter().map(answer).collect())
        }
    }
}

fn answer(answer: Answered) -> lib::Answer {
    lib::Answer {
        account: answer.account,
        failure: answer.failure.map(failure),
        counted: answer.counted,
        kind: lib::OperationKind::parse(&answer.context),
    }
}

pub(super) fn account(row: Account) -> lib::Account {
    let requests = row.requests.into_iter();
    lib::Account {
        name: row.name,
        state: lib::State::parse(&row.state),
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
        requests: requests.map(|r| lib::OpenRequest { id: r.id, action: r.action }).collect(),
        attributes: row.attributes,
    }
}

fn identity(identity: Identity) -> lib::Identity {
    lib::Identity {
        host: identity.host,
        fingerprint: identity.fingerprint,
        version: identity.version,
    }
}

fn failure(failure: Failure) -> lib::Failure {
    lib::Failure { code: failure.code, text: failure.text }
}

pub(super) fn source(account: OfferedAccount) -> lib::SourceAccount {
    lib::SourceAccount {
        name: account.name,
        source: account.source,
        definition: definition(account.definition),
        fault: account.fault,
    }
}

pub(super) fn agent(agent: Agent) -> Option<lib::Agent> {
    let presence = match agent.presence {
        Presence::Connected => lib::Presence::Connected,
        Presence::Awaited => lib::Presence::Awaited,
        Presence::Gone => return None,
    };
    Some(lib::Agent { id: agent.id, instance: agent.instance, zone: agent.zone, presence })
}

pub(super) fn holding(known: KnownHolding) -> lib::Holding {
    let KnownHolding { holding, gone_since } = known;
    lib::Holding {
        account: holding.account,
        agent: holding.agent,
        instance: holding.instance,
        revision: holding.revision,
        observed: match holding.observed {
            Observed::Unknown => lib::Observed::Unknown,
            Observed::NotHeld => lib::Observed::NotHeld,
            Observed::Held(revision) => lib::Observed::Held(revision),
        },
        configured: holding.configured,
        identity: holding.identity.map(identity),
        operation: holding.operation.as_ref().map(unanswered),
        refusal: holding.refusal.map(refusal),
        asked_revision: holding.asked_revision,
        gone_since,
    }
}

fn unanswered(operation: &Unanswered) -> lib::Unanswered {
    lib::Unanswered {
        kind: kind(operation.kind),
        definition_revision: operation.definition_revision,
        not_before: operation.not_before,
    }
}

fn refusal(refusal: Refusal) -> lib::Refusal {
    lib::Refusal {
        failure: failure(refusal.failure),
        kind: kind(refusal.kind),
        definition_revision: refusal.definition_revision,
        times: refusal.times,
    }
}

fn kind(kind: OperationKind) -> lib::OperationKind {
    match kind {
        OperationKind::Add => lib::OperationKind::Add,
        OperationKind::Update => lib::OperationKind::Update,
        OperationKind::Delete => lib::OperationKind::Delete,
        OperationKind::Check => lib::OperationKind::Check,
    }
}

pub(super) fn verdict(verdict: Verdict) -> lib::Verdict {
    match verdict {
        Verdict::Allow => lib::Verdict::Allow,
        Verdict::Deny(reason) => lib::Verdict::Deny(reason),
        Verdict::Amend { id, keys } => lib::Verdict::Amend(lib::Definition { id, keys }),
    }
}

pub(super) fn placement(placement: Placement) -> lib::Placement {
    match placement {
        Placement::Keep => lib::Placement::Keep,
        Placement::Zone(zone) => lib::Placement::Zone(zone),
        Placement::Refuse(reason) => lib::Placement::Refuse(reason),
    }
}

pub(super) fn backoff(backoff: Backoff) -> lib::Backoff {
    match backoff {
        Backoff::After(millis) => lib::Backoff::After(millis),
        Backoff::GiveUp => lib::Backoff::GiveUp,
    }
}
