//! Writes a module's writes out as rows, with everything that the host adds.
//!
//! Pure: what was read, what was learnt from the event and what the module asked for go in, a [`Unit`] comes out. Two
//! steps of one row collapse into one update, one revision more and a journal row each; a submission moves the row's
//! revision too, so that it never races a change of the row (design §2).

use std::collections::{BTreeMap, HashMap};

use crate::account::{
    Account, Change, DefinitionChange, DefinitionId, Fields, Finished, NewAccount, OpenRequest,
    Origin, Removal, Step,
};
use crate::clock::Millis;
use crate::definition::{Definition, OWN_SCHEME};
use crate::event::{Answer, Event};
use crate::holding::{Holding, Observed};
use crate::journal::JournalEntry;
use crate::knowledge::{self, Lesson};
use crate::operation::{Operation, OperationKind, OperationState};
use crate::port::store::NameRow;
use crate::request::ItemOutcome;
use crate::secret::Secret;
use crate::unit::{
    Fences, GenerationWrite, HoldingWrite, ItemWrite, OperationEnd, RowInsert, RowRemoval,
    RowUpdate, SecretWrite, Submission, Unit, Writes,
};

/// The most requests that wait for one row; the oldest are overtaken beyond that.
pub const REQUESTS_MAX: usize = 16;

/// A definition that the host holds for a call, with the secrets that were taken out of it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeptDefinition {
    /// The definition, references in the place of secrets.
    pub definition: Definition,
    /// Reference and value of each secret that was taken out.
    pub secrets: Vec<(String, Secret)>,
    /// Where it came from.
    pub source: String,
}

/// A holding in the course of a call: as it was read, and what has been learnt since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldingState {
    /// Its revision in the database; absent: it is not there yet.
    pub expected: Option<u64>,
    /// As it is known now.
    pub holding: Holding,
    /// Whether it has to be written.
    pub changed: bool,
}

/// What a call has read and learnt, and who decides.
#[derive(Debug, Default)]
pub struct Call {
    /// The call's id.
    pub id: String,
    /// The time that the call was given.
    pub at: Millis,
    /// See [`Unit::slot_generation`].
    pub slot_generation: u64,
    /// See [`Unit::fences`].
    pub fences: Fences,
    /// The digest of the module.
    pub module: String,
    /// Its data version.
    pub data_version: u32,
    /// Rows as read, by name.
    pub rows: HashMap<String, Account>,
    /// The definitions of rows whose definition is to be changed.
    pub row_definitions: HashMap<String, Definition>,
    /// What is remembered of names, by name: of all that get a row.
    pub names: HashMap<String, NameRow>,
    /// Holdings as read and learnt, by account and agent.
    pub holdings: BTreeMap<(String, String), HoldingState>,
    /// Operations that ended by what was learnt.
    pub ended: Vec<OperationEnd>,
    /// Definitions by handle.
    pub definitions: HashMap<DefinitionId, KeptDefinition>,
    /// The agents that are gone.
    pub gone: Vec<String>,
}

impl Call {
    /// Takes a lesson in.
    pub fn learn(&mut self, lesson: Lesson) {
        let key = (lesson.holding.account.clone(), lesson.holding.agent.clone());
        let state = self.holdings.entry(key).or_insert_with(|| HoldingState {
            expected: None,
            holding: lesson.holding.clone(),
            changed: true,
        });
        state.holding = lesson.holding;
        state.changed = true;
        if let Some(ended) = lesson.ended {
            self.ended.push(OperationEnd {
                id: ended.id,
                kind: ended.kind,
                state: ended.state,
                failure: ended.failure,
                sight: ended.sight,
            });
        }
    }

    /// What is known of an agent and account.
    #[must_use]
    pub fn holding(&self, account: &str, agent: &str) -> Option<&Holding> {
        self.holdings.get(&(account.to_owned(), agent.to_owned())).map(|state| &state.holding)
    }
}

/// Writes a call's writes out. `next_id` gives ULIDs that grow.
#[must_use]
pub fn assemble(
    call: Call,
    event: &Event,
    answer: &Answer,
    writes: Writes,
    next_id: &mut dyn FnMut() -> String,
) -> Unit {
    let unit = Unit {
        call: call.id.clone(),
        at: call.at,
        slot_generation: call.slot_generation,
        fences: call.fences.clone(),
        ..Unit::default()
    };
    let (rows, generations) = (BTreeMap::new(), HashMap::new());
    let mut work = Work { call, event, unit, next_id, rows, generations };
    for row in writes.inserts {
        work.insert(row);
    }
    for row in writes.changes {
        work.change(row);
    }
    for row in writes.removals {
        work.remove(row);
    }
    for submission in writes.submissions {
        work.submit(submission);
    }
    work.withdraw_what_is_idle();
    work.items(answer);
    work.finish()
}

/// A row in the course of assembling.
struct Row {
    expected: Option<u64>,
    account: Account,
    definition: Option<Definition>,
    source: String,
    fingerprint: String,
    removed: bool,
    moved: bool,
}

struct Work<'a> {
    call: Call,
    event: &'a Event,
    unit: Unit,
    next_id: &'a mut dyn FnMut() -> String,
    rows: BTreeMap<String, Row>,
    /// The places of names among the unit's generations.
    generations: HashMap<String, usize>,
}

impl Work<'_> {
    fn insert(&mut self, row: NewAccount) {
        // A revision is never given twice to a name, also across removal and re-creation: rows begin at the time of
        // their first unit, and behind the last row of the name if another replica's clock was ahead, so that neither a
        // stale compare-and-swap nor an agent that comes back with an old definition can take the new row for the old.
        // Both count the name up, so that a row that came and went since the name was read is not overlooked.
        let removed_at = self.call.names.get(&row.name).map_or(0, |name| name.removed_at);
        let first = self.call.at.max(removed_at + 1);
        self.next_generation(&row.name);
        let (definition, source, fingerprint, declared_by) = self.origin(&row);
        let account = Account {
            name: row.name.clone(),
            state: String::new(),
            revision: first,
            state_revision: first,
            definition_revision: first,
            zone: None,
            declared_by,
            identity: None,
            failed_count: 0,
            error: None,
            state_since: self.call.at,
            due_at: None,
            requests: Vec::new(),
            attributes: Vec::new(),
            generation: self.known_generation(&row.name),
        };
        let mut new = Row {
            expected: None,
            account,
            definition: Some(definition),
            source,
            fingerprint,
            removed: false,
            moved: true,
        };
        set_fields(&mut new.account, row.fields);
        self.steps(&mut new, None, &row.steps, false);
        self.requests(&mut new, row.open, Vec::new());
        self.rows.insert(row.name, new);
    }

    fn origin(&mut self, row: &NewAccount) -> (Definition, String, String, Option<String>) {
        match &row.origin {
            Origin::Source { definition, overrides } => {
                let kept = self.take_definition(&row.name, definition);
                let fingerprint = kept.definition.id();
                let over = overrides.as_ref().map(|id| self.take_definition(&row.name, id));
                let merged = match over {
                    Some(over) => kept.definition.merged(&over.definition),
                    None => kept.definition,
                };
                self.drop_unused_secrets(&row.name, &merged);
                (merged, kept.source, fingerprint, None)
            }
            Origin::Given(definition) => {
                let kept = self.take_definition(&row.name, definition);
                (kept.definition, kept.source, String::new(), None)
            }
            Origin::Declared(agent) => {
                (Definition::default(), "agent".to_owned(), String::new(), Some(agent.clone()))
            }
        }
    }

    fn take_definition(&mut self, name: &str, id: &str) -> KeptDefinition {
        let kept = self.call.definitions.get(id).cloned().unwrap_or_default();
        for (reference, value) in &kept.secrets {
            self.unit.secrets.push(SecretWrite {
                reference: reference.clone(),
                account: name.to_owned(),
                value: value.clone(),
            });
        }
        kept
    }

    fn drop_unused_secrets(&mut self, name: &str, definition: &Definition) {
        let used = definition.references();
        self.unit
            .secrets
            .retain(|secret| secret.account != name || used.contains(&secret.reference.as_str()));
    }

    fn change(&mut self, change: Change) {
        let Some(mut row) = self.begin(&change.name) else { return };
        set_fields(&mut row.account, change.fields);
        self.redefine(&mut row, &change.definition);
        let from = row.account.state.clone();
        self.steps(&mut row, Some(from), &change.steps, false);
        self.requests(&mut row, change.open, change.finished);
        self.rows.insert(change.name, row);
    }

    fn redefine(&mut self, row: &mut Row, change: &DefinitionChange) {
        let (DefinitionChange::Merge(id) | DefinitionChange::Override(id)) = change else { return };
        let name = row.account.name.clone();
        let over = self.take_definition(&name, id);
        let before = self.call.row_definitions.get(&name).cloned().unwrap_or_default();
        let merged = before.merged(&over.definition);
        self.drop_unused_secrets(&name, &merged);
        if merged != before {
            self.unit.dropped_secrets.extend(no_longer_held(&before, &merged));
            row.account.definition_revision += 1;
            row.definition = Some(merged);
        }
    }

    fn remove(&mut self, removal: Removal) {
        let Some(mut row) = self.begin(&removal.name) else { return };
        let from = row.account.state.clone();
        self.steps(&mut row, Some(from), &removal.steps, true);
        row.removed = true;
        self.requests(&mut row, None, removal.finished);
        self.next_generation(&removal.name);
        self.name(&removal.name).removed_at = Some(row.account.revision);
        self.rows.insert(removal.name, row);
    }

    /// The row as read, one revision on.
    fn begin(&self, name: &str) -> Option<Row> {
        let account = self.call.rows.get(name)?.clone();
        let expected = Some(account.revision);
        let mut row = Row {
            expected,
            account,
            definition: None,
            source: String::new(),
            fingerprint: String::new(),
            removed: false,
            moved: false,
        };
        row.account.revision += 1;
        Some(row)
    }

    fn steps(&mut self, row: &mut Row, from: Option<String>, steps: &[Step], removes: bool) {
        let mut at = from;
        for (place, step) in steps.iter().enumerate() {
            let to = (!(removes && place + 1 == steps.len())).then(|| step.to.clone());
            let entry = JournalEntry {
                id: (self.next_id)(),
                at: self.call.at,
                account: row.account.name.clone(),
                from: at.clone(),
                to: to.clone(),
                event: step.event.clone(),
                reason: step.reason.clone(),
                who: who(self.event),
                request: request_id(self.event),
                operation: operation_of(self.event, &row.account.name),
                module: self.call.module.clone(),
                revision: row.account.revision,
            };
            self.unit.journal.push(entry);
            if at != to {
                row.moved = true;
                row.account.state_revision = row.account.revision;
                row.account.state_since = self.call.at;
            }
            if let Some(to) = &to {
                row.account.state.clone_from(to);
            }
            at = to;
        }
    }

    fn requests(&mut self, row: &mut Row, open: Option<OpenRequest>, finished: Vec<Finished>) {
        let state = (!row.removed).then(|| row.account.state.clone());
        let name = row.account.name.clone();
        let mut end = |request: String, outcome: ItemOutcome| {
            let name = name.clone();
            let state = state.clone();
            self.unit.finished_items.push(ItemWrite { request, name, outcome, state });
        };
        for Finished { request, finish } in finished {
            row.account.requests.retain(|waiting| waiting.id != request);
            end(request, finish.into());
        }
        row.account.requests.extend(open);
        while row.account.requests.len() > REQUESTS_MAX {
            end(row.account.requests.remove(0).id, ItemOutcome::Superseded);
        }
    }

    fn submit(&mut self, submission: Submission) {
        let name = submission.account.clone();
        if !self.rows.contains_key(&name)
            && let Some(row) = self.begin(&name)
        {
            self.rows.insert(name.clone(), row);
        }
        let generation = self.next_generation(&name);
        let row = self.rows.get(&name).filter(|row| !row.removed).map(|row| &row.account);
        let operation = Operation {
            id: submission.id,
            parent: submission.parent,
            account: name.clone(),
            agent: submission.agent.clone(),
            instance: submission.instance.clone(),
            kind: submission.kind,
            definition_revision: row.map_or(0, |row| row.definition_revision),
            generation,
            state: OperationState::Pending,
            not_before: submission.not_before,
            deadline: submission.deadline,
            context: submission.context,
            module: self.call.module.clone(),
            data_version: self.call.data_version,
            created_at: self.call.at,
            attempts: 0,
            sent_at: None,
            ended_at: None,
            failure: None,
            sight: None,
        };
        let revision = self.rows.get(&name).map_or(0, |row| row.account.revision);
        let unheard = Holding::unheard_of(&name, &submission.agent, &submission.instance);
        let known = self.call.holding(&name, &submission.agent).unwrap_or(&unheard);
        let lesson = knowledge::submitted(known, &operation, revision);
        self.call.learn(lesson);
        self.unit.operations.push(operation);
    }

    fn known_generation(&self, name: &str) -> Option<u64> {
        let of_the_row = self.call.rows.get(name).and_then(|row| row.generation);
        let holdings = self.call.holdings.range((name.to_owned(), String::new())..);
        let of_holdings = holdings
            .take_while(|((account, _), _)| account == name)
            .find_map(|(_, state)| state.holding.generation);
        let remembered = || self.call.names.get(name).map(|name| name.generation);
        of_the_row.or(of_holdings).or_else(remembered)
    }

    fn next_generation(&mut self, name: &str) -> u64 {
        let write = self.name(name);
        write.generation += 1;
        write.generation
    }

    /// What is to be remembered of a name.
    fn name(&mut self, name: &str) -> &mut GenerationWrite {
        let place = self.generations.get(name).copied().unwrap_or_else(|| {
            let expected = self.known_generation(name);
            let generation = expected.unwrap_or(0);
            let name = name.to_owned();
            self.generations.insert(name.clone(), self.unit.generations.len());
            let write = GenerationWrite { name, expected, generation, removed_at: None };
            self.unit.generations.push(write);
            self.unit.generations.len() - 1
        });
        &mut self.unit.generations[place]
    }

    /// Operations to agents that are gone are withdrawn when the row changes its state (rule 12). With a row that ends,
    /// whatever asked for its cluster ends too: there is nothing left to deliver it with. Where the agent had it already
    /// and holds the account by and by, its answer says so, and it is told to drop it (rule 2).
    fn withdraw_what_is_idle(&mut self) {
        let idle = |holding: &Holding| {
            let row = self.rows.get(&holding.account).filter(|row| row.moved || row.removed);
            row.is_some_and(|row| {
                let asked = holding.operation.as_ref().map(|operation| operation.kind);
                self.call.gone.contains(&holding.agent)
                    || (row.removed && asked.is_some_and(|kind| kind != OperationKind::Delete))
            })
        };
        let known = self.call.holdings.values().map(|state| &state.holding);
        let lessons: Vec<Lesson> =
            known.filter(|holding| idle(holding)).filter_map(knowledge::given_up).collect();
        for lesson in lessons {
            self.call.learn(lesson);
        }
    }

    fn items(&mut self, answer: &Answer) {
        let (Event::Handle(request), Answer::Outcomes(outcomes)) = (self.event, answer) else {
            return;
        };
        for (item, outcome) in request.items.iter().zip(outcomes) {
            let row = self.rows.get(&item.name);
            let state = match row {
                Some(row) => (!row.removed).then(|| row.account.state.clone()),
                None => self.call.rows.get(&item.name).map(|row| row.state.clone()),
            };
            let own = self
                .unit
                .finished_items
                .iter()
                .position(|done| done.request == request.id && done.name == item.name);
            let outcome = match own {
                Some(place) => self.unit.finished_items.remove(place).outcome,
                None => outcome.clone().into(),
            };
            let name = item.name.clone();
            self.unit.new_items.push(ItemWrite {
                request: request.id.clone(),
                name,
                outcome,
                state,
            });
        }
    }

    fn finish(mut self) -> Unit {
        for (name, row) in self.rows {
            match row.expected {
                None if row.removed => {}
                None => self.unit.inserts.push(RowInsert {
                    account: row.account,
                    definition: row.definition.unwrap_or_default(),
                    source: row.source,
                    source_fingerprint: row.fingerprint,
                }),
                Some(expected) if row.removed => {
                    self.unit.removals.push(RowRemoval { name, expected });
                }
                Some(expected) => self.unit.updates.push(RowUpdate {
                    expected,
                    account: row.account,
                    definition: row.definition,
                }),
            }
        }
        for state in self.call.holdings.into_values().filter(|state| state.changed) {
            let mut holding = state.holding;
            holding.revision = state.expected.unwrap_or(0) + 1;
            // A holding that never was and says nothing is no row.
            if state.expected.is_none() && says_nothing(&holding) {
                continue;
            }
            self.unit.holdings.push(HoldingWrite { expected: state.expected, holding });
        }
        self.unit.ended = self.call.ended;
        self.unit
    }
}

/// References of this bridge that a definition held and its successor does not.
fn no_longer_held(before: &Definition, after: &Definition) -> Vec<String> {
    let held = after.references();
    let own = before.references().into_iter().filter(|text| text.starts_with(OWN_SCHEME));
    own.filter(|text| !held.contains(text)).map(str::to_owned).collect()
}

fn says_nothing(holding: &Holding) -> bool {
    holding.observed == Observed::NotHeld
        && holding.operation.is_none()
        && holding.refusal.is_none()
        && holding.answered_generation == 0
}

fn set_fields(account: &mut Account, fields: Fields) {
    account.zone = fields.zone;
    account.identity = fields.identity;
    account.failed_count = fields.failed_count;
    account.error = fields.error;
    account.due_at = fields.due_at;
    account.attributes = fields.attributes;
}

fn who(event: &Event) -> String {
    match event {
        Event::Handle(request) => request.who.clone(),
        Event::OnAgent { agent, .. } => format!("agent {agent}"),
        Event::Tick { .. } => "clock".to_owned(),
    }
}

fn request_id(event: &Event) -> Option<String> {
    match event {
        Event::Handle(request) => Some(request.id.clone()),
        Event::OnAgent { .. } | Event::Tick { .. } => None,
    }
}

fn operation_of(event: &Event, name: &str) -> Option<String> {
    let Event::OnAgent { event: crate::event::AgentEvent::Reported(answers), .. } = event else {
        return None;
    };
    answers.iter().find(|a| a.account == name && a.counted).map(|a| a.operation.clone())
}
