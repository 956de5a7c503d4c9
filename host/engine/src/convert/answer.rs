//! Questions to the policies on their way out, their answers on their way in.

use host_core::event::DefinitionRef;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};

use super::write::failure;
use crate::bindings::lifecycle::swingbridge::lifecycle::{policy, types};

pub(crate) fn subject(subject: policy::Subject) -> Subject {
    let definition = |d: types::Definition| DefinitionRef { id: d.id, keys: d.keys };
    Subject {
        name: subject.name,
        zone: subject.zone,
        definition: subject.definition.map(definition),
        attributes: subject.attributes,
    }
}

pub(crate) fn failed_try(failed: policy::Failed) -> FailedTry {
    FailedTry {
        name: failed.name,
        failed_count: failed.failed_count,
        failure: failure(failed.failure),
        attributes: failed.attributes,
    }
}

pub(crate) fn verdict(verdict: Verdict) -> policy::Verdict {
    match verdict {
        Verdict::Allow => policy::Verdict::Allow,
        Verdict::Deny(reason) => policy::Verdict::Deny(reason),
        Verdict::Amend { id, keys } => policy::Verdict::Amend(types::Definition { id, keys }),
    }
}

pub(crate) fn placement(placement: Placement) -> policy::Placement {
    match placement {
        Placement::Keep => policy::Placement::Keep,
        Placement::Zone(zone) => policy::Placement::Zone(zone),
        Placement::Refuse(reason) => policy::Placement::Refuse(reason),
    }
}

pub(crate) fn backoff(backoff: Backoff) -> policy::Backoff {
    match backoff {
        Backoff::After(millis) => policy::Backoff::After(millis),
        Backoff::GiveUp => policy::Backoff::GiveUp,
    }
}
