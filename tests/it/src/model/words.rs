//! From the words of `host-core` to those of `guest-lifecycle` and back: what the component's bindings do.

use guest_lifecycle as lib;
use host_core::account as row;
use host_core::account::Account;
use host_core::agent::{Agent, Presence};
use host_core::description::{Description, Edge, Holder, StateInfo, StateKind};
use host_core::event::{Answer, Event, Outcome};
use host_core::holding::{KnownHolding, Observed};
use host_core::operation::OperationKind;
use host_core::unit::Submission;

pub(super) fn account(account: &Account) -> lib::Account {
    lib::Account {
        name: account.name.clone(),
        state: lib::State::parse(&account.state),
        revision: account.revision,
        state_revision: account.state_revision,
        definition_revision: account.definition_revision,
        zone: account.zone.clone(),
        declared_by: account.declared_by.clone(),
        identity: account.identity.clone().map(identity_in),
        failed_count: account.failed_count,
        error: account.error.clone().map(failure_in),
        state_since: account.state_since,
        due_at: account.due_at,
        requests: account
            .requests
            .iter()
            .map(|open| lib::OpenRequest { id: open.id.clone(), action: open.action.clone() })
            .collect(),
        attributes: account.attributes.clone(),
    }
}

fn failure_in(failure: row::Failure) -> lib::Failure {
    lib::Failure { code: failure.code, text: failure.text }
}

fn failure_out(failure: lib::Failure) -> row::Failure {
    row::Failure { code: failure.code, text: failure.text }
}

fn identity_in(identity: row::Identity) -> lib::Identity {
    let row::Identity { host, fingerprint, version } = identity;
    lib::Identity { host, fingerprint, version }
}

fn identity_out(identity: lib::Identity) -> row::Identity {
    let lib::Identity { host, fingerprint, version } = identity;
    row::Identity { host, fingerprint, version }
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
        identity: holding.identity.map(identity_in),
        operation: holding.operation.map(|operation| lib::Unanswered {
            kind: kind_in(operation.kind),
            definition_revision: operation.definition_revision,
            not_before: operation.not_before,
        }),
        refusal: holding.refusal.map(|refusal| lib::Refusal {
            failure: failure_in(refusal.failure),
            kind: kind_in(refusal.kind),
            definition_revision: refusal.definition_revision,
            times: refusal.times,
        }),
        asked_revision: holding.asked_revision,
        gone_since,
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

fn kind_in(kind: OperationKind) -> lib::OperationKind {
    match kind {
        OperationKind::Add => lib::OperationKind::Add,
        OperationKind::Update => lib::OperationKind::Update,
        OperationKind::Delete => lib::OperationKind::Delete,
        OperationKind::Check => lib::OperationKind::Check,
    }
}

fn kind_out(kind: lib::OperationKind) -> OperationKind {
    match kind {
        lib::OperationKind::Add => OperationKind::Add,
        lib::OperationKind::Update => OperationKind::Update,
        lib::OperationKind::Delete => OperationKind::Delete,
        lib::OperationKind::Check => OperationKind::Check,
    }
}

pub(super) fn event(event: &Event) -> lib::Event {
    match event {
        Event::Handle(request) => lib::Event::Handle(lib::Request {
            id: request.id.clone(),
            action: lib::Action::parse(request.action.as_str()),
            items: request
                .items
                .iter()
                .map(|item| lib::Item {
                    name: item.name.clone(),
                    zone: item.zone.clone(),
                    definition: item.definition.as_ref().map(|given| lib::Definition {
                        id: given.id.clone(),
                        keys: given.keys.clone(),
                    }),
                    attributes: item.attributes.clone(),
                })
                .collect(),
        }),
        Event::OnAgent { agent, instance, event, accounts } => lib::Event::OnAgent {
            agent: agent.clone(),
            instance: instance.clone(),
            event: agent_event(event),
            accounts: accounts.clone(),
        },
        Event::Tick { accounts, .. } => lib::Event::Tick { accounts: accounts.clone() },
    }
}

fn agent_event(event: &host_core::event::AgentEvent) -> lib::AgentEvent {
    use host_core::event::AgentEvent;
    match event {
        AgentEvent::Joined => lib::AgentEvent::Joined,
        AgentEvent::Left => lib::AgentEvent::Left,
        AgentEvent::Reported(answers) => lib::AgentEvent::Reported(
            answers
                .iter()
                .map(|answer| lib::Answer {
                    account: answer.account.clone(),
                    failure: answer.failure.clone().map(failure_in),
                    counted: answer.counted,
                    kind: lib::OperationKind::parse(&answer.context),
                })
                .collect(),
        ),
    }
}

fn steps(steps: Vec<lib::Step>) -> Vec<row::Step> {
    let step = |step: lib::Step| row::Step {
        event: step.on.as_str().to_owned(),
        to: step.to.map_or_else(String::new, |state| state.as_str().to_owned()),
        reason: step.reason,
    };
    steps.into_iter().map(step).collect()
}

fn fields(fields: lib::Fields) -> row::Fields {
    row::Fields {
        zone: fields.zone,
        identity: fields.identity.map(identity_out),
        failed_count: fields.failed_count,
        error: fields.error.map(failure_out),
        due_at: fields.due_at,
        attributes: fields.attributes,
    }
}

fn open(open: Option<lib::OpenRequest>) -> Option<row::OpenRequest> {
    open.map(|open| row::OpenRequest { id: open.id, action: open.action })
}

fn finished(finished: Vec<lib::Finished>) -> Vec<row::Finished> {
    let one = |finished: lib::Finished| row::Finished {
        request: finished.request,
        finish: match finished.finish {
            lib::Finish::Done => row::Finish::Done,
            lib::Finish::Failed(why) => row::Finish::Failed(failure_out(why)),
            lib::Finish::Superseded => row::Finish::Superseded,
        },
    };
    finished.into_iter().map(one).collect()
}

pub(super) fn insert(insert: lib::NewAccount) -> row::NewAccount {
    row::NewAccount {
        name: insert.name,
        steps: steps(insert.steps),
        fields: fields(insert.fields),
        origin: match insert.origin {
            lib::Origin::Source { definition, overrides } => row::Origin::Source {
                definition: definition.id,
                overrides: overrides.map(|over| over.id),
            },
            lib::Origin::Given(given) => row::Origin::Given(given.id),
            lib::Origin::Declared(agent) => row::Origin::Declared(agent),
        },
        open: open(insert.open),
    }
}

pub(super) fn change(change: lib::Change) -> row::Change {
    row::Change {
        name: change.name,
        revision: change.revision,
        steps: steps(change.steps),
        fields: fields(change.fields),
        definition: match change.definition {
            lib::DefinitionChange::Keep => row::DefinitionChange::Keep,
            lib::DefinitionChange::Merge(over) => row::DefinitionChange::Merge(over.id),
            lib::DefinitionChange::Override(over) => row::DefinitionChange::Override(over.id),
        },
        open: open(change.open),
        finished: finished(change.finished),
    }
}

pub(super) fn removal(removal: lib::Removal) -> row::Removal {
    row::Removal {
        name: removal.name,
        revision: removal.revision,
        steps: steps(removal.steps),
        finished: finished(removal.finished),
    }
}

pub(super) fn submission(submission: lib::Submission, id: String) -> Submission {
    Submission {
        id,
        account: submission.account,
        account_revision: submission.account_revision,
        agent: submission.agent,
        instance: submission.instance,
        holding_revision: submission.holding_revision,
        kind: kind_out(submission.kind),
        not_before: submission.not_before,
        deadline: submission.deadline,
        parent: submission.parent,
        context: submission.kind.as_str().to_owned(),
    }
}

pub(super) fn answer(outcomes: Vec<lib::Outcome>) -> Answer {
    let outcome = |outcome: lib::Outcome| match outcome {
        lib::Outcome::Done => Outcome::Done,
        lib::Outcome::Pending => Outcome::Pending,
        lib::Outcome::Unsupported => Outcome::Unsupported,
        lib::Outcome::Refused(refused) => Outcome::Refused(host_core::event::Refused {
            code: refused.code.to_owned(),
            reason: refused.reason,
            possible: refused.possible.into_iter().map(|a| a.as_str().to_owned()).collect(),
        }),
    };
    Answer::Outcomes(outcomes.into_iter().map(outcome).collect())
}

/// What the library declares, as the bridge holds it against every write.
pub(super) fn description() -> Description {
    let state = |state: lib::State| state.as_str().to_owned();
    let states = lib::State::ALL.into_iter().map(|one| StateInfo {
        name: state(one),
        kind: match one.kind() {
            lib::Kind::Rest => StateKind::Rest,
            lib::Kind::Transient => StateKind::Transient,
        },
        holder: match one.holder() {
            lib::Holder::Clouddriver => Holder::Clouddriver,
            lib::Holder::Agent => Holder::Agent,
            lib::Holder::Nobody => Holder::Nobody,
        },
    });
    let edges = lib::TABLE.iter().map(|edge| Edge {
        from: edge.from.map(state),
        event: edge.on.as_str().to_owned(),
        to: edge.to.map(state),
    });
    Description {
        name: lib::NAME.to_owned(),
        version: lib::VERSION.to_owned(),
        data_version: lib::DATA_VERSION,
        takes_over: lib::TAKES_OVER.to_vec(),
        settings_schema: lib::SETTINGS_SCHEMA.to_owned(),
        states: states.collect(),
        edges: edges.collect(),
    }
}
