//! Brings states into a form in which those that behave alike are equal, so that there are only finitely many.
//!
//! What is never compared becomes a constant; of numbers that only grow, the order is kept. Times are moved so that the
//! present is always the same, and what is long past is as if it were a little past.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use host_core::agent::OperationResult;
use host_core::holding::{Holding, Observed};
use host_core::operation::Operation;

use super::world::{Message, NOW, TRIES, Variant, WAIT, World};

/// The attributes that are times.
const TIMES: [&str; 4] = ["timer", "answer-by", "gave-up", "unheld-since"];
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
        self.count_generations();
    }

    /// Ids become what they name.
    fn rename(&mut self) {
        let present: BTreeMap<String, String> =
            self.agents.iter().map(|side| (side.id.clone(), side.instance.clone())).collect();
        let rename = |agent: &str, instance: &mut String| {
            let is_present = present.get(agent) == Some(instance);
            *instance = if is_present { agent.to_owned() } else { format!("{agent}-old") };
        };
        let number = |asked: &mut Operation| {
            asked.id = format!("{}/{}/{}", asked.account, asked.agent, asked.generation);
            rename(&asked.agent, &mut asked.instance);
        };
        for holding in self.holdings.values_mut() {
            rename(&holding.agent, &mut holding.instance);
            if let Some(asked) = &mut holding.operation {
                asked.id = format!("{}/{}/{}", holding.account, holding.agent, asked.generation);
            }
        }
        self.outbox.iter_mut().for_each(|pending| number(&mut pending.operation));
        for message in &mut self.messages {
            if let Message::Answer { asked, .. } = message {
                number(asked);
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
                Message::Left { .. } => {}
            }
        }
    }

    /// Generations become ranks; with a count that outlives rows, it is above them all.
    fn rank(&mut self, variant: Variant) {
        let names: Vec<String> =
            self.counts.keys().chain(self.rows.keys()).cloned().collect();
        for name in names {
            let mut seen = vec![0];
            if !variant.outlives_rows {
                seen.extend(self.counts.get(&name).copied());
            }
            self.each_generation(&name, &mut |generation| seen.push(*generation));
            seen.sort_unstable();
            seen.dedup();
            let rank = |generation: &mut u64| {
                *generation = seen.binary_search(generation).unwrap_or(0) as u64;
            };
            self.each_generation(&name, &mut |generation| rank(generation));
            match self.counts.get_mut(&name) {
                Some(count) if !variant.outlives_rows => rank(count),
                Some(count) => *count = COUNT,
                None => {}
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

    fn each_generation(&mut self, name: &str, visit: &mut dyn FnMut(&mut u64)) {
        for holding in self.holdings.values_mut().filter(|holding| holding.account == name) {
            visit(&mut holding.answered_generation);
            holding.operation.iter_mut().for_each(|asked| visit(&mut asked.generation));
        }
        for pending in self.outbox.iter_mut().filter(|pending| pending.operation.account == name) {
            visit(&mut pending.operation.generation);
        }
        for side in &mut self.agents {
            side.seen.get_mut(name).into_iter().for_each(|seen| visit(&mut seen.generation));
        }
        for message in &mut self.messages {
            if let Message::Answer { asked, result, .. } = message
                && asked.account == name
            {
                visit(&mut asked.generation);
                visit(&mut result.generation);
            }
        }
    }

    fn shift(&mut self, now: u64) {
        let by = now - NOW;
        let shift = |at: &mut u64| *at = (*at - by.min(*at)).max(NOW - 2 * WAIT);
        let wait = |at: &mut Option<u64>| {
            at.iter_mut().for_each(shift);
            *at = at.filter(|at| *at > NOW);
        };
        for row in self.rows.values_mut() {
            row.state_since = NOW;
            row.due_at.iter_mut().for_each(shift);
            for (_, value) in row.attributes.iter_mut().filter(|(key, _)| TIMES.contains(&&**key)) {
                let mut at: u64 = value.parse().expect("the module writes a time");
                shift(&mut at);
                *value = at.to_string();
            }
        }
        for holding in self.holdings.values_mut() {
            holding.operation.iter_mut().for_each(|asked| wait(&mut asked.not_before));
        }
        self.outbox.iter_mut().for_each(|pending| wait(&mut pending.operation.not_before));
        self.agents.iter_mut().for_each(|side| shift(&mut side.gone_since));
    }

    /// Texts, and counts beyond which nothing changes any more.
    fn forget(&mut self) {
        for row in self.rows.values_mut() {
            row.failed_count = row.failed_count.min(TRIES);
            row.error.iter_mut().for_each(|error| error.text.clear());
            row.attributes.sort_unstable();
            row.requests.sort_unstable_by(|a, b| a.action.cmp(&b.action));
            row.requests.dedup_by(|a, b| a.action == b.action);
            row.requests.iter_mut().for_each(|open| open.id.clone_from(&open.action));
        }
        for refusal in self.holdings.values_mut().filter_map(|holding| holding.refusal.as_mut()) {
            refusal.at = 0;
            refusal.times = refusal.times.min(TRIES);
            refusal.failure.text.clear();
        }
    }

    /// What the state is found again by.
    pub(super) fn key(&self) -> String {
        let mut key = String::with_capacity(512);
        let mut put = |part: std::fmt::Arguments<'_>| {
            key.write_fmt(part).expect("a string takes it");
        };
        for (name, row) in &self.rows {
            let since = |at: &Option<u64>| at.map(|at| at as i64 - NOW as i64);
            let error = row.error.as_ref().map(|error| error.code.as_str());
            let requests = row.requests.iter().map(|open| open.action.as_str());
            put(format_args!(
                "R{name},{},{:?},{},{error:?},{:?},{:?},{:?};",
                row.state,
                row.zone,
                row.failed_count,
                since(&row.due_at),
                row.attributes,
                requests.collect::<Vec<_>>(),
            ));
        }
        for holding in self.holdings.values() {
            put(format_args!("H{};", show(holding)));
        }
        for pending in &self.outbox {
            put(format_args!("O{},{};", ask(&pending.operation), pending.handed));
        }
        for (name, count) in &self.counts {
            put(format_args!("C{name},{count};"));
        }
        for side in &self.agents {
            put(format_args!("A{:?},{},{:?}", side.presence, side.registered, side.holds));
            if side.presence == host_core::agent::Presence::Gone {
                put(format_args!(",{}", side.gone_since));
            }
            for seen in side.seen.values() {
                put(format_args!(",{}", tell(seen)));
            }
        }
        let mut messages: Vec<String> = self.messages.iter().map(message).collect();
        messages.sort_unstable();
        put(format_args!("{messages:?}"));
        key
    }
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

fn show(holding: &Holding) -> String {
    let asked = holding.operation.as_ref().map(|asked| {
        (asked.kind, asked.definition_revision, asked.generation, asked.not_before)
    });
    let refusal = holding.refusal.as_ref().map(|refusal| {
        (&refusal.failure.code, refusal.kind, refusal.definition_revision, refusal.times)
    });
    format!(
        "{},{},{},{:?},{asked:?},{},{refusal:?},{}",
        holding.account,
        holding.agent,
        holding.instance,
        holding.observed,
        holding.answered_generation,
        holding.asked_revision,
    )
}

fn ask(asked: &Operation) -> String {
    format!(
        "{},{},{:?},{},{:?}",
        asked.id, asked.instance, asked.kind, asked.definition_revision, asked.not_before
    )
}

fn tell(result: &OperationResult) -> String {
    let code = result.failure.as_ref().map(|failure| failure.code.as_str());
    format!("{},{},{code:?},{:?}", result.account, result.generation, result.held)
}

fn message(message: &Message) -> String {
    match message {
        Message::Joined { agent, account, holds } => format!("J{agent},{account},{holds:?}"),
        Message::Left { agent, account } => format!("L{agent},{account}"),
        Message::Answer { agent, asked, result, late } => {
            format!("W{agent},{},{},{late}", ask(asked), tell(result))
        }
    }
}
