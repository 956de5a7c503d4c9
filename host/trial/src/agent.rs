//! An agent that says only what it is told to say: it keeps what it was sent, holds what it answered, and follows the
//! rules of `spec/agent-link.md` about repeated and outdated operations.

use std::collections::BTreeMap;

use host_core::account::{Failure, Identity};
use host_core::agent::{HeldAccount, OperationResult, Registration};
use host_core::operation::{Delivery, Operation, OperationKind};
use host_core::port::link::{AgentEvents, RegistrationRefused, Session};

use crate::link::{MemoryLink, Said};

/// An agent of a scenario.
#[derive(Debug, Clone)]
pub struct ScriptedAgent {
    id: String,
    zone: String,
    instance: String,
    /// What it holds, by account: the definition revision.
    holds: BTreeMap<String, u64>,
    /// What it was sent and has not answered, oldest first.
    open: Vec<Operation>,
    /// The last answer, by account.
    answered: BTreeMap<String, OperationResult>,
    session: Option<Session>,
}

impl ScriptedAgent {
    /// An agent that has just started, and holds nothing.
    #[must_use]
    pub fn new(id: &str, zone: &str, instance: &str) -> Self {
        Self {
            id: id.to_owned(),
            zone: zone.to_owned(),
            instance: instance.to_owned(),
            holds: BTreeMap::new(),
            open: Vec::new(),
            answered: BTreeMap::new(),
            session: None,
        }
    }

    /// Puts an account into its hands that nobody sent it, at a definition revision.
    pub fn hold(&mut self, account: &str, revision: u64) {
        self.holds.insert(account.to_owned(), revision);
    }

    /// What it holds, by account: the definition revision.
    #[must_use]
    pub fn holds(&self) -> &BTreeMap<String, u64> {
        &self.holds
    }

    /// Opens a stream: registers with all it holds.
    ///
    /// # Errors
    /// Why the bridge does not take it.
    pub async fn join(
        &mut self,
        bridge: &dyn AgentEvents,
        link: &MemoryLink,
    ) -> Result<(), RegistrationRefused> {
        let held = |(account, revision): (&String, &u64)| HeldAccount {
            account: account.clone(),
            configured: false,
            held: Some(*revision),
            generation: self.answered.get(account).map_or(0, |answer| answer.generation),
            identity: None,
            healthy: None,
            failure: None,
            namespaces: None,
        };
        let registration = Registration {
            agent: self.id.clone(),
            instance: self.instance.clone(),
            zone: self.zone.clone(),
            version: String::new(),
            accounts: self.holds.iter().map(held).collect(),
        };
        let welcome = bridge.registered(registration).await?;
        let (agent, instance) = (self.id.clone(), self.instance.clone());
        let session = Session { agent, instance, session: welcome.session };
        link.open(session.clone());
        self.session = Some(session.clone());
        bridge.opened(session).await;
        Ok(())
    }

    /// Takes what the bridge sent, and answers it: operations that are new to it. One that it has answered, or that is
    /// older than the last it saw, it answers at once.
    pub async fn listen(&mut self, bridge: &dyn AgentEvents, link: &MemoryLink) -> Vec<Operation> {
        let Some(session) = self.session.clone() else { return Vec::new() };
        let (mut new, mut again) = (Vec::new(), Vec::new());
        while let Some(said) = link.take(&session) {
            let Said::Operations(deliveries) = said else {
                self.session = None;
                break;
            };
            for Delivery { operation, .. } in deliveries {
                match self.answered.get(&operation.account) {
                    Some(answer) if answer.operation == operation.id => again.push(answer.clone()),
                    Some(answer) if answer.generation >= operation.generation => {
                        again.push(self.result(&operation, Some("stale"), None));
                    }
                    Some(_) | None => new.push(operation),
                }
            }
        }
        self.open.extend(new.iter().cloned());
        if !again.is_empty() {
            bridge.results(session, again).await;
        }
        new
    }

    /// Answers the oldest operation for an account that it has not answered: done, or refused with a code. Answers
    /// whether there was one, and whether the bridge has taken it in.
    pub async fn answer(
        &mut self,
        bridge: &dyn AgentEvents,
        account: &str,
        refusal: Option<&str>,
        identity: Option<Identity>,
    ) -> bool {
        let Some(session) = self.session.clone() else { return false };
        let Some(place) = self.open.iter().position(|open| open.account == account) else {
            return false;
        };
        let operation = self.open.remove(place);
        match (operation.kind, refusal) {
            (OperationKind::Add | OperationKind::Update, None) => {
                self.holds.insert(account.to_owned(), operation.definition_revision);
            }
            (OperationKind::Add, Some(_)) | (OperationKind::Delete, None) => {
                self.holds.remove(account);
            }
            (OperationKind::Update | OperationKind::Delete, Some(_))
            | (OperationKind::Check, _) => {}
        }
        let result = self.result(&operation, refusal, identity);
        self.answered.insert(account.to_owned(), result.clone());
        bridge.results(session, vec![result]).await.contains(&operation.id)
    }

    /// The stream ends from its side.
    pub async fn leave(&mut self, bridge: &dyn AgentEvents, link: &MemoryLink) {
        if let Some(session) = self.session.take() {
            link.end(&session);
            bridge.closed(session).await;
        }
    }

    fn result(
        &self,
        operation: &Operation,
        refusal: Option<&str>,
        identity: Option<Identity>,
    ) -> OperationResult {
        OperationResult {
            operation: operation.id.clone(),
            account: operation.account.clone(),
            generation: operation.generation,
            failure: refusal.map(|code| Failure {
                code: code.to_owned(),
                text: format!("the script says {code}"),
            }),
            held: self.holds.get(&operation.account).copied(),
            undelivered: false,
            identity,
            took_ms: 0,
        }
    }
}
