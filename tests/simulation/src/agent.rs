//! An agent of a run: the reference agent's ledger, with looks at clusters that end when the schedule wants it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use host_agent::ledger::{After, Ledger, Todo};
use host_agent::{Change, Code, Identity, Refusal, Seen};
use host_core::clock::Millis;
use proto::agent::v1::{
    AgentMessage, BridgeMessage, Health, Heartbeat, Observations, OperationResults, Register,
    agent_message, bridge_message::Message, operation::Kind,
};
use proto::bounds;

use crate::check::watch::Watch;
use crate::options::TIMEOUT_MS;

/// How many words travel in one message at most.
const TOGETHER: usize = 500;

/// What an agent does after it has heard something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It goes on.
    Word,
    /// The bridge ends the stream.
    End,
}

/// A look at a cluster that is under way.
#[derive(Debug)]
struct Look {
    operation: String,
    generation: u64,
    changes: bool,
}

/// An agent: its process, and what its clusters do.
#[derive(Debug)]
pub struct SimAgent {
    /// Its id.
    pub id: String,
    /// Its zone.
    pub zone: String,
    /// The process that runs.
    pub instance: String,
    /// The stream that it takes for open.
    pub stream: Option<u64>,
    /// Whether it has been told on this stream that it is registered.
    pub registered: bool,
    /// When it dials again, while it has no stream.
    pub dial_at: Millis,
    /// When it says the next time that it is there.
    pub beat_at: Millis,
    /// Accounts of its own configuration.
    pub configured: BTreeSet<String>,
    /// What its clusters refuse, by account.
    pub refuses: BTreeMap<String, Code>,
    ledger: Ledger,
    looks: BTreeMap<String, Look>,
    starts: u64,
    watch: Arc<Watch>,
}

impl SimAgent {
    /// An agent that has just started.
    #[must_use]
    pub fn new(id: &str, zone: &str, configured: BTreeSet<String>, watch: Arc<Watch>) -> Self {
        let mut agent = Self {
            id: id.to_owned(),
            zone: zone.to_owned(),
            instance: String::new(),
            stream: None,
            registered: false,
            dial_at: 0,
            beat_at: 0,
            configured,
            refuses: BTreeMap::new(),
            ledger: Ledger::default(),
            looks: BTreeMap::new(),
            starts: 0,
            watch,
        };
        agent.restart();
        agent
    }

    /// Its process ends, and another one starts, which holds what its configuration says.
    pub fn restart(&mut self) {
        self.starts += 1;
        self.instance = format!("{}-{}", self.id, self.starts);
        self.stream = None;
        self.registered = false;
        self.looks.clear();
        self.ledger = Ledger::default();
        for account in &self.configured {
            self.ledger.configure(account);
            let identity = Some(identity(account));
            let account = account.clone();
            self.ledger.changed(&Change { account, health: Ok(()), identity, namespaces: None });
        }
    }

    /// What it holds, by account: the definition revision.
    #[must_use]
    pub fn holds(&self) -> BTreeMap<String, u64> {
        self.ledger.holds().map(|(name, revision)| (name.to_owned(), revision)).collect()
    }

    /// Whether the cluster of an account that it holds answers, as far as it has looked, and which one it is.
    #[must_use]
    pub fn sees(&self, account: &str) -> Option<(Option<bool>, Option<String>)> {
        let seen = self.ledger.seen(account)?;
        let healthy = match seen.health() {
            Health::Unspecified => None,
            Health::Healthy => Some(true),
            Health::Unreachable => Some(false),
        };
        Some((healthy, seen.identity.map(|identity| identity.fingerprint)))
    }

    /// The accounts whose clusters it looks at.
    pub fn looks(&self) -> impl Iterator<Item = &String> {
        self.looks.keys()
    }

    /// Its registration, the first word of a stream.
    pub fn register(&mut self, now: Millis) -> AgentMessage {
        self.registered = false;
        self.beat_at = now + TIMEOUT_MS / 3;
        let register = Register {
            agent_id: self.id.clone(),
            instance_id: self.instance.clone(),
            zone_id: self.zone.clone(),
            protocol_min: bounds::PROTOCOL,
            protocol_max: bounds::PROTOCOL,
            version: "0".to_owned(),
            accounts: self.ledger.register(),
            last: true,
            ..Register::default()
        };
        say(agent_message::Message::Register(register))
    }

    /// Hears a word of the bridge.
    pub fn hear(&mut self, word: BridgeMessage) -> Heard {
        match word.message {
            Some(Message::Registered(_)) => self.registered = true,
            Some(Message::Operations(operations)) => {
                for operation in operations.operations {
                    self.take(operation);
                }
            }
            Some(Message::Ack(ack)) => {
                self.ledger.acknowledged(&ack.operation_ids);
                self.ledger.heard(&ack.observations);
            }
            Some(Message::Drain(_) | Message::Refused(_)) => return Heard::End,
            None => {}
        }
        Heard::Word
    }

    fn take(&mut self, operation: proto::agent::v1::Operation) {
        let (id, name) = (operation.id.clone(), operation.account.clone());
        let generation = operation.generation;
        let changes = operation.kind() != Kind::CheckAccounts;
        let decision = self.ledger.admit(operation);
        if decision.overtakes {
            self.looks.remove(&name);
        }
        match decision.todo {
            Todo::Look(_) => {
                self.looks.insert(name, Look { operation: id, generation, changes });
            }
            Todo::Release(account) => {
                self.watch.effect(&self.instance, &account, &id, generation);
                self.watch.done(&id);
            }
            Todo::Nothing => {}
        }
    }

    /// A look is over. Answers what was seen.
    pub fn look_ends(&mut self, account: &str) -> &'static str {
        let Some(look) = self.looks.remove(account) else { return "nothing" };
        let looked = match self.refuses.get(account) {
            Some(code) => Err(Refusal::new(*code, "the simulation refuses")),
            None => Ok(Seen { identity: identity(account), namespaces: None }),
        };
        match self.ledger.finish(account, &look.operation, &looked, 1) {
            After::Overtaken => return "overtaken",
            After::Hold | After::Release | After::Stay => {}
        }
        if look.changes {
            self.watch.effect(&self.instance, account, &look.operation, look.generation);
        }
        if looked.is_err() {
            return "refused";
        }
        self.watch.done(&look.operation);
        "seen"
    }

    /// Something changes at a held account's cluster.
    pub fn observe(&mut self, account: &str, healthy: bool) {
        let (account, identity) = (account.to_owned(), Some(identity(account)));
        let away = || Refusal::new(Code::Unreachable, "the cluster does not answer");
        let health = healthy.then_some(()).ok_or_else(away);
        self.ledger.changed(&Change { account, health, identity, namespaces: None });
    }

    /// What it has to say, if it may speak.
    pub fn words(&mut self, now: Millis) -> Vec<AgentMessage> {
        let mut words = Vec::new();
        if !self.registered {
            return words;
        }
        if now >= self.beat_at {
            self.beat_at = now + TIMEOUT_MS / 3;
            self.ledger.beat();
            let beat = Heartbeat { at_ms: now, held: self.ledger.held() };
            words.push(say(agent_message::Message::Heartbeat(beat)));
        }
        while self.ledger.has_words() {
            let results = self.ledger.next_results(TOGETHER);
            if results.is_empty() {
                let observations = self.ledger.next_observations(TOGETHER);
                if !observations.is_empty() {
                    let number = self.ledger.say(&observations);
                    let seen = Observations { observations, number };
                    words.push(say(agent_message::Message::Observations(seen)));
                }
            } else {
                words.push(say(agent_message::Message::Results(OperationResults { results })));
            }
        }
        words
    }
}

/// The cluster that an account always is.
fn identity(account: &str) -> Identity {
    Identity {
        host: format!("https://{account}:6443"),
        fingerprint: account.to_owned(),
        version: "v1".to_owned(),
    }
}

fn say(message: agent_message::Message) -> AgentMessage {
    AgentMessage { message: Some(message) }
}
