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

/// The slot of the lifecycle module.
pub(crate) const SLOT: &str = "lifecycle";

/// What was heard.
#[derive(Debug, Default)]
struct Heard {
    imports: Vec<Import>,
    log: Vec<LogLine>,
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
        self.heard().imports.push(import);
    }

    /// The record of the call, whose unit is not applied yet.
    pub(crate) fn record(
        &self,
        id: String,
        module: &ModuleId,
        event: Event,
        called: &Result<Called, CallError>,
    ) -> Record {
        let Heard { imports, log } = std::mem::take(&mut *self.heard());
        let end = match called {
            Ok(Called { answer, writes }) => {
                End::Decided { answer: answer.clone(), writes: writes.clone() }
            }
            Err(error) => End::Stopped(error.clone()),
        };
        Record {
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
        }
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
        self.heard().log.push(LogLine { level, message: message.clone() });
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
