//! From the words of the library to those of the contract: questions, outcomes, writes, and the description.

use guest_lifecycle as lib;

use crate::bindings::{accounts, agents, events, module, policy, types};

fn failure(failure: lib::Failure) -> types::Failure {
    types::Failure { code: failure.code, text: failure.text }
}

fn definition(definition: lib::Definition) -> types::Definition {
    types::Definition { id: definition.id, keys: definition.keys }
}

pub(crate) fn subject(subject: &lib::Subject) -> policy::Subject {
    policy::Subject {
        name: subject.name.clone(),
        zone: subject.zone.clone(),
        definition: subject.definition.clone().map(definition),
        attributes: subject.attributes.clone(),
    }
}

pub(crate) fn failed_try(question: &lib::FailedTry) -> policy::Failed {
    policy::Failed {
        name: question.name.clone(),
        failed_count: question.failed_count,
        failure: failure(question.failure.clone()),
        attributes: Vec::new(),
    }
}

pub(crate) fn outcome(outcome: lib::Outcome) -> events::Outcome {
    match outcome {
        lib::Outcome::Done => events::Outcome::Done,
        lib::Outcome::Pending => events::Outcome::Pending,
        lib::Outcome::Unsupported => events::Outcome::Unsupported,
        lib::Outcome::Refused(refused) => events::Outcome::Refused(events::Refused {
            code: refused.code.to_owned(),
            reason: refused.reason,
            possible: refused.possible.into_iter().map(|a| a.as_str().to_owned()).collect(),
        }),
    }
}

fn steps(steps: Vec<lib::Step>) -> Vec<accounts::Step> {
    steps
        .into_iter()
        .map(|step| accounts::Step {
            event: step.on.as_str().to_owned(),
            to: step.to.map_or_else(String::new, |state| state.as_str().to_owned()),
            reason: step.reason,
        })
        .collect()
}

fn fields(fields: lib::Fields) -> types::Fields {
    types::Fields {
        zone: fields.zone,
        identity: fields.identity.map(|identity| types::Identity {
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

fn open(open: Option<lib::OpenRequest>) -> Option<types::OpenRequest> {
    open.map(|open| types::OpenRequest { id: open.id, action: open.action })
}

fn finished(finished: Vec<lib::Finished>) -> Vec<accounts::Finished> {
    finished
        .into_iter()
        .map(|finished| accounts::Finished {
            request: finished.request,
            outcome: match finished.finish {
                lib::Finish::Done => accounts::Finish::Done,
                lib::Finish::Failed(why) => accounts::Finish::Failed(failure(why)),
                lib::Finish::Superseded => accounts::Finish::Superseded,
            },
        })
        .collect()
}

pub(crate) fn insert(row: lib::NewAccount) -> accounts::NewAccount {
    accounts::NewAccount {
        name: row.name,
        steps: steps(row.steps),
        fields: fields(row.fields),
        origin: match row.origin {
            lib::Origin::Source { definition: source, overrides } => {
                accounts::Origin::Source(accounts::Sourced {
                    definition: definition(source),
                    overrides: overrides.map(definition),
                })
            }
            lib::Origin::Given(given) => accounts::Origin::Given(definition(given)),
            lib::Origin::Declared(agent) => accounts::Origin::Declared(agent),
        },
        open: open(row.open),
    }
}

pub(crate) fn change(change: lib::Change) -> accounts::RowChange {
    accounts::RowChange {
        name: change.name,
        revision: change.revision,
        steps: steps(change.steps),
        fields: fields(change.fields),
        definition: match change.definition {
            lib::DefinitionChange::Keep => accounts::DefinitionChange::Keep,
            lib::DefinitionChange::Merge(over) => {
                accounts::DefinitionChange::Merge(definition(over))
            }
            lib::DefinitionChange::Override(over) => {
                accounts::DefinitionChange::Override(definition(over))
            }
        },
        open: open(change.open),
        finished: finished(change.finished),
    }
}

pub(crate) fn removal(removal: lib::Removal) -> accounts::Removal {
    accounts::Removal {
        name: removal.name,
        revision: removal.revision,
        steps: steps(removal.steps),
        finished: finished(removal.finished),
    }
}

pub(crate) fn submission(submission: lib::Submission) -> agents::Submission {
    agents::Submission {
        account: submission.account,
        account_revision: submission.account_revision,
        agent: submission.agent,
        instance: submission.instance,
        holding_revision: submission.holding_revision,
        kind: match submission.kind {
            lib::OperationKind::Add => agents::OperationKind::Add,
            lib::OperationKind::Update => agents::OperationKind::Update,
            lib::OperationKind::Delete => agents::OperationKind::Delete,
            lib::OperationKind::Check => agents::OperationKind::Check,
        },
        not_before: submission.not_before,
        deadline: submission.deadline,
        parent: submission.parent,
        context: submission.kind.as_str().to_owned(),
    }
}

pub(crate) fn description() -> module::Description {
    let state = |state: lib::State| state.as_str().to_owned();
    let states = lib::State::ALL.into_iter().map(|one| module::StateInfo {
        name: state(one),
        kind: match one.kind() {
            lib::Kind::Rest => module::Kind::Rest,
            lib::Kind::Transient => module::Kind::Transient,
        },
        holder: match one.holder() {
            lib::Holder::Clouddriver => module::Holder::Clouddriver,
            lib::Holder::Agent => module::Holder::Agent,
            lib::Holder::Nobody => module::Holder::Nobody,
        },
    });
    let edges = lib::TABLE.iter().map(|edge| module::Edge {
        from: edge.from.map(state),
        event: edge.on.as_str().to_owned(),
        to: edge.to.map(state),
    });
    module::Description {
        name: lib::NAME.to_owned(),
        version: lib::VERSION.to_owned(),
        data_version: lib::DATA_VERSION,
        takes_over: lib::TAKES_OVER.to_vec(),
        settings_schema: lib::SETTINGS_SCHEMA.to_owned(),
        states: states.collect(),
        edges: edges.collect(),
    }
}
