//! A call's world with somebody who listens: every read of the module with its answer, every id, every line of its log.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::error::CallError;
use host_core::event::Event;
use host_core::holding::KnownHolding;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::lifecycle::{Called, ModuleId};
use host_core::port::world::{OfferedAccount, World};
use host_core::record::{
    Applied, Asked, End, FORMAT, Import, LIFECYCLE_CONTRACT, LogLevel, LogLine, Record,
};

use crate::recorder::weight;

/// The slot of the lifecycle module.
pub(crate) const SLOT: &str = "lifecycle";

/// The most of one call that is listened to, in bytes: what a module asks is bounded by nothing but its time.
const HEARD_MAX: usize = 32 << 20;

/// What was heard.
#[derive(Debug, Default)]
struct Heard {
    imports: Vec<Import>,
    log: Vec<LogLine>,
    /// How much that is. Beyond [`HEARD_MAX`] nothing is kept of the call.
    bytes: usize,
}

impl Heard {
    fn is_too_much(&self) -> bool {
        self.bytes > HEARD_MAX
    }

    /// Hears something as large as this; answers whether it is to be kept.
    fn hear(&mut self, bytes: usize) -> bool {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.is_too_much() {
            (self.imports, self.log) = Default::default();
        }
        !self.is_too_much()
    }
}

/// A world, and what is heard of it.
#[derive(Debug)]
pub(crate) struct Listening {
    world: Arc<dyn World>,
    heard: Mutex<Heard>,
    began: Instant,
}

impl Listening {
    pub(crate) fn new(world: Arc<dyn World>) -> Self {
        Self { world, heard: Mutex::default(), began: Instant::now() }
    }

    fn heard(&self) -> MutexGuard<'_, Heard> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, import: Import) {
        let bytes = weight(&import);
        let mut heard = self.heard();
        if heard.hear(bytes) {
            heard.imports.push(import);
        }
    }

    /// The record of the call, whose unit is not applied yet; none, if there was too much to hear.
    pub(crate) fn record(
        &self,
        id: String,
        module: &ModuleId,
        event: Event,
        called: &Result<Called, CallError>,
    ) -> Option<Record> {
        let heard = std::mem::take(&mut *self.heard());
        if heard.is_too_much() {
            return None;
        }
        let Heard { imports, log, .. } = heard;
        let end = match called {
            Ok(Called { answer, writes }) => {
                End::Decided { answer: answer.clone(), writes: writes.clone() }
            }
            Err(error) => End::Stopped(error.clone()),
        };
        Some(Record {
            format: FORMAT,
            id,
            at: self.world.now(),
            contract: LIFECYCLE_CONTRACT.to_owned(),
            slot: SLOT.to_owned(),
            slot_generation: module.slot_generation,
            module: module.digest.clone(),
            settings: self.world.settings(),
            asked: Asked::Event(event),
            imports,
            log,
            end,
            applied: Applied::Nothing,
            took_us: u64::try_from(self.began.elapsed().as_micros()).unwrap_or(u64::MAX),
        })
    }
}

#[async_trait]
impl World for Listening {
    fn now(&self) -> Millis {
        self.world.now()
    }

    fn next_id(&self) -> String {
        let id = self.world.next_id();
        self.note(Import::Id(id.clone()));
        id
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.world.settings()
    }

    fn log(&self, level: LogLevel, message: String) {
        let line = LogLine { level, message: message.clone() };
        let bytes = weight(&line);
        let mut heard = self.heard();
        if heard.hear(bytes) {
            heard.log.push(line);
        }
        drop(heard);
        self.world.log(level, message);
    }

    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, CallError> {
        let told = self.world.accounts(names.clone()).await?;
        self.note(Import::Accounts { asked: names, told: told.clone() });
        Ok(told)
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, CallError> {
        let told = self.world.accounts_page(after.clone(), limit).await?;
        self.note(Import::AccountsPage { after, limit, told: told.clone() });
        Ok(told)
    }

    async fn accounts_due(&self, at: Millis, limit: usize) -> Result<Vec<String>, CallError> {
        let told = self.world.accounts_due(at, limit).await?;
        self.note(Import::AccountsDue { at, limit, told: told.clone() });
        Ok(told)
    }

    async fn sources(&self, names: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        let told = self.world.sources(names.clone()).await?;
        self.note(Import::Sources { asked: names, told: told.clone() });
        Ok(told)
    }

    async fn sources_page(
        &self,
        after: String,
        limit: usize,
    ) -> Result<Vec<OfferedAccount>, CallError> {
        let told = self.world.sources_page(after.clone(), limit).await?;
        self.note(Import::SourcesPage { after, limit, told: told.clone() });
        Ok(told)
    }

    async fn agents(&self, zones: Vec<String>) -> Result<Vec<Agent>, CallError> {
        let told = self.world.agents(zones.clone()).await?;
        self.note(Import::Agents { asked: zones, told: told.clone() });
        Ok(told)
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        let told = self.world.holdings(accounts.clone()).await?;
        self.note(Import::Holdings { asked: accounts, told: told.clone() });
        Ok(told)
    }

    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        let told = self.world.admit(subjects.clone()).await?;
        self.note(Import::Admit { asked: subjects, told: told.clone() });
        Ok(told)
    }

    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        let told = self.world.place(subjects.clone()).await?;
        self.note(Import::Place { asked: subjects, told: told.clone() });
        Ok(told)
    }

    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        let told = self.world.retry(questions.clone()).await?;
        self.note(Import::Retry { asked: questions, told: told.clone() });
        Ok(told)
    }
}

#[cfg(test)]
mod tests {
    use host_core::record::Import;

    use super::{HEARD_MAX, Heard};

    #[test]
    fn a_module_that_asks_without_end_is_not_remembered_without_end() {
        let mut heard = Heard::default();
        let mut kept = 0;
        for turn in 0_usize..1_000 {
            if heard.hear(HEARD_MAX / 10) {
                kept += 1;
                heard.imports.push(Import::Id(turn.to_string()));
            }
        }
        assert_eq!(kept, 10, "as many as there is room for");
        assert!(heard.is_too_much());
        assert!(heard.imports.is_empty(), "nothing stays of what is too much");
        assert!(!heard.hear(1), "and nothing more is heard");
    }
}
