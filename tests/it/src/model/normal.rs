//! Brings states into a form in which those that behave alike are equal, so that there are only finitely many.
//!
//! What is never compared becomes a constant; of numbers that only grow, the order is kept. Times are moved so that the
//! present is always the same, and what is long past is as if it were a little past.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use host_core::account::{Account, Failure, Identity};
use host_core::agent::{OperationResult, Presence};
use host_core::event::Event;
use host_core::holding::{Holding, Observed};
use host_core::operation::{Operation, OperationKind};

use super::host::Taught;
use super::world::{Cluster, Message, NOW, Variant, WAIT, World};

/// Definition revisions: the row's own, and every older one.
const DEFINED: u64 = 20;
const OUTDATED: u64 = 10;
/// Row revisions: asked before the present state, asked in it.
const ASKED_BEFORE: u64 = 5;
const STATE_REVISION: u64 = 10;
/// Higher than every generation of a state.
const COUNT: u64 = 50;

impl World {
    /// Brings the state into its form; `now` is the time at which it came about.
    pub(super) fn normalize(&mut self, variant: Variant, now: u64) {
        self.rename();
        self.revise();
        self.rank(variant);
        self.shift(now);
        self.forget();
        self.name_clusters();
        self.count_generations();
    }

    /// Ids become what they name.
    fn rename(&mut self) {
        let present: Vec<(String, String)> =
            self.agents.iter().map(|side| (side.id.clone(), side.instance.clone())).collect();
        let rename = |agent: &str, instance: &mut String| {
            let is_present = present.iter().any(|(id, now)| id == agent && now == instance);
            instance.clear();
            instance.push_str(agent);
            if !is_present {
                instance.push_str("-old");
            }
        };
        for holding in self.holdings.values_mut() {
            rename(&holding.agent, &mut holding.instance);
        }
        for asked in self.outbox.iter_mut().map(|pending| &mut pending.operation) {
            rename(&asked.agent, &mut asked.instance);
        }
        for message in &mut self.messages {
            if let Message::Answer { asked, .. } = message {
                rename(&asked.agent, &mut asked.instance);
            }
        }
        for side in &mut self.agents {
            rename(&side.id, &mut side.registered);
            side.instance = side.id.clone();
        }
    }

    /// Of revisions, only whether they are the present ones is ever asked.
    fn revise(&mut self) {
        let present: BTreeMap<String, (u64, u64)> = self
            .rows
            .iter()
            .map(|(name, row)| (name.clone(), (row.definition_revision, row.state_revision)))
            .collect();
        let define = |account: &str, revision: &mut u64| {
            let is_present = present.get(account).is_some_and(|(present, _)| present == revision);
            *revision = if is_present { DEFINED } else { OUTDATED };
        };
        for row in self.rows.values_mut() {
            row.definition_revision = DEFINED;
            row.state_revision = STATE_REVISION;
            row.revision = STATE_REVISION + 1;
        }
        for which in self.definitions.values_mut() {
            *which = false;
        }
        for holding in self.holdings.values_mut() {
            holding.revision = 1;
            let state = present.get(&holding.account).map_or(u64::MAX, |(_, state)| *state);
            if holding.asked_revision >= state {
                holding.asked_revision = STATE_REVISION;
            } else if holding.asked_revision > 0 {
                holding.asked_revision = ASKED_BEFORE;
            }
            revise_holding(holding, &define);
        }
        let result = |result: &mut OperationResult| {
            let account = result.account.clone();
            result.held.iter_mut().for_each(|revision| define(&account, revision));
        };
        for pending in &mut self.outbox {
            let account = pending.operation.account.clone();
            define(&account, &mut pending.operation.definition_revision);
        }
        for side in &mut self.agents {
            side.holds.iter_mut().for_each(|(account, revision)| define(account, revision));
            side.seen.values_mut().for_each(result);
        }
        for message in &mut self.messages {
            match message {
                Message::Joined { account, holds, .. } => {
                    holds.iter_mut().for_each(|revision| define(account, revision));
                }
                Message::Answer { asked, result: answer, .. } => {
                    let account = asked.account.clone();
                    define(&account, &mut asked.definition_revision);
                    result(answer);
                }
                Message::Left { .. } | Message::Turned { .. } => {}
            }
        }
    }

    /// Generations become ranks.
    fn rank(&mut self, variant: Variant) {
        for name in self.counts.keys().cloned().collect::<Vec<_>>() {
            if variant.outlives_rows {
                for at in 0..self.agents.len() {
                    self.rank_by_what_is_under_way(&name, at);
                }
                self.counts.insert(name, COUNT);
            } else {
                self.rank_all(&name);
            }
        }
        for pending in &mut self.outbox {
            renumber(&mut pending.operation);
        }
        for holding in self.holdings.values_mut() {
            if let Some(asked) = &mut holding.operation {
                asked.id = format!("{}/{}/{}", holding.account, holding.agent, asked.generation);
            }
        }
        for message in &mut self.messages {
            if let Message::Answer { asked, result, .. } = message {
                renumber(asked);
                result.operation.clone_from(&asked.id);
            }
        }
    }

    /// With a count that outlives rows, new generations are above all others: of the past, only what it is to the
    /// operations that are under way between the bridge and this agent is ever asked.
    fn rank_by_what_is_under_way(&mut self, name: &str, at: usize) {
        let mut under_way = Vec::new();
        self.each_under_way(name, at, &mut |generation| under_way.push(*generation));
        under_way.sort_unstable();
        under_way.dedup();
        let rank = |generation: &mut u64| {
            *generation = match under_way.binary_search(generation) {
                Ok(place) => 2 * place as u64 + 2,
                Err(place) => 2 * place as u64 + 1,
            };
        };
        self.each_under_way(name, at, &mut |generation| rank(generation));
        self.each_past(name, at, &mut |generation| rank(generation));
        let side = &mut self.agents[at];
        let repeats: Vec<u64> = self
            .outbox
            .iter()
            .filter(|pending| {
                pending.operation.account == name && pending.operation.agent == side.id
            })
            .map(|pending| pending.operation.generation)
            .collect();
        if let Some(seen) = side.seen.get_mut(name)
            && !repeats.contains(&seen.generation)
        {
            // Its answer is never asked for again.
            seen.failure = None;
            seen.held = None;
            seen.identity = None;
        }
        side.seen.retain(|account, seen| account != name || seen.generation > 1);
    }

    fn rank_all(&mut self, name: &str) {
        let mut all = vec![0];
        all.extend(self.counts.get(name).copied());
        for at in 0..self.agents.len() {
            self.each_under_way(name, at, &mut |generation| all.push(*generation));
            self.each_past(name, at, &mut |generation| all.push(*generation));
        }
        all.sort_unstable();
        all.dedup();
        let rank = |generation: &mut u64| {
            *generation = all.binary_search(generation).unwrap_or(0) as u64;
        };
        for at in 0..self.agents.len() {
            self.each_under_way(name, at, &mut |generation| rank(generation));
            self.each_past(name, at, &mut |generation| rank(generation));
        }
        self.counts.get_mut(name).into_iter().for_each(rank);
    }

    /// The generations of operations that an agent may still be given, or whose answers are on their way.
    fn each_under_way(&mut self, name: &str, at: usize, visit: &mut dyn FnMut(&mut u64)) {
        let id = &self.agents[at].id;
        let asked = |asked: &Operation| asked.account == name && asked.agent == *id;
        for pending in self.outbox.iter_mut().filter(|pending| asked(&pending.operation)) {
            visit(&mut pending.operation.generation);
        }
        if let Some(holding) = self.holdings.get_mut(&(name.to_owned(), id.clone())) {
            holding.operation.iter_mut().for_each(|asked| visit(&mut asked.generation));
        }
        for message in &mut self.messages {
            if let Message::Answer { agent, asked, result, .. } = message
                && *agent == at
                && asked.account == name
            {
                visit(&mut asked.generation);
                visit(&mut result.generation);
            }
        }
    }

    /// The generations that an agent has seen and answered.
    fn each_past(&mut self, name: &str, at: usize, visit: &mut dyn FnMut(&mut u64)) {
        let side = &mut self.agents[at];
        side.seen.get_mut(name).into_iter().for_each(|seen| visit(&mut seen.generation));
        if let Some(holding) = self.holdings.get_mut(&(name.to_owned(), side.id.clone())) {
            visit(&mut holding.answered_generation);
        }
    }

    fn shift(&mut self, now: u64) {
        let by = now - NOW;
        let shift = |at: &mut u64| *at = (*at - by.min(*at)).max(NOW - WAIT);
        let due = |at: &mut u64| *at = (*at - by.min(*at)).max(NOW);
        let wait = |at: &mut Option<u64>| {
            at.iter_mut().for_each(shift);
            *at = at.filter(|at| *at > NOW);
        };
        for row in self.rows.values_mut() {
            row.state_since = NOW;
            row.due_at.iter_mut().for_each(due);
            for (key, value) in &mut row.attributes {
                let mut at: u64 = value.parse().unwrap_or(NOW);
                match key.as_str() {
                    "timer" | "answer-by" => due(&mut at),
                    "gave-up" | "unheld-since" => shift(&mut at),
                    _ => continue,
                }
                *value = at.to_string();
            }
        }
        for holding in self.holdings.values_mut() {
            holding.operation.iter_mut().for_each(|asked| wait(&mut asked.not_before));
        }
        self.outbox.iter_mut().for_each(|pending| wait(&mut pending.operation.not_before));
        self.agents.iter_mut().for_each(|side| shift(&mut side.gone_since));
    }

    /// The two clusters are alike: the first agent sees the one.
    fn name_clusters(&mut self) {
        if self.agents.first().and_then(|side| side.sees) != Some(Cluster::Other) {
            return;
        }
        let swap = |identity: &mut Option<Identity>| {
            *identity = identity.take().map(|seen| Cluster::of(&seen).turned().identity());
        };
        self.rows.values_mut().for_each(|row| swap(&mut row.identity));
        self.holdings.values_mut().for_each(|holding| swap(&mut holding.identity));
        for side in &mut self.agents {
            side.sees = side.sees.map(Cluster::turned);
            side.seen.values_mut().for_each(|answer| swap(&mut answer.identity));
        }
        for message in &mut self.messages {
            if let Message::Answer { result, .. } = message {
                swap(&mut result.identity);
            }
        }
    }

    /// What nobody decides by: texts, counts beyond which nothing changes any more, and what is overwritten before it is
    /// looked at.
    fn forget(&mut self) {
        let mut unheld = false;
        for row in self.rows.values_mut() {
            let remembered = row.attributes.iter().any(|(key, _)| key == "unheld-since");
            unheld |= row.state == "ACTIVE" && !remembered;
            row.failed_count = match row.state.as_str() {
                // The request to activate, the only way on, begins to count anew.
                "INACTIVE" | "DELETING" | "DELETE_FAILED" => 0,
                _ => row.failed_count.min(self.tries),
            };
            row.error = row.error.take().map(|_| failure());
            row.attributes.sort_unstable();
            row.requests.sort_unstable_by(|a, b| a.action.cmp(&b.action));
            row.requests.dedup_by(|a, b| a.action == b.action);
            row.requests.iter_mut().for_each(|open| open.id.clone_from(&open.action));
        }
        for side in &mut self.agents {
            if !unheld || side.presence != Presence::Gone {
                side.gone_since = NOW - WAIT;
            }
        }
        for holding in self.holdings.values_mut() {
            holding.health = None;
            let Some(refusal) = &mut holding.refusal else { continue };
            refusal.at = 0;
            refusal.times = refusal.times.min(self.tries);
            refusal.failure = failure();
            if refusal.kind == OperationKind::Delete {
                refusal.definition_revision = DEFINED;
            } else if refusal.definition_revision == OUTDATED {
                holding.refusal = None;
            }
        }
    }

    /// What the state is found again by.
    pub(super) fn key(&self) -> String {
        let mut key = String::with_capacity(512);
        self.write(&mut key).expect("a string takes it");
        key
    }

    /// What the guest's decision about an account hangs on.
    pub(super) fn question(
        &self,
        now: u64,
        account: &str,
        event: &Event,
        taught: &Taught<'_>,
    ) -> String {
        let mut key = String::with_capacity(256);
        let written = self.write_question(&mut key, now, account, event, taught);
        written.expect("a string takes it");
        key
    }

    fn write_question(
        &self,
        key: &mut String,
        now: u64,
        account: &str,
        event: &Event,
        taught: &Taught<'_>,
    ) -> std::fmt::Result {
        match event {
            Event::Handle(request) => write!(key, "{account},{}", request.action.as_str())?,
            Event::OnAgent { agent, event, .. } => {
                write!(key, "{account},{agent},{}", event.as_str())?;
            }
            Event::Tick { .. } => write!(key, "{account},{now}")?,
        }
        match taught {
            Taught::Nothing => {}
            Taught::Registration(held, sees) => {
                write!(key, "J{}{}", held.unwrap_or(0), cluster(*sees))?;
            }
            Taught::Observation(held, sees) => {
                write!(key, "T{}{}", held.unwrap_or(0), cluster(*sees))?;
            }
            Taught::Answer(asked, result) => {
                write_operation(key, asked)?;
                write_result(key, result)?;
            }
        }
        if let Some(row) = self.rows.get(account) {
            write_row(key, row)?;
        }
        for ((name, _), holding) in &self.holdings {
            if name == account {
                write_holding(key, holding)?;
            }
        }
        for side in &self.agents {
            write!(key, "A{},{},{}", side.presence.as_str(), side.registered, side.gone_since)?;
        }
        write!(key, "C{}", self.counts.get(account).copied().unwrap_or(0))
    }

    fn write(&self, key: &mut String) -> std::fmt::Result {
        for row in self.rows.values() {
            write_row(key, row)?;
        }
        for holding in self.holdings.values() {
            write_holding(key, holding)?;
        }
        for pending in &self.outbox {
            key.push_str(if pending.handed { "O" } else { "o" });
            write_operation(key, &pending.operation)?;
        }
        for (name, count) in &self.counts {
            write!(key, "C{name},{count}")?;
        }
        for side in &self.agents {
            write!(key, "A{},{},{}", side.presence.as_str(), side.registered, side.gone_since)?;
            key.push_str(cluster(side.sees));
            for (account, held) in &side.holds {
                write!(key, ",{account}={held}")?;
            }
            for seen in side.seen.values() {
                write_result(key, seen)?;
            }
        }
        let mut messages: Vec<String> = self.messages.iter().map(message).collect();
        messages.sort_unstable();
        messages.iter().for_each(|message| key.push_str(message));
        Ok(())
    }
}

fn failure() -> Failure {
    Failure { code: "unreachable".to_owned(), text: String::new() }
}

fn renumber(asked: &mut Operation) {
    asked.id = format!("{}/{}/{}", asked.account, asked.agent, asked.generation);
}

fn revise_holding(holding: &mut Holding, define: &dyn Fn(&str, &mut u64)) {
    let account = holding.account.clone();
    if let Observed::Held(revision) = &mut holding.observed {
        define(&account, revision);
    }
    if let Some(asked) = &mut holding.operation {
        define(&account, &mut asked.definition_revision);
    }
    if let Some(refusal) = &mut holding.refusal {
        define(&account, &mut refusal.definition_revision);
    }
}

fn cluster(seen: Option<Cluster>) -> &'static str {
    seen.map_or("", Cluster::as_str)
}

fn seen(identity: Option<&Identity>) -> &'static str {
    cluster(identity.map(Cluster::of))
}

fn kind(kind: OperationKind) -> char {
    match kind {
        OperationKind::Add => 'a',
        OperationKind::Update => 'u',
        OperationKind::Delete => 'd',
        OperationKind::Check => 'c',
    }
}

fn write_row(key: &mut String, row: &Account) -> std::fmt::Result {
    let Account { name, state, failed_count, .. } = row;
    let due = row.due_at.map_or(-1, |at| at as i64 - NOW as i64);
    let zone = row.zone.as_deref().unwrap_or("-");
    write!(key, "R{name},{state},{zone},{failed_count},{due}")?;
    key.push_str(seen(row.identity.as_ref()));
    for (attribute, value) in &row.attributes {
        write!(key, ",{attribute}={value}")?;
    }
    for open in &row.requests {
        write!(key, ",{}", open.action)?;
    }
    Ok(())
}

fn write_holding(key: &mut String, holding: &Holding) -> std::fmt::Result {
    let Holding { account, agent, instance, asked_revision, answered_generation, .. } = holding;
    write!(key, "H{account},{agent},{instance},{asked_revision},{answered_generation}")?;
    key.push_str(seen(holding.identity.as_ref()));
    match holding.observed {
        Observed::Unknown => key.push('?'),
        Observed::NotHeld => key.push('-'),
        Observed::Held(revision) => write!(key, "+{revision}")?,
    }
    if let Some(asked) = &holding.operation {
        let wait = if asked.not_before.is_some() { "w" } else { "" };
        let (kind, revision) = (kind(asked.kind), asked.definition_revision);
        write!(key, ",{kind}{revision}{wait}{}", asked.generation)?;
    }
    if let Some(refusal) = &holding.refusal {
        let (kind, revision) = (kind(refusal.kind), refusal.definition_revision);
        write!(key, "!{kind}{revision},{}", refusal.times)?;
    }
    Ok(())
}

fn write_operation(key: &mut String, asked: &Operation) -> std::fmt::Result {
    let wait = if asked.not_before.is_some() { "w" } else { "" };
    let (kind, revision) = (kind(asked.kind), asked.definition_revision);
    write!(key, "{},{},{kind}{revision}{wait}", asked.id, asked.instance)
}

fn write_result(key: &mut String, result: &OperationResult) -> std::fmt::Result {
    let refused = if result.failure.is_some() { "!" } else { "" };
    let held = result.held.unwrap_or(0);
    let seen = seen(result.identity.as_ref());
    write!(key, ",{},{}{refused}+{held}{seen}", result.account, result.generation)
}

fn message(message: &Message) -> String {
    let mut text = String::with_capacity(64);
    let written = match message {
        Message::Joined { agent, account, holds } => {
            write!(text, "J{agent},{account},{}", holds.unwrap_or(0))
        }
        Message::Left { agent, account } => write!(text, "L{agent},{account}"),
        Message::Turned { agent, account } => write!(text, "T{agent},{account}"),
        Message::Answer { agent, asked, result, late } => write!(text, "W{agent},{late}")
            .and_then(|()| write_operation(&mut text, asked))
            .and_then(|()| write_result(&mut text, result)),
    };
    written.expect("a string takes it");
    text
}
