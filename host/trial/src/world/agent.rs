//! An agent that says only what it is told to say: it keeps what it was sent, holds what it answered, and follows the
//! rules of `spec/agent-link.md` about repeated and outdated operations.

use std::collections::BTreeMap;

use host_core::account::{Failure, Identity};
use host_core::agent::{HeldAccount, OperationResult, Registration};
use host_core::operation::{Delivery, Operation, OperationKind, SeenNamespaces};
use host_core::port::link::{AgentEvents, RegistrationRefused, Session};

use super::link::{MemoryLink, Said};

/// What an agent sees of an account's cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// Which cluster it is.
    pub identity: Option<Identity>,
    /// Whether it answers as it should; absent: nobody has looked.
    pub healthy: Option<bool>,
    /// Why it does not.
    pub failure: Option<Failure>,
    /// Its namespaces.
    pub namespaces: Option<Vec<String>>,
}

/// An answer that an agent is told to give.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScriptedAnswer {
    /// Why it refuses; absent: done.
    pub refusal: Option<Failure>,
    /// The cluster that it sees.
    pub identity: Option<Identity>,
}

/// What an agent was just sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The operation.
    pub operation: Operation,
    /// It was sent before, and was not answered then.
    pub again: bool,
}

/// An account in an agent's hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    revision: u64,
    configured: bool,
}

/// An agent of a scenario.
#[derive(Debug, Clone)]
pub struct ScriptedAgent {
    id: String,
    zone: String,
    instance: String,
    /// What it holds, by account.
    holds: BTreeMap<String, Held>,
    /// What it sees, by account.
    sees: BTreeMap<String, Seen>,
    /// Every operation that this agent was ever sent, in the order of their first coming.
    sent: Vec<Operation>,
    /// What it has not answered, oldest first.
    open: Vec<String>,
    /// The last answer, by account.
    answered: BTreeMap<String, OperationResult>,
    session: Option<Session>,
    /// The stream stays, and nothing comes.
    silent: bool,
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
            sees: BTreeMap::new(),
            sent: Vec::new(),
            open: Vec::new(),
            answered: BTreeMap::new(),
            session: None,
            silent: false,
        }
    }

    /// Its process has been replaced by another one, which remembers nothing.
    pub fn start_anew(&mut self, instance: &str) {
        let sent = std::mem::take(&mut self.sent);
        *self = Self { sent, ..Self::new(&self.id, &self.zone, instance) };
    }

    /// Puts an account into its hands that nobody sent it: at a definition revision, or from its own configuration.
    pub fn hold(&mut self, account: &str, revision: u64, configured: bool) {
        self.holds.insert(account.to_owned(), Held { revision, configured });
    }

    /// It sees this of an account's cluster.
    pub fn see(&mut self, account: &str, seen: Seen) {
        self.sees.insert(account.to_owned(), seen);
    }

    /// It belongs to another zone from its next registration on.
    pub fn move_to(&mut self, zone: &str) {
        zone.clone_into(&mut self.zone);
    }

    /// Its instance.
    #[must_use]
    pub fn instance(&self) -> &str {
        &self.instance
    }

    /// The accounts that it holds, with the definition revision of each.
    pub fn holds(&self) -> impl Iterator<Item = (&str, u64)> {
        self.holds.iter().map(|(name, held)| (name.as_str(), held.revision))
    }

    /// Its stream, if it is open.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    /// Whether its stream is open and nothing comes on it.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.silent
    }

    /// What it was sent for an account and has not answered, oldest first.
    pub fn unanswered<'a>(&'a self, account: &'a str) -> impl Iterator<Item = &'a Operation> {
        self.sent.iter().filter(move |sent| sent.account == account && self.open.contains(&sent.id))
    }

    /// The operations that it was sent, in their order.
    #[must_use]
    pub fn sent(&self) -> &[Operation] {
        &self.sent
    }

    /// From now on it says nothing, though its stream stays.
    pub fn fall_silent(&mut self) {
        self.silent = true;
    }

    /// It says something again.
    pub fn speak(&mut self) {
        self.silent = false;
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
        self.silent = false;
        let registration = self.registration();
        let welcome = bridge.registered(registration).await?;
        let (agent, instance) = (self.id.clone(), self.instance.clone());
        let session = Session { agent, instance, session: welcome.session };
        link.open(session.clone());
        self.session = Some(session.clone());
        bridge.opened(session).await;
        Ok(())
    }

    fn registration(&self) -> Registration {
        let known = self.holds.keys().chain(self.answered.keys());
        let known: std::collections::BTreeSet<&String> = known.collect();
        let account = |name: &String| self.standing(name);
        Registration {
            agent: self.id.clone(),
            instance: self.instance.clone(),
            zone: self.zone.clone(),
            version: String::new(),
            accounts: known.into_iter().map(account).collect(),
        }
    }

    fn standing(&self, name: &str) -> HeldAccount {
        let held = self.holds.get(name);
        let seen = self.sees.get(name).cloned().unwrap_or_default();
        HeldAccount {
            account: name.to_owned(),
            configured: held.is_some_and(|held| held.configured),
            held: held.map(|held| held.revision),
            generation: self.answered.get(name).map_or(0, |answer| answer.generation),
            identity: seen.identity,
            healthy: seen.healthy,
            failure: seen.failure,
            namespaces: seen.namespaces,
        }
    }

    /// Takes what the bridge sent. Answered operations that come again, and operations that are older than the last it
    /// answered, it answers at once, unless it is silent; the rest waits for the script.
    pub async fn listen(&mut self, bridge: &dyn AgentEvents, link: &MemoryLink) -> Vec<Sent> {
        let Some(session) = self.session.clone() else { return Vec::new() };
        let (mut taken, mut answers) = (Vec::new(), Vec::new());
        while let Some(said) = link.take(&session) {
            let Said::Operations(deliveries) = said else {
                // As the link does with a stream that it ends: the bridge is told that nothing more comes.
                self.session = None;
                bridge.closed(session.clone()).await;
                break;
            };
            for Delivery { operation, .. } in deliveries {
                let again = self.sent.iter().any(|sent| sent.id == operation.id);
                match self.answered.get(&operation.account) {
                    Some(answer) if answer.operation == operation.id => {
                        answers.push(answer.clone());
                    }
                    Some(answer) if answer.generation >= operation.generation => {
                        let stale = Failure { code: "stale".into(), text: "it is outdated".into() };
                        answers.push(self.result(&operation, Some(stale), None));
                    }
                    Some(_) | None => {
                        if !self.open.contains(&operation.id) {
                            self.open.push(operation.id.clone());
                        }
                    }
                }
                if !again {
                    self.sent.push(operation.clone());
                }
                taken.push(Sent { operation, again });
            }
        }
        if !answers.is_empty() && !self.silent {
            bridge.results(session, answers).await;
        }
        taken
    }

    /// Answers an operation that it was sent, also one that it has answered already or that is out of date. Answers
    /// whether the bridge has taken it in.
    pub async fn answer(
        &mut self,
        bridge: &dyn AgentEvents,
        operation: &str,
        answer: ScriptedAnswer,
    ) -> bool {
        let Some(session) = self.session.clone() else { return false };
        let Some(operation) = self.sent.iter().find(|sent| sent.id == operation).cloned() else {
            return false;
        };
        self.open.retain(|open| *open != operation.id);
        let account = &operation.account;
        match (operation.kind, &answer.refusal) {
            (OperationKind::Add | OperationKind::Update, None) => {
                let revision = operation.definition_revision;
                self.holds.insert(account.clone(), Held { revision, configured: false });
            }
            (OperationKind::Add, Some(_)) | (OperationKind::Delete, None) => {
                self.holds.remove(account);
                self.sees.remove(account);
            }
            (OperationKind::Update | OperationKind::Delete, Some(_))
            | (OperationKind::Check, _) => {}
        }
        if let Some(identity) = &answer.identity
            && operation.kind != OperationKind::Check
        {
            self.sees.entry(account.clone()).or_default().identity = Some(identity.clone());
        }
        let seen = self.sees.get(account).and_then(|seen| seen.identity.clone());
        let identity = answer.identity.or(seen);
        let result = self.result(&operation, answer.refusal, identity);
        let newest =
            self.answered.get(account).is_none_or(|last| last.generation <= result.generation);
        if newest {
            self.answered.insert(account.clone(), result.clone());
        }
        bridge.results(session, vec![result]).await.contains(&operation.id)
    }

    /// Says its last answer for an account again. Answers whether there was one.
    pub async fn repeat(&self, bridge: &dyn AgentEvents, account: &str) -> bool {
        let (Some(session), Some(answer)) = (self.session.clone(), self.answered.get(account))
        else {
            return false;
        };
        bridge.results(session, vec![answer.clone()]).await;
        true
    }

    /// Tells what it sees of accounts that it holds. Answers whether the bridge has taken it in.
    pub async fn report(&self, bridge: &dyn AgentEvents, accounts: &[String]) -> bool {
        let Some(session) = self.session.clone() else { return false };
        let accounts = accounts.iter().map(|name| self.standing(name)).collect();
        bridge.observations(session, accounts).await
    }

    /// The stream ends: from its side, or because it was silent for too long.
    pub async fn leave(&mut self, bridge: &dyn AgentEvents, link: &MemoryLink) {
        self.silent = false;
        if let Some(session) = self.session.take() {
            link.end(&session);
            bridge.closed(session).await;
        }
    }

    /// The bridge at the other end is not there any more.
    pub fn lose_the_bridge(&mut self) {
        self.session = None;
    }

    fn result(
        &self,
        operation: &Operation,
        failure: Option<Failure>,
        identity: Option<Identity>,
    ) -> OperationResult {
        let seen = self.sees.get(&operation.account).and_then(|seen| seen.namespaces.clone());
        let namespaces = seen
            .filter(|_| failure.is_none())
            .map(|names| SeenNamespaces { count: names.len() as u64, first: names });
        OperationResult {
            operation: operation.id.clone(),
            account: operation.account.clone(),
            generation: operation.generation,
            failure,
            held: self.holds.get(&operation.account).map(|held| held.revision),
            undelivered: false,
            identity,
            namespaces,
            took_ms: 0,
        }
    }
}
