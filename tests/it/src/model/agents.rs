//! The agents: what they do with an operation, and what the wire does to them.

use host_core::account::Failure;
use host_core::agent::{OperationResult, Presence};
use host_core::operation::{Operation, OperationKind};

use super::world::{Cluster, Message, NOW, World};

impl World {
    /// Puts an operation on the agent's stream; the agent does it, or refuses, and answers. One that it has done is
    /// answered as before; one that is older than the last it saw is refused.
    pub(super) fn deliver(&mut self, place: usize, takes: bool) {
        self.outbox[place].handed = true;
        let asked = self.outbox[place].operation.clone();
        let Some(at) = self.agents.iter().position(|side| side.id == asked.agent) else { return };
        let side = &mut self.agents[at];
        let before = side.seen.get(&asked.account).cloned();
        let result = match before {
            Some(before) if before.generation == asked.generation => before,
            Some(before) if before.generation > asked.generation => {
                let held = side.holds.get(&asked.account).copied();
                answer(&asked, Some("stale"), held)
            }
            Some(_) | None => {
                let result = self.carry_out(at, &asked, takes);
                self.agents[at].seen.insert(asked.account.clone(), result.clone());
                result
            }
        };
        let side = &self.agents[at];
        // A refusal names no cluster, and the answer before it may have been overtaken.
        let silent = side.sees.is_some() && result.identity.is_none();
        if silent && side.holds.contains_key(&asked.account) {
            self.observe(at, asked.account.clone());
        }
        self.messages.push(Message::Answer { agent: at, asked, result, late: false });
    }

    fn carry_out(&mut self, at: usize, asked: &Operation, takes: bool) -> OperationResult {
        let holds = &mut self.agents[at].holds;
        if takes {
            match asked.kind {
                OperationKind::Add | OperationKind::Update => {
                    holds.insert(asked.account.clone(), asked.definition_revision);
                }
                OperationKind::Delete => {
                    holds.remove(&asked.account);
                }
                OperationKind::Check => {}
            }
        }
        let held = holds.get(&asked.account).copied();
        let looked = takes && asked.kind != OperationKind::Delete;
        let identity = self.agents[at].sees.filter(|_| looked).map(Cluster::identity);
        OperationResult { identity, ..answer(asked, (!takes).then_some("unreachable"), held) }
    }

    /// The agent sees the other cluster, and says so of what it holds, if it can.
    pub(super) fn turn(&mut self, at: usize) {
        let side = &mut self.agents[at];
        side.sees = side.sees.map(Cluster::turned);
        // An answer that is repeated names the cluster that is seen by now.
        let seen = side.sees.map(Cluster::identity);
        for (account, answer) in &mut side.seen {
            if answer.identity.is_some() && side.holds.contains_key(account) {
                answer.identity.clone_from(&seen);
            }
        }
        if side.presence != Presence::Connected || side.registered != side.instance {
            return;
        }
        let held: Vec<String> = side.holds.keys().cloned().collect();
        held.into_iter().for_each(|account| self.observe(at, account));
    }

    /// The agent tells what it sees of an account that it holds, unless it is about to.
    fn observe(&mut self, at: usize, account: String) {
        let tells = |message: &Message| match message {
            Message::Joined { agent, account: other, .. }
            | Message::Turned { agent, account: other } => *agent == at && *other == account,
            Message::Left { .. } | Message::Answer { .. } => false,
        };
        if !self.messages.iter().any(tells) {
            self.messages.push(Message::Turned { agent: at, account });
        }
    }

    /// The stream ends, after everything that it brought. What was not taken in of the registration is never taken in;
    /// answers on their way are lost.
    pub(super) fn cut(&mut self, at: usize) {
        self.messages.retain(|message| !message.is_word_of(at));
        let side = &mut self.agents[at];
        side.presence = Presence::Gone;
        side.gone_since = NOW;
        self.forget_registration(at);
        self.leave(at);
    }

    /// The agent's process ends, and another one starts, which holds nothing.
    pub(super) fn restart(&mut self, at: usize) {
        let side = &mut self.agents[at];
        side.instance = format!("{}-new", side.id);
        side.holds.clear();
        side.seen.clear();
    }

    /// The agent registers on a new stream. It repeats its answers; the bridge delivers what is unanswered.
    pub(super) fn connect(&mut self, at: usize) {
        let id = self.agents[at].id.clone();
        self.agents[at].presence = Presence::Connected;
        self.agents[at].registered = self.agents[at].instance.clone();
        self.forget_registration(at);
        // The bridge takes words of the newest session only.
        self.messages.retain(|message| !message.is_word_of(at));
        let left =
            |message: &Message| matches!(message, Message::Left { agent, .. } if *agent == at);
        self.messages.retain(|message| !left(message));
        let side = &self.agents[at];
        let known = self.holdings.keys().filter(|(_, agent)| *agent == id).map(|(name, _)| name);
        let mut concerned: Vec<String> =
            self.rows.keys().chain(side.holds.keys()).chain(known).cloned().collect();
        concerned.sort_unstable();
        concerned.dedup();
        for account in concerned {
            let holds = self.agents[at].holds.get(&account).copied();
            self.messages.push(Message::Joined { agent: at, account, holds });
        }
        for pending in self.outbox.iter_mut().filter(|pending| pending.operation.agent == id) {
            pending.handed = false;
        }
    }

    /// An awaited agent did not come back in time.
    pub(super) fn expire(&mut self, at: usize) {
        self.agents[at].presence = Presence::Gone;
        self.agents[at].gone_since = NOW;
        self.leave(at);
    }

    /// The bridge stops and starts: every stream ends, what was on its way is lost, what is committed stays.
    pub(super) fn restart_bridge(&mut self) {
        self.messages.retain(|message| matches!(message, Message::Left { .. }));
        for side in &mut self.agents {
            if side.presence == Presence::Connected {
                side.presence = Presence::Awaited;
            }
        }
    }

    fn forget_registration(&mut self, at: usize) {
        let joined =
            |message: &Message| matches!(message, Message::Joined { agent, .. } if *agent == at);
        self.messages.retain(|message| !joined(message));
    }

    fn leave(&mut self, at: usize) {
        let id = self.agents[at].id.clone();
        let known = self.holdings.keys().filter(|(_, agent)| *agent == id).map(|(name, _)| name);
        let mut concerned: Vec<String> = self.rows.keys().chain(known).cloned().collect();
        concerned.sort_unstable();
        concerned.dedup();
        let left = concerned.into_iter().map(|account| Message::Left { agent: at, account });
        self.messages.extend(left);
    }
}

fn answer(asked: &Operation, code: Option<&str>, held: Option<u64>) -> OperationResult {
    OperationResult {
        operation: asked.id.clone(),
        account: asked.account.clone(),
        generation: asked.generation,
        failure: code.map(|code| Failure { code: code.to_owned(), text: String::new() }),
        held,
        undelivered: false,
        identity: None,
        namespaces: None,
        took_ms: 0,
    }
}
