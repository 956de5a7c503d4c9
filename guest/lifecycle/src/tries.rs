//! A try to activate: who was asked, what they said, and what it means when nobody is left to answer.

use crate::account::Failure;
use crate::agent::{Observed, OperationKind};
use crate::case::{Case, Missing, Policies};
use crate::parties::Party;
use crate::question::Backoff;
use crate::state::State;
use crate::table::Trigger;

/// Agents that are named in an error; the others are counted.
const NAMED: usize = 16;
/// Tries that may be lost in a row before it counts as failed.
const LOST_MAX: u32 = 3;

/// How the agents stand that were asked in this state.
#[derive(Debug, Default)]
struct Tally<'a> {
    /// Still to answer, or about to be asked.
    outstanding: bool,
    /// Asked and silent.
    silent: Vec<&'a str>,
    refused: Vec<(&'a str, Failure)>,
    gone: Vec<&'a str>,
}

impl<'a> Tally<'a> {
    fn of(case: &Case<'a>) -> Self {
        let mut tally = Self::default();
        for party in case.parties.iter().filter(|party| !party.is_configured()) {
            if !case.asked(party) {
                tally.outstanding |= case.is_candidate(party);
                continue;
            }
            let asked_to_hold = party.operation().filter(|operation| operation.kind.is_to_hold());
            let unanswered = asked_to_hold.is_some_and(|operation| !operation.is_waiting(case.now));
            if party.is_gone() && (unanswered || party.observed() != Observed::NotHeld) {
                tally.gone.push(party.id);
            } else if unanswered {
                tally.silent.push(party.id);
                tally.outstanding = true;
            } else {
                tally.refused.push((party.id, refusal_of(case, party)));
            }
        }
        tally
    }

    /// Every agent's reason. The code is that of the first refusal, or else this one.
    fn failure(&self, code: &str, silent: &str) -> Failure {
        let refused =
            self.refused.iter().map(|(id, why)| format!("agent {id}: {}: {}", why.code, why.text));
        let silent = self.silent.iter().map(|id| format!("agent {id}: {silent}"));
        let gone = self.gone.iter().map(|id| format!("agent {id}: gone before it answered"));
        let mut reasons: Vec<String> = refused.chain(silent).chain(gone).collect();
        if reasons.len() > NAMED {
            let more = reasons.split_off(NAMED).len();
            reasons.push(format!("and {more} more"));
        }
        let code = self.refused.first().map_or(code, |(_, why)| why.code.as_str());
        Failure::new(code, reasons.join("; "))
    }
}

fn refusal_of(case: &Case<'_>, party: &Party<'_>) -> Failure {
    if let Some(seen) = party.identity().filter(|_| party.sees_another(case.identity())) {
        return Failure::another_cluster(seen);
    }
    let refusal = party.known.and_then(|known| known.refusal.as_ref());
    refusal.filter(|refusal| refusal.kind != OperationKind::Delete).map_or_else(
        || Failure::new("internal", "it answered done and holds nothing".to_owned()),
        |refusal| refusal.failure.clone(),
    )
}

/// Concludes a try, if it is over. Nothing is concluded in the call that begins it.
pub(crate) fn conclude(case: &mut Case<'_>, policies: &mut Policies<'_>) -> Result<bool, Missing> {
    if case.entered {
        return Ok(false);
    }
    let tally = Tally::of(case);
    if case.is_due() {
        let failure = tally.failure("deadline", "no answer before the deadline");
        return fail(case, policies, Trigger::Deadline, failure).map(|()| true);
    }
    if tally.outstanding {
        return Ok(false);
    }
    if !tally.refused.is_empty() {
        let failure = tally.failure("internal", "no answer");
        return fail(case, policies, Trigger::Refused, failure).map(|()| true);
    }
    let lost = case.row.as_ref().map_or(0, |row| row.memory.lost) + 1;
    if lost >= LOST_MAX {
        let text = format!("every agent that was asked went away, {lost} times in a row");
        let failure = Failure::new("lost", text);
        return fail(case, policies, Trigger::Lost, failure).map(|()| true);
    }
    let reason = "every agent that was asked is gone".to_owned();
    case.step(Trigger::Lost, Some(State::ToMigrate), reason);
    if let Some(row) = &mut case.row {
        row.memory.lost = lost;
    }
    Ok(true)
}

/// A try has failed: it is counted, and the policy says when the next one is.
fn fail(
    case: &mut Case<'_>,
    policies: &mut Policies<'_>,
    on: Trigger,
    failure: Failure,
) -> Result<(), Missing> {
    let failed_count = case.row.as_ref().map_or(0, |row| row.failed_count).saturating_add(1);
    let backoff = policies.retry(case.name, failed_count, &failure)?;
    let now = case.now;
    case.step(on, Some(State::Failed), failure.text.clone());
    if let Some(row) = &mut case.row {
        row.failed_count = failed_count;
        row.error = Some(failure);
        match backoff {
            Backoff::After(ms) => row.memory.timer = Some(now.saturating_add(ms)),
            Backoff::GiveUp => row.memory.gave_up = Some(now),
        }
    }
    Ok(())
}
