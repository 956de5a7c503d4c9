//! From the library's words to the bridge's.

use guest_lifecycle as lib;
use host_core::account::{
    Change, DefinitionChange, Failure, Fields, Finish, Finished, Identity, NewAccount, OpenRequest,
    Origin, Removal, Step,
};
use host_core::description::{Description, Edge, Holder, StateInfo, StateKind};
use host_core::event::{DefinitionRef, Outcome, Refused};
use host_core::operation::OperationKind;
use host_core::policy::{FailedTry, Subject};
use host_core::unit::Submission;

pub(super) fn description() -> Description {
    let states = lib::State::ALL.into_iter().map(|state| StateInfo {
        name: state.as_str().to_owned(),
        kind: match state.kind() {
            lib::Kind::Rest => StateKind::Rest,
            lib::Kind::Transient => StateKind::Transient,
        },
        holder: match state.holder() {
            lib::Holder::Clouddriver => Holder::Clouddriver,
            lib::Holder::Agent => Holder::Agent,
            lib::Holder::Nobody => Holder::Nobody,
        },
    });
    let name = |state: lib::State| state.as_str().to_owned();
    let edges = lib::TABLE.iter().map(|edge| Edge {
        from: edge.from.map(name),
        event: edge.on.as_str().to_owned(),
        to: edge.to.map(name),
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

fn failure(failure: lib::Failure) -> Failure {
    Failure { code: failure.code, text: failure.text }
}

pub(super) fn subject(subject: &lib::Subject) -> Subject {
    let definition = |d: &lib::Definition| DefinitionRef { id: d.id.clone(), keys: d.keys.clone() };
    Subject {
        name: subject.name.clone(),
        zone: subject.zone.clone(),
        definition: subject.definition.as_ref().map(definition),
        attributes: subject.attributes.clone(),
    }
}

pub(super) fn failed_try(question: &lib::FailedTry) -> FailedTry {
    FailedTry {
        name: question.name.clone(),
        failed_count: question.failed_count,
        failure: failure(question.failure.clone()),
        attributes: Vec::new(),
    }
}

pub(super) fn outcome(outcome: lib::Outcome) -> Outcome {
    match outcome {
        lib::Outcome::Done => Outcome::Done,
        lib::Outcome::Pending => Outcome::Pending,
        lib::Outcome::Unsupported => Outcome::Unsupported,
        lib::Outcome::Refused(refused) => Outcome::Refused(Refused {
            code: refused.code.to_owned(),
            reason: refused.reason,
            possible: refused.possible.into_iter().map(|a| a.as_str().to_owned()).collect(),
        }),
    }
}

fn steps(steps: Vec<lib::Step>) -> Vec<Step> {
    let step = |step: lib::Step| Step {
        event: step.on.as_str().to_owned(),
        to: step.to.map_or_else(String::new, |state| state.as_str().to_owned()),
        reason: step.reason,
    };
    steps.into_iter().map(step).collect()
}

fn fields(fields: lib::Fields) -> Fields {
    Fields {
        zone: fields.zone,
        identity: fields.identity.map(|identity| Identity {
            host: identity.host,
            fingerprint: identity.fingerprint,
            version: identity.version,
        }),
        failed_count: fields.failed_count,
        error: fields.error.map(failure),
        due_at: fields.due_at,
        attributes: fields.attributes,
    }
}

fn open(open: Option<lib::OpenRequest>) -> Option<OpenRequest> {
    open.map(|open| OpenRequest { id: open.id, action: open.action })
}

fn finished(finished: Vec<lib::Finished>) -> Vec<Finished> {
    let one = |finished: lib::Finished| Finished {
        request: finished.request,
        finish: match finished.finish {
            lib::Finish::Done => Finish::Done,
            lib::Finish::Failed(why) => Finish::Failed(failure(why)),
            lib::Finish::Superseded => Finish::Superseded,
        },
    };
    finished.into_iter().map(one).collect()
}

pub(super) fn insert(row: lib::NewAccount) -> NewAccount {
    NewAccount {
        name: row.name,
        steps: steps(row.steps),
        fields: fields(row.fields),
        origin: match row.origin {
            lib::Origin::Source { definition, overrides } => Origin::Source {
                definition: definition.id,
                overrides: overrides.map(|definition| definition.id),
            },
            lib::Origin::Given(definition) => Origin::Given(definition.id),
            lib::Origin::Declared(agent) => Origin::Declared(agent),
        },
        open: open(row.open),
    }
}

pub(super) fn change(change: lib::Change) -> Change {
    Change {
        name: change.name,
        revision: change.revision,
        steps: steps(change.steps),
        fields: fields(change.fields),
        definition: match change.definition {
            lib::DefinitionChange::Keep => DefinitionChange::Keep,
            lib::DefinitionChange::Merge(over) => DefinitionChange::Merge(over.id),
            lib::DefinitionChange::Override(over) => DefinitionChange::Override(over.id),
        },
        open: open(change.open),
        finished: finished(change.finished),
    }
}

pub(super) fn removal(removal: lib::Removal) -> Removal {
    Removal {
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
        kind: match submission.kind {
            lib::OperationKind::Add => OperationKind::Add,
            lib::OperationKind::Update => OperationKind::Update,
            lib::OperationKind::Delete => OperationKind::Delete,
            lib::OperationKind::Check => OperationKind::Check,
        },
        not_before: submission.not_before,
        deadline: submission.deadline,
        parent: submission.parent,
        context: submission.kind.as_str().to_owned(),
    }
}
