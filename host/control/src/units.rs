//! From an event to a committed unit: the one place where a module is called and its writes are applied.
//!
//! A call that loses its race runs again on fresh reads, at most three times. A batch that traps, hits a limit or keeps
//! losing is halved until the items at fault stand alone; the others commit (design §2, points 2 and 4). An item that
//! fails alone is not lost: what was learnt is recorded, its row gets a later due time, and the caller is told.

use std::collections::HashMap;
use std::sync::Arc;

use host_core::account::{Account, DefinitionChange};
use host_core::clock::Millis;
use host_core::error::{ApplyError, CallError, StoreError};
use host_core::event::{Answer, Event, TickReason};
use host_core::port::lifecycle::{Called, Lifecycle};
use host_core::port::link::Session;
use host_core::port::replicas::Ring;
use host_core::port::world::World;
use host_core::record::{Applied, Record};
use host_core::unit::assemble::{Call, KeptDefinition, assemble};
use host_core::unit::{Fences, RowUpdate, Unit, Writes};
use tracing::{error, warn};

use crate::beside::Beside;
use crate::bridge::Shared;
use crate::counts::{Counter, Tally};
use crate::lessons::{Learnt, Taught, of_other_instances};
use crate::presence::SeenPresence;
use crate::recording::Listening;
use crate::world::{CallWorld, host_fault};

/// How often a call that lost its race runs again before its batch is halved.
const TRIES: usize = 3;

/// One event with all that belongs to it.
#[derive(Debug, Clone)]
pub(crate) struct Work {
    pub(crate) event: Event,
    pub(crate) taught: Taught,
    /// The definitions that a request brought, by handle.
    pub(crate) definitions: Arc<HashMap<String, KeptDefinition>>,
    /// What must still be so when the unit is applied.
    pub(crate) fences: Fences,
}

impl Work {
    /// An event that teaches nothing and brings no definitions.
    pub(crate) fn plain(event: Event) -> Self {
        let (definitions, fences) = (Arc::default(), Fences::default());
        Self { event, taught: Taught::Nothing, definitions, fences }
    }

    /// The same under a lease.
    pub(crate) fn under(mut self, lease: &Option<(String, u64)>) -> Self {
        self.fences.lease.clone_from(lease);
        self
    }

    /// The same as a word of an agent's session, which counts for as long as that is its newest.
    pub(crate) fn said_by(mut self, session: &Session) -> Self {
        self.fences.session = Some((session.agent.clone(), session.session.clone()));
        self
    }

    /// The same with what it taught.
    pub(crate) fn teaching(mut self, taught: Taught) -> Self {
        self.taught = taught;
        self
    }
}

/// How it ended for an item that no unit was committed for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The module could not decide about it.
    ModuleFailed(String),
    /// Its row kept changing under the call.
    Busy(String),
    /// The host could not do its part.
    Host(String),
    /// It is not known whether the unit was applied.
    Unknown(String),
    /// It is another replica's to decide by now.
    Overtaken(String),
}

/// What a call came to.
struct Decided {
    unit: Unit,
    /// The call as it is recorded, if it is.
    record: Option<Record>,
    answer: Answer,
    presence: SeenPresence,
    /// Agents and instances that are asked, where something is known of another instance.
    others: Vec<(String, String)>,
    /// What was known beside what was learnt.
    beside: Beside,
}

/// What became of a [`Work`].
#[derive(Debug, Default)]
pub(crate) struct Report {
    /// Items that stand alone with their trouble.
    pub(crate) failed: Vec<(String, Ended)>,
    /// The earliest time that a module wants to be called again.
    pub(crate) wake: Option<Millis>,
}

impl Ended {
    /// What of it is the host's own trouble, so that the same may be tried again as it is.
    pub(crate) fn is_the_hosts(&self) -> Option<&str> {
        match self {
            Self::Host(what) | Self::Unknown(what) => Some(what),
            Self::ModuleFailed(_) | Self::Busy(_) | Self::Overtaken(_) => None,
        }
    }

    /// Whether what an agent said is still to be said again: to this replica, or to the one that it is on now.
    pub(crate) fn is_not_taken_in(&self) -> bool {
        matches!(self, Self::Host(_) | Self::Unknown(_) | Self::Overtaken(_))
    }
}

/// A call whose unit is applied.
struct Done {
    /// When the module wants to be called again.
    wake: Option<Millis>,
    /// An agent came or went while the call was under way.
    look_again: bool,
}

enum Trouble {
    /// Try a smaller batch.
    Divide(Ended),
    /// No batch would do better.
    Stop(Ended),
}

impl Shared {
    /// Sees an event through.
    pub(crate) async fn perform(self: &Arc<Self>, work: Work) -> Report {
        let mut report = Report::default();
        let mut stack = vec![work];
        while let Some(work) = stack.pop() {
            let names = work.event.names();
            if names.is_empty() {
                continue;
            }
            let trouble = match self.attempt(&work).await {
                Ok(done) => {
                    report.wake = [report.wake, done.wake].into_iter().flatten().min();
                    self.recovered(&names);
                    if done.look_again {
                        self.look_again(names);
                    }
                    continue;
                }
                Err(trouble) => trouble,
            };
            match trouble {
                Trouble::Divide(_) if names.len() > 1 => {
                    self.counts.add(Counter::Units, &["halved"], 1);
                    let middle = names.len() / 2;
                    for places in [middle..names.len(), 0..middle] {
                        stack.push(Work { event: work.event.part(places), ..work.clone() });
                    }
                }
                Trouble::Divide(ended) => {
                    let ended = self.set_aside(&work, ended).await;
                    report.failed.extend(names.into_iter().map(|name| (name, ended.clone())));
                }
                Trouble::Stop(ended) => {
                    self.counts.add(Counter::Units, &["failed"], 1);
                    report.failed.extend(names.into_iter().map(|name| (name, ended.clone())));
                }
            }
        }
        report
    }

    /// Calls the module and applies the unit, at most [`TRIES`] times on fresh reads.
    async fn attempt(self: &Arc<Self>, work: &Work) -> Result<Done, Trouble> {
        let mut lost = String::new();
        for _ in 0..TRIES {
            let decided = match self.decide(work).await {
                Ok(decided) => decided,
                Err(error) if error.class.is_the_modules_fault() => {
                    warn!(export = work.event.export(), "{}", error.sentence);
                    return Err(Trouble::Divide(Ended::ModuleFailed(error.sentence)));
                }
                Err(error) => return Err(Trouble::Stop(Ended::Host(error.sentence))),
            };
            let wrote = !decided.unit.is_empty();
            let record = decided.record;
            let applied = match self.are_there(&decided.others).await {
                Ok(()) => self.apply(decided.unit).await,
                Err(error) => Err(error),
            };
            if let Some(record) = record {
                self.recorded(record, wrote, &applied);
            }
            if let Err(error) = &applied {
                self.count_lost(error);
            }
            match applied {
                Ok(()) => {
                    let wake = match decided.answer {
                        Answer::Wake(wake) => wake,
                        Answer::Nothing | Answer::Outcomes(_) => None,
                    };
                    let look_again = wrote && self.presence_moved(&decided.presence).await;
                    let moved = self.moved_beside(decided.beside).await;
                    if !look_again && !moved.is_empty() {
                        self.look_again(moved);
                    }
                    return Ok(Done { wake, look_again });
                }
                Err(ApplyError::Stale(what) | ApplyError::Busy(what)) => lost = what,
                Err(ApplyError::Fenced) => {
                    "another module serves by now".clone_into(&mut lost);
                    let reloaded = self.ports.lifecycle.reload().await;
                    reloaded.map_err(|why| Trouble::Stop(Ended::Host(why)))?;
                }
                Err(ApplyError::Overtaken(what)) => {
                    return Err(Trouble::Stop(Ended::Overtaken(what)));
                }
                Err(ApplyError::Unavailable(what)) => return Err(Trouble::Stop(Ended::Host(what))),
                Err(error @ ApplyError::Unknown(_)) => {
                    return Err(Trouble::Stop(Ended::Unknown(error.to_string())));
                }
            }
        }
        Err(Trouble::Divide(Ended::Busy(format!("{TRIES} tries lost their race: {lost}"))))
    }

    fn count_lost(&self, error: &ApplyError) {
        let why = match error {
            ApplyError::Stale(_) => "stale",
            ApplyError::Busy(_) => "busy",
            ApplyError::Fenced => "fenced",
            // These end the work, and are counted as that.
            ApplyError::Overtaken(_) | ApplyError::Unavailable(_) | ApplyError::Unknown(_) => {
                return;
            }
        };
        self.counts.add(Counter::Units, &[why], 1);
    }

    /// One call on fresh reads: what it would change, and what it answered.
    async fn decide(self: &Arc<Self>, work: &Work) -> Result<Decided, CallError> {
        let _permit = self.units.acquire().await.map_err(|_| CallError {
            class: host_core::error::CallClass::Overload,
            sentence: "the bridge is stopping".into(),
        })?;
        let mut event = work.event.clone();
        let module = self.ports.lifecycle.serving();
        let learnt = self.learn(work, &mut event, &*module).await;
        let Learnt { call, holdings, ask } = learnt.map_err(|error| host_fault(&error))?;
        if !ask {
            return Ok(self.unasked(call, &event));
        }
        let world = Arc::new(CallWorld::new(Arc::clone(self), call, holdings));
        let (called, record) = self.call(&*module, &event, &world).await;
        let end = called.as_ref().map_or_else(|error| error.class.as_str(), |_| "ok");
        self.counts.add(Counter::Calls, &[event.export(), end], 1);
        let Called { answer, writes } = called?;
        let (mut call, mut presence) = world.take();
        if let Err(error) = self.read_for_writes(&mut call, &writes).await {
            if let Some(record) = record {
                self.ports.recorder.take(Record { applied: Applied::Failed, ..record });
            }
            return Err(host_fault(&error));
        }
        call.gone = self.gone(&call);
        presence.gone.clone_from(&call.gone);
        let others = of_other_instances(&call, &writes);
        let mut beside = Beside::of(&call);
        let ids = &self.ports.ids;
        let unit = assemble(call, &event, &answer, writes, &mut || ids.next());
        beside.leave_out(&unit);
        Ok(Decided { unit, record, answer, presence, others, beside })
    }

    /// Calls the module; somebody may listen. What does not end well is recorded at once.
    async fn call(
        &self,
        module: &dyn Lifecycle,
        event: &Event,
        world: &Arc<CallWorld>,
    ) -> (Result<Called, CallError>, Option<Record>) {
        let world = Arc::clone(world) as Arc<dyn World>;
        if !self.ports.recorder.wants() {
            return (module.call(event.clone(), world).await, None);
        }
        let listening = Arc::new(Listening::new(world));
        let called = module.call(event.clone(), Arc::clone(&listening) as Arc<_>).await;
        let record = listening.record(self.ports.ids.next(), module.id(), event.clone(), &called);
        match record {
            None => {
                self.counts.add(Counter::Records, &["too-large"], 1);
                (called, None)
            }
            Some(record) if called.is_err() => {
                self.ports.recorder.take(record);
                (called, None)
            }
            record => (called, record),
        }
    }

    /// A call was made, and this became of what it wanted.
    fn recorded(&self, mut record: Record, wrote: bool, applied: &Result<(), ApplyError>) {
        record.applied = match applied {
            Ok(()) if wrote => Applied::Committed,
            Ok(()) => Applied::Nothing,
            Err(ApplyError::Stale(_) | ApplyError::Busy(_) | ApplyError::Fenced) => Applied::Again,
            Err(ApplyError::Overtaken(_) | ApplyError::Unavailable(_) | ApplyError::Unknown(_)) => {
                Applied::Failed
            }
        };
        self.ports.recorder.take(record);
    }

    /// What was learnt, where it is nothing to a module.
    fn unasked(&self, call: Call, event: &Event) -> Decided {
        let (answer, ids) = (Answer::Nothing, &self.ports.ids);
        let unit = assemble(call, event, &answer, Writes::default(), &mut || ids.next());
        let (presence, beside) = (SeenPresence::default(), Beside::default());
        Decided { unit, record: None, answer, presence, others: Vec::new(), beside }
    }

    /// The definitions that changes are laid over, and what is remembered of names that get a row.
    async fn read_for_writes(&self, call: &mut Call, writes: &Writes) -> Result<(), StoreError> {
        let changed = writes.changes.iter();
        let changed = changed.filter(|change| change.definition != DefinitionChange::Keep);
        let defined: Vec<String> = changed.map(|change| change.name.clone()).collect();
        if !defined.is_empty() {
            let read = self.ports.rows.definitions(defined).await?;
            call.row_definitions.extend(read.into_iter().map(|row| (row.name, row.definition)));
        }
        let new: Vec<String> = writes.inserts.iter().map(|row| row.name.clone()).collect();
        if !new.is_empty() {
            let read = self.ports.rows.names(new).await?;
            call.names.extend(read.into_iter().map(|name| (name.name.clone(), name)));
        }
        Ok(())
    }

    fn gone(&self, call: &Call) -> Vec<String> {
        let mut agents: Vec<String> =
            call.holdings.values().map(|state| state.holding.agent.clone()).collect();
        agents.sort_unstable();
        agents.dedup();
        agents.retain(|agent| self.registry.gone_since(agent).is_some());
        agents
    }

    /// Asks the module once more about accounts that were decided while an agent came or went: whoever saw the agent
    /// move may have read their rows before this unit was applied.
    fn look_again(self: &Arc<Self>, accounts: Vec<String>) {
        let shared = Arc::clone(self);
        self.tasks.spawn(async move {
            let event = Event::Tick { reason: TickReason::Sweep, accounts };
            Box::pin(shared.perform(Work::plain(event))).await;
        });
    }

    /// Calls the module with an event and applies nothing of what it wants.
    pub(crate) async fn rehearse(
        self: &Arc<Self>,
        event: Event,
        definitions: HashMap<String, KeptDefinition>,
    ) -> Result<Answer, CallError> {
        let work = Work { definitions: Arc::new(definitions), ..Work::plain(event) };
        let decided = self.decide(&work).await?;
        if let Some(record) = decided.record {
            self.ports.recorder.take(record);
        }
        Ok(decided.answer)
    }

    /// Applies a unit, and tells those who wait for what it brought, here and on other replicas.
    async fn apply(&self, unit: Unit) -> Result<(), ApplyError> {
        if unit.is_empty() {
            return Ok(());
        }
        let items = unit.new_items.iter().chain(&unit.finished_items);
        let ring = Ring {
            agents: unit.agents_to_wake().into_iter().map(str::to_owned).collect(),
            requests: items.map(|item| item.request.clone()).collect(),
            due: unit.next_due(),
            journal: !unit.journal.is_empty(),
            ..Ring::default()
        };
        let (tally, first) = (Tally::of(&unit), unit.journal.iter().map(|step| &step.id).min());
        let first = first.cloned();
        let applied = self.ports.rows.apply(unit).await;
        if applied.is_ok() {
            self.counts.put(tally);
        }
        // Of what may be there whoever waits for it must hear too: nobody else would tell him.
        if matches!(applied, Ok(()) | Err(ApplyError::Unknown(_))) {
            if first.is_some() {
                self.feed.stir(first.as_deref());
            }
            self.rung(&ring);
            self.rings.add(&ring);
        }
        applied
    }

    /// Something was committed, here or elsewhere.
    pub(crate) fn rung(&self, ring: &Ring) {
        self.registry.wake(&ring.agents);
        self.waiters.tell(ring.requests.iter().map(String::as_str));
        if ring.journal {
            self.feed.stir(None);
        }
        if let Some(due) = ring.due {
            self.alarm.set(due);
        }
    }

    /// An item that failed alone: what was learnt is recorded without the module, and its row comes up again later. How
    /// it has ended by that: if it cannot even be set aside, nothing of it is taken in.
    async fn set_aside(self: &Arc<Self>, work: &Work, ended: Ended) -> Ended {
        self.counts.add(Counter::Units, &["set-aside"], 1);
        let names = work.event.names();
        let mut event = work.event.clone();
        let module = self.ports.lifecycle.serving();
        let unit = match self.learn(work, &mut event, &*module).await {
            Ok(learnt) => self.postponed(learnt.call, &event, &names).await,
            Err(error) => Err(error),
        };
        let result = match unit {
            Ok(unit) => self.apply(unit).await.map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        let accounts = names.join(", ");
        match result {
            Ok(()) => {
                error!(%accounts, export = event.export(), "set aside: {ended:?}");
                ended
            }
            Err(error) => {
                error!(%accounts, "could not be set aside: {error}; after {ended:?}");
                Ended::Host(error)
            }
        }
    }

    async fn postponed(
        &self,
        call: Call,
        event: &Event,
        names: &[String],
    ) -> Result<Unit, StoreError> {
        let at = call.at;
        let rows = self.ports.rows.accounts(names.to_vec()).await?;
        let mut unit = assemble(call, event, &Answer::Nothing, Writes::default(), &mut String::new);
        let rows = rows.into_iter().filter(|row| names.contains(&row.name));
        unit.updates.extend(rows.map(|row| self.later(row, at)));
        Ok(unit)
    }

    /// Rows that come up again later, without the module.
    pub(crate) async fn put_off(&self, names: &[String]) {
        let at = self.ports.clock.now();
        let call = self.ports.ids.next();
        let slot_generation = self.ports.lifecycle.serving().id().slot_generation;
        let rows = match self.ports.rows.accounts(names.to_vec()).await {
            Ok(rows) => rows,
            Err(error) => return warn!("rows could not be put off: {error}"),
        };
        let rows = rows.into_iter().filter(|row| names.contains(&row.name));
        let updates = rows.map(|row| self.later(row, at)).collect();
        let unit = Unit { call, at, slot_generation, updates, ..Unit::default() };
        if let Err(error) = self.apply(unit).await {
            warn!("rows could not be put off: {error}");
        }
    }

    fn later(&self, row: Account, at: Millis) -> RowUpdate {
        let expected = row.revision;
        let due_at = Some(at + self.setback(&row.name));
        let account = Account { revision: expected + 1, due_at, ..row };
        RowUpdate { expected, account, definition: None }
    }
}
