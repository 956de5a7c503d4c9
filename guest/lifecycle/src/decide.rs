//! From an event and a snapshot to decisions, account by account.

use std::collections::{HashMap, HashSet};

use crate::agent::OperationKind;
use crate::case::{Case, Missing, Policies, Row};
use crate::event::{Action, AgentEvent, Event, Item, Outcome, Refused, Request};
use crate::finish::finish;
use crate::happened::{Answered, Happened};
use crate::memory::Memory;
use crate::parties::parties;
use crate::question::{Answers, Questions};
use crate::reconcile::reconcile;
use crate::request::{self, Permitted};
use crate::rules::Rules;
use crate::settle::settle;
use crate::snapshot::{Snapshot, fold};
use crate::statics;
use crate::table;
use crate::write::{Change, Decisions, DefinitionChange, Fields, NewAccount, Removal, Submission};

/// What has to be read before [`decide`] can be asked about an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// Rows of these names, and rows whose names differ from them only by case. Empty: nothing is to be read at all.
    pub names: Vec<String>,
    /// Also what is known of them and any agent.
    pub holdings: bool,
    /// Also the accounts of these names in the sources.
    pub sources: bool,
}

/// Says what an event needs.
#[must_use]
pub fn reads(event: &Event) -> Reads {
    match event {
        Event::Handle(request) => Reads {
            names: match request.action {
                Some(_) => request.items.iter().map(|item| item.name.clone()).collect(),
                None => Vec::new(),
            },
            // A row that comes into being `INACTIVE` wants of the agents what no row wanted.
            holdings: !matches!(request.action, None | Some(Action::Migrate | Action::Create)),
            sources: matches!(request.action, Some(Action::Migrate | Action::Adopt)),
        },
        Event::OnAgent { accounts, .. } | Event::Tick { accounts } => {
            Reads { names: accounts.clone(), holdings: true, sources: false }
        }
    }
}

/// Decides about an event.
///
/// # Errors
/// [`Questions`], if something is missing: they are to be answered, all of them, and `decide` to be called again with
/// the same event, the same snapshot with what was added to it, and all answers so far. There are at most three such
/// rounds: policies about the items, agents, retries.
pub fn decide(
    event: &Event,
    snapshot: &Snapshot,
    answers: &Answers,
) -> Result<Decisions, Questions> {
    decide_by(Rules::ALL, event, snapshot, answers)
}

/// [`decide`], with rules left out.
///
/// # Errors
/// As for [`decide`].
#[doc(hidden)]
pub fn decide_by(
    rules: Rules,
    event: &Event,
    snapshot: &Snapshot,
    answers: &Answers,
) -> Result<Decisions, Questions> {
    let questions = about_items(event, snapshot, answers);
    if !questions.is_empty() {
        return Err(questions);
    }
    let agents = crate::zones::missing(snapshot, event, answers);
    if agents.is_some() {
        return Err(Questions { agents, ..Questions::default() });
    }
    let policies = Policies { answers, questions: Questions::default() };
    let mut work = Work { rules, snapshot, policies, decisions: Decisions::default() };
    match event {
        Event::Handle(request) => work.handle(request),
        Event::OnAgent { agent, event, accounts, .. } => work.on_agent(agent, event, accounts),
        Event::Tick { accounts } => {
            for name in accounts {
                work.look_at(name, Happened::default());
            }
        }
    }
    if work.policies.questions.is_empty() {
        Ok(work.decisions)
    } else {
        Err(work.policies.questions)
    }
}

/// The questions about the items of a request that were not answered yet.
fn about_items(event: &Event, snapshot: &Snapshot, answers: &Answers) -> Questions {
    let mut questions = Questions::default();
    let Event::Handle(Request { action: Some(action), items, .. }) = event else {
        return questions;
    };
    for item in items.iter().filter(|item| request::check(snapshot, item, *action).is_ok()) {
        let (admit, place) = request::subjects(snapshot, item, *action);
        questions.admit.extend(admit.filter(|_| answers.verdict(&item.name).is_none()));
        questions.place.extend(place.filter(|_| answers.placement(&item.name).is_none()));
    }
    questions
}

struct Work<'a> {
    rules: Rules,
    snapshot: &'a Snapshot,
    policies: Policies<'a>,
    decisions: Decisions,
}

impl<'a> Work<'a> {
    fn handle(&mut self, request: &'a Request) {
        let mut made = HashSet::new();
        for item in &request.items {
            let outcome = match request.action {
                None => Outcome::Unsupported,
                Some(action) => {
                    let twin = action.makes_a_row() && !made.insert(fold(&item.name));
                    let outcome = if twin {
                        Err(Refused {
                            code: "exists",
                            reason: format!("another item is {} but for case", item.name),
                            possible: Vec::new(),
                        })
                    } else {
                        self.item(&request.id, item, action)
                    };
                    outcome.unwrap_or_else(Outcome::Refused)
                }
            };
            self.decisions.outcomes.push(outcome);
        }
    }

    fn item(
        &mut self,
        request: &'a str,
        item: &'a Item,
        action: Action,
    ) -> Result<Outcome, Refused> {
        request::check(self.snapshot, item, action)?;
        let state = self.snapshot.account(&item.name).and_then(|row| row.state);
        let permitted = request::permitted(item, self.policies.answers, state)?;
        let happened = Happened { request: Some(request), ..Happened::default() };
        let mut case = self.case(&item.name, happened, Some(&permitted));
        request::apply(&mut case, self.snapshot, item, action, permitted)?;
        if let Err(Missing) = conclude(&mut case, &mut self.policies) {
            return Ok(Outcome::Pending);
        }
        let failed = case.finished.iter().any(|finished| finished.request == request);
        let waits = case.own.is_some() || failed;
        self.write(case);
        Ok(if waits { Outcome::Pending } else { Outcome::Done })
    }

    fn on_agent(&mut self, agent: &'a str, event: &'a AgentEvent, accounts: &'a [String]) {
        let mut happened = Happened::default();
        let mut answers: HashMap<&str, Answered<'_>> = HashMap::new();
        match event {
            AgentEvent::Joined => happened.joined = Some(agent),
            AgentEvent::Reported(reported) => {
                let counted = reported.iter().filter(|answer| answer.counted).map(|answer| {
                    let done = answer.failure.is_none();
                    (answer.account.as_str(), Answered { agent, kind: answer.kind, done })
                });
                answers = counted.collect();
            }
            AgentEvent::Left | AgentEvent::Unknown => {}
        }
        for name in accounts {
            let answered = answers.get(name.as_str()).copied();
            self.look_at(name, Happened { answered, ..happened });
        }
    }

    /// Settles an account, with or without a row.
    fn look_at(&mut self, name: &'a str, happened: Happened<'a>) {
        let before = self.snapshot.account(name);
        if before.is_some_and(|row| row.state.is_none()) {
            return;
        }
        let mut case = self.case(name, happened, None);
        if before.is_none() && self.snapshot.lookalike(name).is_none() {
            statics::declare(&mut case);
        }
        if conclude(&mut case, &mut self.policies).is_ok() {
            self.write(case);
        }
    }

    fn case(
        &self,
        name: &'a str,
        happened: Happened<'a>,
        permitted: Option<&Permitted>,
    ) -> Case<'a> {
        let before = self.snapshot.account(name);
        let row = before.and_then(|row| row.state.map(|state| Row::of(row, state)));
        let asked = permitted.and_then(|permitted| permitted.zone.as_deref());
        let zone = asked.or_else(|| before.and_then(|row| row.zone.as_deref()));
        let wants_agents = row.is_some() || permitted.is_some();
        Case {
            name,
            now: self.snapshot.now,
            settings: &self.snapshot.settings,
            rules: self.rules,
            happened,
            before,
            row,
            parties: parties(self.snapshot, name, wants_agents.then_some(zone)),
            steps: Vec::new(),
            entered: false,
            definition: DefinitionChange::Keep,
            origin: None,
            own: None,
            rebound: false,
            finished: Vec::new(),
        }
    }

    fn write(&mut self, case: Case<'_>) {
        self.submit(&case);
        match (case.before, case.row) {
            (None, None) => {}
            (None, Some(row)) => {
                let Some(origin) = case.origin else { return };
                let fields = fields_of(row);
                let name = case.name.to_owned();
                let open = case.own;
                let row = NewAccount { name, steps: case.steps, fields, origin, open };
                self.decisions.inserts.push(row);
            }
            (Some(before), None) => self.decisions.removals.push(Removal {
                name: case.name.to_owned(),
                revision: before.revision,
                steps: case.steps,
                finished: case.finished,
            }),
            (Some(before), Some(row)) => {
                let same = row.zone == before.zone
                    && row.identity == before.identity
                    && row.failed_count == before.failed_count
                    && row.error == before.error
                    && row.memory == Memory::of(before)
                    && row.memory.due_at() == before.due_at;
                let quiet = case.steps.is_empty()
                    && case.finished.is_empty()
                    && case.own.is_none()
                    && case.definition == DefinitionChange::Keep;
                if same && quiet {
                    return;
                }
                self.decisions.changes.push(Change {
                    name: case.name.to_owned(),
                    revision: before.revision,
                    steps: case.steps,
                    fields: fields_of(row),
                    definition: case.definition,
                    open: case.own,
                    finished: case.finished,
                });
            }
        }
    }

    fn submit(&mut self, case: &Case<'_>) {
        let settings = case.settings;
        let waiting = case.row.as_ref().and_then(|row| row.requests.last());
        let parent = case.happened.request.or(waiting.map(|request| request.id.as_str()));
        for party in &case.parties {
            let Some(sent) = party.sent else { continue };
            let time = match sent.kind {
                OperationKind::Delete => settings.deactivation_deadline,
                OperationKind::Add | OperationKind::Update | OperationKind::Check => {
                    settings.activation_deadline
                }
            };
            let own = case.state().and_then(|state| case.deadline_of(state));
            let from = sent.not_before.unwrap_or(case.now);
            self.decisions.submissions.push(Submission {
                account: case.name.to_owned(),
                account_revision: case.before.map(|row| row.revision),
                agent: party.id.to_owned(),
                instance: party.instance.to_owned(),
                holding_revision: party.revision,
                kind: sent.kind,
                not_before: sent.not_before,
                deadline: own.or(Some(from.saturating_add(time))),
                parent: parent.map(str::to_owned),
            });
        }
    }
}

/// What follows by itself: automatic edges, what is sent to whom, which requests end.
fn conclude(case: &mut Case<'_>, policies: &mut Policies<'_>) -> Result<(), Missing> {
    settle(case, policies)?;
    reconcile(case, policies)?;
    finish(case);
    debug_assert!(
        case.steps
            .iter()
            .all(|step| table::TABLE.iter().any(|e| e.on == step.on && e.to == step.to)),
        "every step is an edge"
    );
    Ok(())
}

fn fields_of(row: Row) -> Fields {
    Fields {
        due_at: row.memory.due_at(),
        attributes: row.memory.attributes(),
        zone: row.zone,
        identity: row.identity,
        failed_count: row.failed_count,
        error: row.error,
    }
}
