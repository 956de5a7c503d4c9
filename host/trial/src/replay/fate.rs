//! What a call decided about one account, in a form that two calls can be compared in and a person can read.

use std::collections::BTreeMap;

use host_core::account::{DefinitionChange, Fields};
use host_core::event::{Answer, Event, Outcome};
use host_core::operation::OperationKind;
use host_core::record::Asked;
use host_core::unit::Writes;

/// What was decided about an account.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Fate {
    /// What its caller is told; absent: nobody called.
    pub(super) outcome: Option<Outcome>,
    /// Where the row goes: the states, in order; the empty text where it is removed.
    pub(super) states: Vec<String>,
    /// Why, with each state.
    pub(super) reasons: Vec<String>,
    /// What the row says besides; absent: it is not written.
    pub(super) fields: Option<Fields>,
    /// What becomes of its definition.
    pub(super) definition: Option<DefinitionChange>,
    /// What agents are told: agent and kind.
    pub(super) told: Vec<(String, OperationKind)>,
}

/// What a call decided, by account.
pub(super) fn fates(asked: &Asked, answer: &Answer, writes: &Writes) -> BTreeMap<String, Fate> {
    let mut fates: BTreeMap<String, Fate> =
        asked.names().into_iter().map(|name| (name, Fate::default())).collect();
    if let (Asked::Event(Event::Handle(request)), Answer::Outcomes(outcomes)) = (asked, answer) {
        for (item, outcome) in request.items.iter().zip(outcomes) {
            fates.entry(item.name.clone()).or_default().outcome = Some(outcome.clone());
        }
    }
    for row in &writes.inserts {
        let fate = fates.entry(row.name.clone()).or_default();
        fate.go(&row.steps);
        fate.fields = Some(row.fields.clone());
    }
    for row in &writes.changes {
        let fate = fates.entry(row.name.clone()).or_default();
        fate.go(&row.steps);
        fate.fields = Some(row.fields.clone());
        fate.definition =
            Some(row.definition.clone()).filter(|change| *change != DefinitionChange::Keep);
    }
    for row in &writes.removals {
        fates.entry(row.name.clone()).or_default().go(&row.steps);
    }
    for submission in &writes.submissions {
        let fate = fates.entry(submission.account.clone()).or_default();
        fate.told.push((submission.agent.clone(), submission.kind));
    }
    for fate in fates.values_mut() {
        fate.told.sort_unstable();
    }
    fates
}

impl Fate {
    fn go(&mut self, steps: &[host_core::account::Step]) {
        self.states.extend(steps.iter().map(|step| step.to.clone()));
        self.reasons.extend(steps.iter().map(|step| step.reason.clone()));
    }

    /// Where it ends, on whom, and why it failed or was refused.
    pub(super) fn in_words(&self) -> String {
        let mut words = match (&self.outcome, self.states.last().map(String::as_str)) {
            (Some(Outcome::Refused(refused)), _) => {
                return format!("refused: {}", refused.reason);
            }
            (Some(Outcome::Unsupported), _) => return "not supported".to_owned(),
            (_, Some("")) => "removed".to_owned(),
            (_, Some(state)) => state.to_owned(),
            (_, None) => "left as it is".to_owned(),
        };
        let agents = |kind: OperationKind| -> Vec<&str> {
            let of_kind = self.told.iter().filter(|(_, each)| *each == kind);
            of_kind.map(|(agent, _)| agent.as_str()).collect()
        };
        for (kind, verb) in [
            (OperationKind::Add, "on"),
            (OperationKind::Update, "updated on"),
            (OperationKind::Delete, "dropped by"),
            (OperationKind::Check, "checked by"),
        ] {
            let agents = agents(kind);
            if !agents.is_empty() {
                words.push_str(&format!(" {verb} {}", agents.join(", ")));
            }
        }
        if let Some(error) = self.fields.as_ref().and_then(|fields| fields.error.as_ref()) {
            words.push_str(&format!(": {}", error.text));
        }
        words
    }
}
