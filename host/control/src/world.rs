//! What a module sees during one call: committed rows, what the event taught, and the chain's answers.
//!
//! Everything that was read is kept for the unit: the rows that writes are compared with, and the definitions that were
//! named by handles. Secrets are replaced by references before a definition gets its handle.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::Agent;
use host_core::clock::Millis;
use host_core::definition::Definition;
use host_core::error::{CallClass, CallError, SourceError, StoreError};
use host_core::event::DefinitionRef;
use host_core::holding::{Holding, KnownHolding};
use host_core::policy::{
    Admission, Backoff, Case, FailedTry, Placement, Question, Subject, Verdict,
};
use host_core::port::vault::Vault;
use host_core::port::world::{OfferedAccount, World};
use host_core::record::LogLevel;
use host_core::source::SourceAccount;
use host_core::unit::assemble::{Call, HoldingState, KeptDefinition};
use tracing::{debug, error, info, warn};

use crate::bridge::Shared;
use crate::presence::SeenPresence;

/// The world of one call.
#[derive(Debug)]
pub(crate) struct CallWorld {
    shared: Arc<Shared>,
    at: Millis,
    /// The same throughout the call, whatever is in force by its end.
    settings: Vec<(String, String)>,
    /// The accounts whose holdings were read before the call, because of what the event taught.
    preloaded: bool,
    call: Mutex<Call>,
    presence: Mutex<SeenPresence>,
}

impl CallWorld {
    pub(crate) fn new(shared: Arc<Shared>, call: Call, preloaded: bool) -> Self {
        let (at, settings) = (call.at, shared.tuning.settings.get().pairs());
        let (call, presence) = (Mutex::new(call), Mutex::default());
        Self { shared, at, settings, preloaded, call, presence }
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the call has read and learnt, and who it was told is there; the world answers nothing after it.
    pub(crate) fn take(&self) -> (Call, SeenPresence) {
        let mut presence = self.presence.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut *self.call()), std::mem::take(&mut *presence))
    }

    fn offer(&self, found: Vec<SourceAccount>) -> Vec<OfferedAccount> {
        let mut call = self.call();
        found
            .into_iter()
            .map(|account| {
                let (definition, fault) = match account.definition {
                    Ok(definition) => (definition, None),
                    Err(fault) => (Definition::default(), Some(fault)),
                };
                let vault = &*self.shared.ports.vault;
                let kept = keep(vault, &account.name, definition, &account.source);
                let definition = handle(&kept.definition);
                call.definitions.insert(definition.id.clone(), kept);
                OfferedAccount { name: account.name, source: account.source, definition, fault }
            })
            .collect()
    }

    /// The subjects of a question with the definitions behind their handles.
    async fn cases(&self, subjects: &[Subject]) -> Result<Vec<Case>, CallError> {
        let own = subjects.iter().filter(|subject| subject.definition.is_none());
        let own: Vec<String> = own.map(|subject| subject.name.clone()).collect();
        let read = match own.is_empty() {
            true => Vec::new(),
            false => {
                let read = self.shared.ports.rows.definitions(own).await;
                read.map_err(|error| host_fault(&error))?
            }
        };
        let rows: HashMap<String, Definition> =
            read.into_iter().map(|row| (row.name, row.definition)).collect();
        let call = self.call();
        let case = |subject: &Subject| {
            let given =
                subject.definition.as_ref().and_then(|given| call.definitions.get(&given.id));
            let own = || rows.get(&subject.name).cloned().unwrap_or_default();
            Case {
                name: subject.name.clone(),
                zone: subject.zone.clone(),
                definition: given.map_or_else(own, |kept| kept.definition.clone()),
                attributes: subject.attributes.clone(),
            }
        };
        Ok(subjects.iter().map(case).collect())
    }

    /// A definition that the chain has amended, under a handle of its own. Its secrets are those of the one before.
    fn amended(&self, subject: &Subject, definition: Definition) -> Verdict {
        let mut call = self.call();
        let before = subject.definition.as_ref().and_then(|given| call.definitions.get(&given.id));
        let kept = KeptDefinition { definition, ..before.cloned().unwrap_or_default() };
        let DefinitionRef { id, keys } = handle(&kept.definition);
        call.definitions.insert(id.clone(), kept);
        Verdict::Amend { id, keys }
    }

    fn known(&self, holding: Holding) -> KnownHolding {
        let gone_since = self.shared.registry.gone_since(&holding.agent);
        KnownHolding { holding, gone_since }
    }
}

/// Takes the secrets out of a definition, and keeps both.
pub(crate) fn keep(
    vault: &dyn Vault,
    account: &str,
    mut definition: Definition,
    source: &str,
) -> KeptDefinition {
    let mut secrets = Vec::new();
    let sealed = definition.seal(|value| {
        let reference = vault.reference(account, value);
        secrets.push((reference.clone(), value.clone()));
        Ok::<_, std::convert::Infallible>(reference)
    });
    match sealed {
        Ok(()) => KeptDefinition { definition, secrets, source: source.to_owned() },
        Err(never) => match never {},
    }
}

/// The handle of a definition, as a module sees it.
pub(crate) fn handle(definition: &Definition) -> DefinitionRef {
    DefinitionRef { id: definition.id(), keys: definition.keys() }
}

/// What was read of holdings, as the unit wants it.
pub(crate) fn as_read(holding: Holding) -> ((String, String), HoldingState) {
    let key = (holding.account.clone(), holding.agent.clone());
    (key, HoldingState { expected: Some(holding.revision), holding, changed: false })
}

/// The store's trouble as the call's: the host's fault, never the module's.
pub(crate) fn host_fault(error: &StoreError) -> CallError {
    CallError { class: CallClass::Host, sentence: error.to_string() }
}

fn source_fault(error: &SourceError) -> CallError {
    CallError { class: CallClass::Host, sentence: error.to_string() }
}

#[async_trait]
impl World for CallWorld {
    fn now(&self) -> Millis {
        self.at
    }

    fn next_id(&self) -> String {
        self.shared.ports.ids.next()
    }

    fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }

    fn log(&self, level: LogLevel, message: String) {
        match level {
            LogLevel::Debug => debug!(target: "module", "{message}"),
            LogLevel::Info => info!(target: "module", "{message}"),
            LogLevel::Warn => warn!(target: "module", "{message}"),
            LogLevel::Error => error!(target: "module", "{message}"),
        }
    }

    async fn accounts(&self, names: Vec<String>) -> Result<Vec<Account>, CallError> {
        let rows = self.shared.ports.rows.accounts(names).await.map_err(|e| host_fault(&e))?;
        self.call().rows.extend(rows.iter().map(|row| (row.name.clone(), row.clone())));
        Ok(rows)
    }

    async fn accounts_page(&self, after: String, limit: usize) -> Result<Vec<Account>, CallError> {
        let rows = self.shared.ports.rows.accounts_page(after, limit).await;
        let rows = rows.map_err(|error| host_fault(&error))?;
        self.call().rows.extend(rows.iter().map(|row| (row.name.clone(), row.clone())));
        Ok(rows)
    }

    async fn accounts_due(&self, at: Millis, limit: usize) -> Result<Vec<String>, CallError> {
        self.shared.ports.rows.due(at, limit).await.map_err(|error| host_fault(&error))
    }

    async fn sources(&self, names: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        let found = self.shared.ports.sources.find(names).await.map_err(|e| source_fault(&e))?;
        Ok(self.offer(found))
    }

    async fn sources_page(
        &self,
        after: String,
        limit: usize,
    ) -> Result<Vec<OfferedAccount>, CallError> {
        let found = self.shared.ports.sources.page(after, limit).await;
        Ok(self.offer(found.map_err(|error| source_fault(&error))?))
    }

    async fn agents(&self, zones: Vec<String>) -> Result<Vec<Agent>, CallError> {
        let there = self.shared.registry.there(&zones);
        self.presence.lock().unwrap_or_else(PoisonError::into_inner).saw(zones, &there);
        Ok(there)
    }

    async fn holdings(&self, accounts: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        if !self.preloaded {
            let read = self.shared.ports.rows.holdings(accounts.clone()).await;
            let read = read.map_err(|error| host_fault(&error))?;
            self.call().holdings.extend(read.into_iter().map(as_read));
        }
        let call = self.call();
        let of = |account: &String| {
            let first = (account.clone(), String::new());
            call.holdings
                .range(first..)
                .take_while(|((name, _), _)| name == account)
                .map(|(_, state)| self.known(state.holding.clone()))
                .collect::<Vec<_>>()
        };
        Ok(accounts.iter().flat_map(of).collect())
    }

    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        if !self.shared.ports.policies.asks(Question::Admission) {
            return Ok(vec![Verdict::Allow; subjects.len()]);
        }
        let cases = self.cases(&subjects).await?;
        let admitted = self.shared.ports.policies.admit(cases).await?.into_iter().zip(&subjects);
        let verdict = |(admission, subject): (Admission, &Subject)| match admission {
            Admission::Allow => Verdict::Allow,
            Admission::Deny(reason) => Verdict::Deny(reason),
            Admission::Amend(definition) => self.amended(subject, definition),
        };
        Ok(admitted.map(verdict).collect())
    }

    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        if !self.shared.ports.policies.asks(Question::Placement) {
            return Ok(vec![Placement::Keep; subjects.len()]);
        }
        let cases = self.cases(&subjects).await?;
        self.shared.ports.policies.place(cases).await
    }

    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        self.shared.ports.policies.retry(questions).await
    }
}
