//! One account in the course of a decision: its row as it will be, its agents, and what is written so far.

use crate::account::{Account, Failure, Identity, Millis, OpenRequest};
use crate::agent::{Observed, OperationKind};
use crate::happened::Happened;
use crate::memory::Memory;
use crate::parties::{Party, Whereabouts};
use crate::question::{Answers, Backoff, FailedTry, Questions};
use crate::rules::Rules;
use crate::settings::Settings;
use crate::state::State;
use crate::table::{self, Trigger};
use crate::write::{DefinitionChange, Finish, Finished, Origin, Step};

/// An answer of a policy is missing; the question has been noted, and the account is decided in the next round.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Missing;

/// The policies' answers so far, and the questions that came up.
#[derive(Debug)]
pub(crate) struct Policies<'a> {
    pub(crate) answers: &'a Answers,
    pub(crate) questions: Questions,
}

impl Policies<'_> {
    pub(crate) fn retry(
        &mut self,
        name: &str,
        failed_count: u32,
        failure: &Failure,
    ) -> Result<Backoff, Missing> {
        let question = FailedTry { name: name.to_owned(), failed_count, failure: failure.clone() };
        match self.answers.backoff(&question) {
            Some(backoff) => Ok(backoff),
            None => {
                self.questions.ask_retry(question);
                Err(Missing)
            }
        }
    }
}

/// The row as it will be.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) state: State,
    pub(crate) zone: Option<String>,
    pub(crate) declared_by: Option<String>,
    pub(crate) identity: Option<Identity>,
    pub(crate) failed_count: u32,
    pub(crate) error: Option<Failure>,
    pub(crate) memory: Memory,
    pub(crate) requests: Vec<OpenRequest>,
    pub(crate) definition_revision: u64,
    pub(crate) state_revision: u64,
}

impl Row {
    pub(crate) fn of(account: &Account, state: State) -> Self {
        Self {
            state,
            zone: account.zone.clone(),
            declared_by: account.declared_by.clone(),
            identity: account.identity.clone(),
            failed_count: account.failed_count,
            error: account.error.clone(),
            memory: Memory::of(account),
            requests: account.requests.clone(),
            definition_revision: account.definition_revision,
            state_revision: account.state_revision,
        }
    }

    /// A row that is to be, in its first state. Its revisions are the bridge's to give; nobody was asked at one.
    pub(crate) fn new(state: State, zone: Option<String>) -> Self {
        Self {
            state,
            zone,
            declared_by: None,
            identity: None,
            failed_count: 0,
            error: None,
            memory: Memory::default(),
            requests: Vec::new(),
            definition_revision: u64::MAX,
            state_revision: u64::MAX,
        }
    }
}

/// One account.
#[derive(Debug)]
pub(crate) struct Case<'a> {
    pub(crate) name: &'a str,
    pub(crate) now: Millis,
    pub(crate) settings: &'a Settings,
    pub(crate) rules: Rules,
    pub(crate) happened: Happened<'a>,
    pub(crate) before: Option<&'a Account>,
    pub(crate) row: Option<Row>,
    pub(crate) parties: Vec<Party<'a>>,
    pub(crate) steps: Vec<Step>,
    /// The row came into its state in this call, so that nobody was asked in it yet.
    pub(crate) entered: bool,
    /// The definition changes in this call: every revision that is held or under way is an old one.
    pub(crate) definition: DefinitionChange,
    pub(crate) origin: Option<Origin>,
    /// The request of this call, if the row is to wait for it.
    pub(crate) own: Option<OpenRequest>,
    /// Another cluster is recorded in this call: who was told to drop it may be right by now.
    pub(crate) rebound: bool,
    pub(crate) finished: Vec<Finished>,
}

impl Case<'_> {
    pub(crate) fn state(&self) -> Option<State> {
        self.row.as_ref().map(|row| row.state)
    }

    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.row.as_ref().and_then(|row| row.identity.as_ref())
    }

    pub(crate) fn is_static(&self) -> bool {
        self.row.as_ref().is_some_and(|row| row.declared_by.is_some())
    }

    pub(crate) fn is_redefined(&self) -> bool {
        self.definition != DefinitionChange::Keep
    }

    /// Whether the time of the present state is up.
    pub(crate) fn is_due(&self) -> bool {
        self.row.as_ref().and_then(|row| row.memory.timer).is_some_and(|at| at <= self.now)
    }

    /// Takes an edge. Coming into another state forgets what belonged to the old one and sets the new one's deadline.
    pub(crate) fn step(&mut self, on: Trigger, to: Option<State>, reason: String) {
        let from = if self.steps.is_empty() && self.before.is_none() { None } else { self.state() };
        debug_assert!(table::has(from, on, to), "no edge {from:?} {on:?} {to:?}");
        self.steps.push(Step { on, to, reason });
        let deadline = to.and_then(|state| self.deadline_of(state));
        match (to, &mut self.row) {
            (Some(to), Some(row)) => {
                if from != Some(to) {
                    row.state = to;
                    row.memory.leave_state(to);
                    row.memory.timer = deadline;
                    self.entered = true;
                }
            }
            (None, _) | (Some(_), None) => self.row = None,
        }
    }

    /// The time by which a row leaves a transient state that it comes into now (rule 1).
    pub(crate) fn deadline_of(&self, state: State) -> Option<Millis> {
        let wait = match state {
            State::ToMigrate => self.settings.activation_wait,
            State::Activating => self.settings.activation_deadline,
            State::ToDeactivate => 0,
            State::Deactivating => self.settings.deactivation_deadline,
            State::Deleting => self.settings.deletion_deadline,
            State::Inactive
            | State::Active
            | State::Failed
            | State::Orphaned
            | State::DeleteFailed => return None,
        };
        Some(self.now.saturating_add(wait))
    }

    /// Ends an open request.
    pub(crate) fn finish(&mut self, request: String, finish: Finish) {
        self.finished.push(Finished { request, finish });
    }

    /// Whether an agent is of the account's zone. One whose zone was not read is not.
    pub(crate) fn in_zone(&self, party: &Party<'_>) -> bool {
        match self.row.as_ref().and_then(|row| row.zone.as_deref()) {
            None => true,
            Some(zone) => party.zone == Some(zone),
        }
    }

    /// Whether this instance was asked something since the row came into its state.
    pub(crate) fn asked(&self, party: &Party<'_>) -> bool {
        let since = self.row.as_ref().map_or(u64::MAX, |row| row.state_revision);
        let asked = party.known.map_or(0, |known| known.asked_revision);
        !self.entered && asked > 0 && asked >= since
    }

    /// A *candidate*: a connected agent of the zone, unless the account is its own or it holds another cluster under
    /// the name.
    pub(crate) fn is_candidate(&self, party: &Party<'_>) -> bool {
        party.is_connected()
            && self.in_zone(party)
            && !party.is_configured()
            && !party.conflicts(self.identity())
    }

    /// A connected agent of the zone that goes on holding an `ACTIVE` account and sees another cluster under it by now:
    /// a conflict (rule 3). The row keeps its state and its identity until `rebind` accepts what the agent sees. One that
    /// is asked to add it and comes to see another cluster was never let hold the account: that is a refusal (rule 15),
    /// and it is told to drop. One that is told of an update held it before, and holds it still (rule 17).
    pub(crate) fn holds_another(&self, party: &Party<'_>) -> bool {
        self.state() == Some(State::Active)
            && party.is_connected()
            && self.in_zone(party)
            && !party.is_configured()
            && party.is_seen_to_hold()
            && party.sees_another(self.identity())
            && !self.was_told_to_drop(party)
            && !self.has_just_done(party, |kind| kind == OperationKind::Add)
    }

    /// Whether an agent is told to drop an `ACTIVE` account, also if it has refused to. A refusal of a drop from before
    /// the row came into its state does not count: the row wants to be held by now.
    fn was_told_to_drop(&self, party: &Party<'_>) -> bool {
        let just_refused =
            !self.entered && self.happened.has_refused(party.id, OperationKind::Delete);
        party.operation_kind() == Some(OperationKind::Delete)
            || (party.last_refused() == Some(OperationKind::Delete)
                && (self.asked(party) || just_refused))
    }

    /// The first agent that goes on holding the account and sees another cluster, as the row's error.
    pub(crate) fn conflict(&self) -> Option<Failure> {
        let mut others = self.parties.iter().filter(|party| self.holds_another(party));
        others.find_map(|party| party.claim_against(self.identity()))
    }

    /// A connected agent of the zone that holds the account and was not told to drop it.
    pub(crate) fn holds(&self, party: &Party<'_>) -> bool {
        self.is_candidate(party)
            && party.is_seen_to_hold()
            && party.operation_kind() != Some(OperationKind::Delete)
    }

    /// Whether an agent has refused to hold the present definition. One that was seen to reach another cluster has.
    pub(crate) fn has_refused(&self, party: &Party<'_>) -> bool {
        let revision = self.row.as_ref().map_or(0, |row| row.definition_revision);
        (!self.is_redefined() && party.refused_to_hold(revision))
            || (party.observed() == Observed::NotHeld && party.sees_another(self.identity()))
    }

    /// The agent that holds the account: the one that spoke if it does, else the first by id.
    pub(crate) fn holder(&self) -> Option<&Party<'_>> {
        let spoke = self.happened.done_by().or(self.happened.joined);
        let mut holders = self.parties.iter().filter(|party| self.holds(party));
        let first = holders.next()?;
        let spoken = holders.find(|party| Some(party.id) == spoke);
        if Some(first.id) == spoke { Some(first) } else { spoken.or(Some(first)) }
    }

    /// Whether an agent has just answered *done* to an operation of this sort.
    pub(crate) fn has_just_done(
        &self,
        party: &Party<'_>,
        what: impl FnOnce(OperationKind) -> bool,
    ) -> bool {
        self.happened.has_done(party.id, what)
    }

    /// Whether an agent that is not gone may hold the account.
    pub(crate) fn has_possible_holder(&self) -> bool {
        self.parties.iter().any(|party| !party.is_gone() && party.may_hold())
    }

    /// Whether an agent of the zone that may be back may hold the account.
    pub(crate) fn awaits_a_holder(&self) -> bool {
        self.parties.iter().any(|party| {
            party.whereabouts == Whereabouts::Awaited && self.in_zone(party) && party.may_hold()
        })
    }
}
