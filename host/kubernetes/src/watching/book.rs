//! What is held: what was told of each account, and when it is looked at again. Pure: it starts, waits for and sends
//! nothing.
//!
//! A loss that a second look could disprove (no answer, too late) is told when two looks in a row found it, the second
//! soon after the first; every other one at once. Each is told once, and so is the return; why it is away is told anew when
//! that changes ([`told`]).

mod entry;
mod news;
mod told;
mod waits;

use std::collections::{BTreeSet, HashMap};

use host_agent::{Change, Refusal, Seen};
use tokio_util::task::AbortOnDropHandle;

use crate::look::Looked;
use crate::options::Rhythm;
use crate::reach::Known;
use entry::{Entry, REFUSED_MS, Watching, digest};
use news::News;
use waits::{jittered, part};

/// A look that is due.
#[derive(Debug, Clone)]
pub(super) struct Check {
    pub(super) name: String,
    pub(super) serial: u64,
    pub(super) known: Known,
    /// Also at which namespaces there are.
    pub(super) listing: bool,
}

/// How a watch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WatchEnd {
    /// It may not be watched: it is polled for a good while.
    Refused,
    /// It broke: the account is looked at, and watched again if it is well.
    Broken,
}

/// What follows from what a watch shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Watched {
    /// There is a change to be told.
    News,
    /// There is none.
    Nothing,
    /// It is of another cluster than the one that the account is known by, and does not count.
    Another,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settled {
    /// There is a change to be told.
    pub(super) news: bool,
    /// The cluster answers again after a loss that was told.
    pub(super) returns: bool,
    /// The account's namespaces are to be watched.
    pub(super) watch: bool,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Book {
    rhythm: Rhythm,
    most_watches: usize,
    entries: HashMap<String, Entry>,
    /// When who is due; an account that is being looked at is not here.
    due: BTreeSet<(u64, String)>,
    news: News,
    serial: u64,
    watches: usize,
}

impl Book {
    pub(super) fn new(rhythm: Rhythm, most_watches: usize) -> Self {
        Self {
            rhythm,
            most_watches,
            entries: HashMap::new(),
            due: BTreeSet::new(),
            news: News::default(),
            serial: 0,
            watches: 0,
        }
    }

    /// An account is held from now on, as it was just seen. Its first look is anywhere in the next wait, so that many
    /// that are held at once are not looked at at once.
    pub(super) fn hold(&mut self, name: &str, known: Known, seen: &Seen, now: u64, chance: f64) {
        self.release(name);
        self.serial += 1;
        let due = now + part(self.rhythm.health_ms, chance);
        let entry = Entry {
            serial: self.serial,
            known,
            identity: seen.identity.clone(),
            namespaces: seen.namespaces.as_deref().map(digest),
            told: None,
            failures: 0,
            due,
            list_due: now + jittered(self.rhythm.namespaces_ms, chance),
            watching: Watching::default(),
            short_watches: 0,
            checking: None,
        };
        self.due.insert((due, name.to_owned()));
        self.entries.insert(name.to_owned(), entry);
    }

    /// It is held no more: what goes on about it ends, and nothing of it is told.
    pub(super) fn release(&mut self, name: &str) {
        self.news.forget(name);
        if let Some(entry) = self.entries.remove(name) {
            self.due.remove(&(entry.due, name.to_owned()));
            self.watches -= usize::from(entry.watching.goes_on());
        }
    }

    /// Nothing is held any more.
    pub(super) fn clear(&mut self) {
        *self = Self::new(self.rhythm, self.most_watches);
    }

    /// When the next look is due.
    pub(super) fn next_due(&self) -> Option<u64> {
        self.due.first().map(|(at, _)| *at)
    }

    /// Takes a look that is due.
    pub(super) fn take_due(&mut self, now: u64) -> Option<Check> {
        if self.next_due()? > now {
            return None;
        }
        let (_, name) = self.due.pop_first()?;
        let entry = self.entries.get(&name)?;
        let watched = entry.watching.goes_on();
        Some(Check {
            serial: entry.serial,
            known: entry.known.clone(),
            listing: entry.told.is_some() || (now >= entry.list_due && !watched),
            name,
        })
    }

    /// A look is being done by this task, which ends with the holding.
    pub(super) fn checking(&mut self, check: (&str, u64), task: AbortOnDropHandle<()>) {
        if let Some(entry) = self.of(check) {
            entry.checking = Some(task);
        }
    }

    /// Takes in what a look showed.
    pub(super) fn settle(
        &mut self,
        check: &Check,
        looked: Result<Looked, Refusal>,
        now: u64,
        chance: f64,
    ) -> Settled {
        let (rhythm, room) = (self.rhythm, self.watches < self.most_watches);
        let Some(entry) = self.of((&check.name, check.serial)) else { return Settled::default() };
        let before = entry.watching.goes_on();
        let returns = looked.is_ok() && entry.told.is_some();
        let (change, due) = match &looked {
            Ok(looked) => (entry.answered(check, looked, now, rhythm, chance), rhythm.health_ms),
            Err(refusal) => entry.failed(check, refusal, now, rhythm),
        };
        entry.due = now + jittered(due, chance);
        let due = (entry.due, check.name.clone());
        let watchable = looked.is_ok_and(|looked| looked.watchable);
        let watch = watchable && room && entry.watching.may_begin(now);
        if watch {
            entry.watching = Watching::Yes { since: now, task: None };
        }
        let after = entry.watching.goes_on();
        self.watches = self.watches + usize::from(after) - usize::from(before);
        self.due.insert(due);
        let news = change.is_some();
        change.into_iter().for_each(|change| self.news.add(change));
        Settled { news, returns, watch }
    }

    /// The watch is kept by this task, which ends with the holding.
    pub(super) fn watching(&mut self, check: (&str, u64), task: AbortOnDropHandle<()>) {
        if let Some(Entry { watching: Watching::Yes { task: watch, .. }, .. }) = self.of(check) {
            *watch = Some(task);
        }
    }

    /// A watch that is kept by this host under this certificate shows these namespaces.
    pub(super) fn watched(
        &mut self,
        check: (&str, u64),
        (host, fingerprint): (&str, &str),
        namespaces: Vec<String>,
    ) -> Watched {
        let Some(entry) = self.of(check) else { return Watched::Nothing };
        if !entry.is(host, fingerprint) {
            return Watched::Another;
        }
        let digest = digest(&namespaces);
        if entry.told.is_some() || entry.namespaces == Some(digest) {
            return Watched::Nothing;
        }
        entry.namespaces = Some(digest);
        let change = entry.well(check.0, Some(namespaces));
        self.news.add(change);
        Watched::News
    }

    /// A watch has ended. Whether the account is due earlier than it was: a watch that lasted says by its end that
    /// something may be wrong. One that did not last says so too seldom to be believed, and is begun anew ever later, so
    /// that a server which closes every watch is not asked without a pause.
    pub(super) fn watch_ended(&mut self, check: (&str, u64), end: WatchEnd, now: u64) -> bool {
        let health_ms = self.rhythm.health_ms;
        let Some(entry) = self.of(check) else { return false };
        let Watching::Yes { since, .. } = entry.watching else { return false };
        let lasted = now.saturating_sub(since) >= health_ms;
        match end {
            WatchEnd::Refused => entry.watching = Watching::Refused { until: now + REFUSED_MS },
            WatchEnd::Broken if lasted => {
                entry.short_watches = 0;
                entry.watching = Watching::default();
            }
            WatchEnd::Broken => entry.watches_later(now, health_ms),
        }
        entry.list_due = now;
        let old = (entry.due, check.0.to_owned());
        let sooner = end == WatchEnd::Broken && lasted && now < entry.due;
        if sooner {
            entry.due = now;
        }
        let new = (entry.due, check.0.to_owned());
        self.watches -= 1;
        // It may be looked at just now, and then is due when that is over.
        if sooner && self.due.remove(&old) {
            self.due.insert(new);
        }
        sooner
    }

    /// The changes that were not told yet, the newest of each account.
    pub(super) fn news(&mut self) -> Vec<Change> {
        self.news.take()
    }

    fn of(&mut self, (name, serial): (&str, u64)) -> Option<&mut Entry> {
        self.entries.get_mut(name).filter(|entry| entry.serial == serial)
    }
}

#[cfg(test)]
mod tests;
