//! Has the work done that the ledger decides on: looks at clusters, a bounded number at once and each with a deadline of
//! its own, and ends looks that nobody waits for any more. It knows no stream.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::FutureExt;
use proto::agent::v1::{self as wire, AgentMessage};
use tokio::sync::mpsc;
use tokio_util::task::AbortOnDropHandle;
use tracing::{debug, error};

use crate::backoff::Backoff;
use crate::clusters::{Account, Change, Clusters, Code, Refusal, Seen};
use crate::definition::Definition;
use crate::lanes::Lanes;
use crate::ledger::{After, Ledger, Todo};
use crate::options::AgentOptions;
use crate::surroundings::Surroundings;
use crate::words;

/// How many answers or observations travel in one message at most: a batch of the bridge.
const TOGETHER: usize = 500;

/// How many looks that are over wait to be taken in.
const OVER: usize = 256;

/// A look that is over.
#[derive(Debug)]
struct Over {
    account: Account,
    /// The operation that it was for; none: an account of the own configuration.
    operation: Option<String>,
    looked: Result<Seen, Refusal>,
    took_ms: u64,
}

/// How a look is done, for the tasks that do it.
#[derive(Debug, Clone)]
struct Looker {
    clusters: Arc<dyn Clusters>,
    surroundings: Arc<dyn Surroundings>,
    lanes: Lanes,
    deadline_ms: u64,
}

/// The agent's accounts, and the work on them.
#[derive(Debug)]
pub(crate) struct Desk {
    ledger: Ledger,
    looker: Looker,
    configured: HashMap<String, Definition>,
    /// Looks for operations, by account.
    looks: HashMap<String, AbortOnDropHandle<()>>,
    /// Looks at accounts of the own configuration, until each was seen once.
    own_looks: Vec<AbortOnDropHandle<()>>,
    over: mpsc::Sender<Over>,
    overs: mpsc::Receiver<Over>,
}

impl Desk {
    pub(crate) fn new(
        options: &AgentOptions,
        clusters: Arc<dyn Clusters>,
        surroundings: Arc<dyn Surroundings>,
    ) -> Self {
        let (over, overs) = mpsc::channel(OVER);
        let lanes = Lanes::new(options.looks_at_once);
        let deadline_ms = options.look_deadline_ms;
        let mut desk = Self {
            ledger: Ledger::default(),
            looker: Looker { clusters, surroundings, lanes, deadline_ms },
            configured: HashMap::new(),
            looks: HashMap::new(),
            own_looks: Vec::new(),
            over,
            overs,
        };
        for account in &options.accounts {
            desk.ledger.configure(&account.name);
            desk.configured.insert(account.name.clone(), account.definition.clone());
        }
        desk
    }

    /// Begins to look at the accounts of the own configuration.
    pub(crate) fn begin(&mut self) {
        for (name, definition) in &self.configured {
            let account = Account { name: name.clone(), definition: definition.clone() };
            let (looker, over) = (self.looker.clone(), self.over.clone());
            let look = tokio::spawn(looker.look_until_seen(account, over));
            self.own_looks.push(AbortOnDropHandle::new(look));
        }
    }

    /// Takes an operation of the bridge in.
    pub(crate) fn receive(&mut self, operation: wire::Operation) {
        let (id, name) = (operation.id.clone(), operation.account.clone());
        debug!(
            operation.id = id,
            account.id = name,
            operation.generation = operation.generation,
            "an operation came"
        );
        let decision = self.ledger.admit(operation);
        if decision.overtakes {
            self.looks.remove(&name);
        }
        match decision.todo {
            Todo::Look(mut account) => {
                if account.definition.expose().is_empty() {
                    account.definition = self.configured.get(&name).cloned().unwrap_or_default();
                }
                let look =
                    tokio::spawn(self.looker.clone().look_for(account, id, self.over.clone()));
                self.looks.insert(name, AbortOnDropHandle::new(look));
            }
            Todo::Release(name) => self.looker.clusters.release(&name),
            Todo::Nothing => {}
        }
    }

    /// The bridge has committed what this names.
    pub(crate) fn acknowledged(&mut self, ack: &wire::Ack) {
        self.ledger.acknowledged(&ack.operation_ids);
        self.ledger.heard(&ack.observations);
    }

    /// Waits for the next thing that happens by itself, and takes it in. Dropping the future loses nothing.
    pub(crate) async fn turn(&mut self) {
        tokio::select! {
            over = self.overs.recv() => {
                // The sender is kept: there always is a next one.
                let mut next = over;
                while let Some(over) = next {
                    self.take_in(over);
                    next = self.overs.try_recv().ok();
                }
            }
            changes = self.looker.clusters.changes() => {
                changes.iter().for_each(|change| self.ledger.changed(change));
            }
        }
    }

    /// A stream begins: everything to be registered.
    pub(crate) fn register(&mut self) -> Vec<wire::HeldAccount> {
        self.ledger.register()
    }

    /// A heartbeat's time has passed.
    pub(crate) fn beat(&mut self) {
        self.ledger.beat();
    }

    /// How many accounts are held.
    pub(crate) fn held(&self) -> u64 {
        self.ledger.held()
    }

    /// Whether there is something to say.
    pub(crate) fn has_words(&self) -> bool {
        self.ledger.has_words()
    }

    /// The next messages, of `max` bytes at most each; answers come first.
    pub(crate) fn next_words(&mut self, max: usize) -> Vec<AgentMessage> {
        let results = self.ledger.next_results(TOGETHER);
        if results.is_empty() {
            let observations = self.ledger.next_observations(TOGETHER);
            words::observations(observations, max, |some| self.ledger.say(some))
        } else {
            words::answers(results, max)
        }
    }

    fn take_in(&mut self, over: Over) {
        let Over { account, operation, looked, took_ms } = over;
        let clusters = &self.looker.clusters;
        let Some(operation) = operation else {
            let seen = looked.as_ref().ok();
            self.ledger.changed(&Change {
                account: account.name.clone(),
                health: looked.as_ref().map(|_| ()).map_err(Clone::clone),
                identity: seen.map(|seen| seen.identity.clone()),
                namespaces: seen.and_then(|seen| seen.namespaces.clone()),
            });
            if let Some(seen) = seen {
                clusters.hold(&account, seen);
            }
            return;
        };
        match (self.ledger.finish(&account.name, &operation, &looked, took_ms), &looked) {
            (After::Hold, Ok(seen)) => clusters.hold(&account, seen),
            (After::Release, _) => clusters.release(&account.name),
            (After::Stay, _) | (After::Hold, Err(_)) => {}
            // The look that overtook it may be under way.
            (After::Overtaken, _) => return,
        }
        self.looks.remove(&account.name);
    }
}

impl Looker {
    async fn look_for(self, account: Account, operation: String, over: mpsc::Sender<Over>) {
        let (looked, took_ms) = self.look(&account).await;
        // Nobody to tell: the agent has stopped.
        let _ = over.send(Over { account, operation: Some(operation), looked, took_ms }).await;
    }

    /// Looks at an account of the own configuration until its cluster was seen; from then on it is watched.
    async fn look_until_seen(self, account: Account, over: mpsc::Sender<Over>) {
        let mut backoff = Backoff::default();
        loop {
            let (looked, took_ms) = self.look(&account).await;
            let seen = looked.is_ok();
            let told = Over { account: account.clone(), operation: None, looked, took_ms };
            if over.send(told).await.is_err() || seen {
                return;
            }
            let wait = backoff.wait(self.surroundings.chance());
            self.surroundings.sleep_until(self.surroundings.now() + wait).await;
        }
    }

    async fn look(&self, account: &Account) -> (Result<Seen, Refusal>, u64) {
        // A definition that has this panic has the look panic too, which is told.
        let server = catch_unwind(AssertUnwindSafe(|| self.clusters.server(account)));
        let look = || self.look_once(account);
        self.lanes.pass(&*self.surroundings, &server.unwrap_or_default(), look).await
    }

    async fn look_once(&self, account: &Account) -> (Result<Seen, Refusal>, u64) {
        let began = self.surroundings.now();
        let deadline = began + self.deadline_ms;
        let looked = tokio::select! {
            biased;
            looked = AssertUnwindSafe(self.clusters.look(account)).catch_unwind() => looked,
            () = self.surroundings.sleep_until(deadline) => Ok(Err(Refusal::new(
                Code::Timeout,
                format!("the cluster did not show itself within {} ms", self.deadline_ms),
            ))),
        };
        let looked = looked.unwrap_or_else(|_| {
            error!(account.id = account.name, "looking at an account's cluster panicked");
            Err(Refusal::new(Code::Internal, "the agent has a fault in it; see its log"))
        });
        (looked, self.surroundings.now().saturating_sub(began))
    }
}
