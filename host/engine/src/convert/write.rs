//! Writes on their way out.

use host_core::account::{
    Change, DefinitionChange, Failure, Fields, Finish, Finished, Identity, NewAccount, OpenRequest,
    Origin, Removal, Step,
};
use host_core::operation::OperationKind;
use host_core::unit::Submission;

use super::unknown;
use crate::bindings::lifecycle::swingbridge::lifecycle::{accounts, agents, types};

/// What was written, or why it cannot be understood.
type Understood<T> = Result<T, String>;

pub(crate) fn new_account(row: accounts::NewAccount) -> Understood<NewAccount> {
    let origin = match row.origin {
        accounts::Origin::Source(sourced) => Origin::Source {
            definition: sourced.definition.id,
            overrides: sourced.overrides.map(|definition| definition.id),
        },
        accounts::Origin::Given(definition) => Origin::Given(definition.id),
        accounts::Origin::Declared(agent) => Origin::Declared(agent),
        accounts::Origin::Other(other) => return Err(unknown("origin", &other.name)),
    };
    Ok(NewAccount {
        name: row.name,
        steps: steps(row.steps),
        fields: fields(row.fields),
        origin,
        open: row.open.map(open),
    })
}

pub(crate) fn change(row: accounts::RowChange) -> Understood<Change> {
    let definition = match row.definition {
        accounts::DefinitionChange::Keep => DefinitionChange::Keep,
        accounts::DefinitionChange::Merge(definition) => DefinitionChange::Merge(definition.id),
        accounts::DefinitionChange::Override(definition) => {
            DefinitionChange::Override(definition.id)
        }
        accounts::DefinitionChange::Other(other) => {
            return Err(unknown("change of a definition", &other.name));
        }
    };
    Ok(Change {
        name: row.name,
        revision: row.revision,
        steps: steps(row.steps),
        fields: fields(row.fields),
        definition,
        open: row.open.map(open),
        finished: finished(row.finished)?,
    })
}

pub(crate) fn removal(row: accounts::Removal) -> Understood<Removal> {
    Ok(Removal {
        name: row.name,
        revision: row.revision,
        steps: steps(row.steps),
        finished: finished(row.finished)?,
    })
}

pub(crate) fn submission(operation: agents::Submission, id: String) -> Understood<Submission> {
    let kind = match operation.kind {
        agents::OperationKind::Add => OperationKind::Add,
        agents::OperationKind::Update => OperationKind::Update,
        agents::OperationKind::Delete => OperationKind::Delete,
        agents::OperationKind::Check => OperationKind::Check,
        agents::OperationKind::Other(other) => {
            return Err(unknown("kind of operation", &other.name));
        }
    };
    Ok(Submission {
        id,
        account: operation.account,
        account_revision: operation.account_revision,
        agent: operation.agent,
        instance: operation.instance,
        holding_revision: operation.holding_revision,
        kind,
        not_before: operation.not_before,
        deadline: operation.deadline,
        parent: operation.parent,
        context: operation.context,
    })
}

pub(crate) fn failure(failure: types::Failure) -> Failure {
    Failure { code: failure.code, text: failure.text }
}

fn steps(steps: Vec<accounts::Step>) -> Vec<Step> {
    let step = |s: accounts::Step| Step { event: s.event, to: s.to, reason: s.reason };
    steps.into_iter().map(step).collect()
}

fn fields(fields: types::Fields) -> Fields {
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

fn open(request: types::OpenRequest) -> OpenRequest {
    OpenRequest { id: request.id, action: request.action }
}

fn finished(finished: Vec<accounts::Finished>) -> Understood<Vec<Finished>> {
    let one = |finished: accounts::Finished| {
        let finish = match finished.outcome {
            accounts::Finish::Done => Finish::Done,
            accounts::Finish::Failed(error) => Finish::Failed(failure(error)),
            accounts::Finish::Superseded => Finish::Superseded,
            accounts::Finish::Other(other) => return Err(unknown("end", &other.name)),
        };
        Ok(Finished { request: finished.request, finish })
    };
    finished.into_iter().map(one).collect()
}
