//! A world that answers from memory: inactive accounts, and one agent in their zone that nothing is known about.

use async_trait::async_trait;
use host_core::account::Account;
use host_core::agent::{Agent, Presence};
use host_core::clock::Millis;
use host_core::error::CallError;
use host_core::holding::KnownHolding;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::world::{OfferedAccount, World};
use host_core::record::LogLevel;
use host_core::settings::Settings;

/// The time in it.
pub(crate) const NOW: Millis = 1_795_348_800_000;

#[derive(Debug)]
pub(crate) struct MemoryWorld {
    accounts: Vec<Account>,
    agent: Agent,
    settings: Vec<(String, String)>,
}

impl MemoryWorld {
    pub(crate) fn new(names: &[String]) -> Self {
        let agent = Agent {
            id: "agent-a".into(),
            instance: "agent-a-1".into(),
            zone: "eu".into(),
            session: "01KAN0SESSION0000000000000".into(),
            presence: Presence::Connected,
            presence_since: NOW,
            last_seen: NOW,
            settled: Presence::Connected,
            version: String::new(),
            replica: String::new(),
            changed: 0,
        };
        let settings = Settings::default().pairs();
        Self { accounts: names.iter().map(|name| inactive(name)).collect(), agent, settings }
    }
}

fn inactive(name: &str) -> Account {
    Account {
        name: name.to_owned(),
        state: "INACTIVE".into(),
        revision: NOW,
        state_revision: NOW,
        definition_revision: NOW,
        zone: Some("eu".into()),
        declared_by: None,
        identity: None,
        failed_count: 0,
        error: None,
        state_since: NOW,
        due_at: None,
        requests: Vec::new(),
        attributes: Vec::new(),
        generation: Some(1),
    }
}

#[async_trait]
impl World for MemoryWorld {
    fn now(&self) -> Millis {
        NOW
    }
    fn next_id(&self) -> String {
        "01KAN00PERATION00000000000".into()
    }
    fn settings(&self) -> Vec<(String, String)> {
        self.settings.clone()
    }
    fn log(&self, _: LogLevel, _: String) {}
    async fn accounts(&self, _: Vec<String>) -> Result<Vec<Account>, CallError> {
        Ok(self.accounts.clone())
    }
    async fn accounts_page(&self, _: String, _: usize) -> Result<Vec<Account>, CallError> {
        Ok(self.accounts.clone())
    }
    async fn accounts_due(&self, _: Millis, _: usize) -> Result<Vec<String>, CallError> {
        Ok(Vec::new())
    }
    async fn sources(&self, _: Vec<String>) -> Result<Vec<OfferedAccount>, CallError> {
        Ok(Vec::new())
    }
    async fn sources_page(&self, _: String, _: usize) -> Result<Vec<OfferedAccount>, CallError> {
        Ok(Vec::new())
    }
    async fn agents(&self, _: Vec<String>) -> Result<Vec<Agent>, CallError> {
        Ok(vec![self.agent.clone()])
    }
    async fn holdings(&self, _: Vec<String>) -> Result<Vec<KnownHolding>, CallError> {
        Ok(Vec::new())
    }
    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        Ok(vec![Verdict::Allow; subjects.len()])
    }
    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        Ok(vec![Placement::Keep; subjects.len()])
    }
    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        Ok(vec![Backoff::After(5_000); questions.len()])
    }
}
