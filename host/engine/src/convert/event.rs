//! Events on their way in, outcomes on their way out.

use host_core::event::{
    Action, AgentEvent, Answered, DefinitionRef, Item, Outcome, Refused, Request, TickReason,
};

use super::row;
use crate::bindings::lifecycle::exports::swingbridge::lifecycle::events as wit;
use crate::bindings::lifecycle::swingbridge::lifecycle::types;

pub(crate) fn request(request: Request) -> wit::Request {
    let action = match request.action {
        Action::Migrate => wit::Action::Migrate,
        Action::Create => wit::Action::Create,
        Action::Adopt => wit::Action::Adopt,
        Action::Activate => wit::Action::Activate,
        Action::Deactivate => wit::Action::Deactivate,
        Action::Update => wit::Action::Update,
        Action::Delete => wit::Action::Delete,
        Action::Rebind => wit::Action::Rebind,
        Action::Check => wit::Action::Check,
    };
    wit::Request {
        id: request.id,
        action,
        who: request.who,
        items: request.items.into_iter().map(item).collect(),
        attributes: Vec::new(),
    }
}

fn item(item: Item) -> wit::Item {
    wit::Item {
        name: item.name,
        zone: item.zone,
        definition: item.definition.map(definition),
        attributes: item.attributes,
    }
}

pub(crate) fn definition(definition: DefinitionRef) -> types::Definition {
    types::Definition { id: definition.id, keys: definition.keys }
}

pub(crate) fn outcome(outcome: wit::Outcome) -> Outcome {
    match outcome {
        wit::Outcome::Done => Outcome::Done,
        wit::Outcome::Pending => Outcome::Pending,
        wit::Outcome::Refused(refused) => Outcome::Refused(Refused {
            code: refused.code,
            reason: refused.reason,
            possible: refused.possible,
        }),
        wit::Outcome::Unsupported | wit::Outcome::Other(_) => Outcome::Unsupported,
    }
}

pub(crate) fn agent_event(event: AgentEvent) -> wit::AgentEvent {
    match event {
        AgentEvent::Joined => wit::AgentEvent::Joined,
        AgentEvent::Left => wit::AgentEvent::Left,
        AgentEvent::Reported(answers) => {
            wit::AgentEvent::Reported(answers.into_iter().map(answer).collect())
        }
    }
}

fn answer(answer: Answered) -> wit::Answer {
    wit::Answer {
        account: answer.account,
        operation: answer.operation,
        generation: answer.generation,
        failure: answer.failure.map(row::failure_in),
        counted: answer.counted,
        context: answer.context,
        module: answer.module,
        data_version: answer.data_version,
    }
}

pub(crate) fn reason(reason: TickReason) -> wit::Reason {
    match reason {
        TickReason::Due => wit::Reason::Due,
        TickReason::Sweep => wit::Reason::Sweep,
    }
}
