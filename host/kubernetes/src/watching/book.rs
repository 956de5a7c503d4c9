//! What is held: what was told of each account, and when it is looked at again. Pure: it starts, waits for and sends
//! nothing.
//!
//! A loss that a second look could disprove (no answer, too late) is told when two looks in a row found it, the second
//! soon after the first; every other one at once. Each is told once, and so is the return.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use host_agent::{Change, Code, Identity, Refusal, Seen};
use sha2::{Digest as _, Sha256};
use tokio_util::task::AbortOnDropHandle;

use crate::look::Looked;
use crate::options::Rhythm;
use crate::reach::Known;

/// How soon a look that failed is repeated before it is told, in milliseconds.
const SECOND_LOOK_MS: u64 = 3_000;

/// What the wait grows by while an account is not healthy, and what it grows to, in milliseconds.
const GROWTH: f64 = 1.6;
const LONGEST_MS: u64 = 120_000;

/// How much of every wait is chance.
const JITTER: f64 = 0.2;

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
    /// It may not be watched: it is polled from now on.
    Refused,
    /// It broke: the account is looked at, and watched again if it is well.
    Broken,
}

/// What follows from a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Settled {
    /// There is a change to be told.
    pub(super) news: bool,
    /// The account's namespaces are to be watched.
    pub(super) watch: bool,
}

#[derive(Debug, Default)]
enum Watching {
    /// Not yet.
    #[default]
    No,
    /// It may not be.
    Refused,
    /// It is; the task is there as soon as it runs.
    Yes(Option<AbortOnDropHandle<()>>),
}

#[derive(Debug)]
struct Entry {
    /// Of this holding: a look or a watch of an earlier one says nothing about it.
    serial: u64,
    known: Known,
    identity: Identity,
    /// Of the namespaces that were told.
    namespaces: Option<[u8; 32]>,
    /// What was told of its health: nothing is wrong, or what is.
    told: Option<Code>,
    /// Looks that failed in a row.
    failures: u32,
    due: u64,
    list_due: u64,
    watching: Watching,
    checking: Option<AbortOnDropHandle<()>>,
}

/// All of it.
#[derive(Debug)]
pub(super) struct Book {
    rhythm: Rhythm,
    most_watches: usize,
    entries: HashMap<String, Entry>,
    /// When who is due; an account that is being looked at is not here.
    due: BTreeSet<(u64, String)>,
    news: BTreeMap<String, Change>,
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
            news: BTreeMap::new(),
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
            watching: Watching::No,
            checking: None,
        };
        self.due.insert((due, name.to_owned()));
        self.entries.insert(name.to_owned(), entry);
    }

    /// It is held no more: what goes on about it ends, and nothing of it is told.
    pub(super) fn release(&mut self, name: &str) {
        self.news.remove(name);
        if let Some(entry) = self.entries.remove(name) {
            self.due.remove(&(entry.due, name.to_owned()));
            self.watches -= usize::from(matches!(entry.watching, Watching::Yes(_)));
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
        let watched = matches!(entry.watching, Watching::Yes(_));
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
        let (rhythm, may_watch) = (self.rhythm, self.watches < self.most_watches);
        let Some(entry) = self.of((&check.name, check.serial)) else { return Settled::default() };
        let (change, due) = match &looked {
            Ok(looked) => (entry.answered(check, looked, now, rhythm, chance), rhythm.health_ms),
            Err(refusal) => entry.failed(check, refusal, rhythm),
        };
        entry.due = now + jittered(due, chance);
        let due = (entry.due, check.name.clone());
        let watchable = looked.is_ok_and(|looked| looked.watchable);
        let watch = watchable && may_watch && matches!(entry.watching, Watching::No);
        if watch {
            entry.watching = Watching::Yes(None);
        }
        // What it was found with is not known any more.
        let stale = entry.told.is_some() && matches!(entry.watching, Watching::Yes(_));
        if stale {
            entry.watching = Watching::No;
        }
        self.watches = self.watches + usize::from(watch) - usize::from(stale);
        self.due.insert(due);
        let news = change.is_some();
        self.news.extend(change.map(|change| (check.name.clone(), change)));
        Settled { news, watch }
    }

    /// The watch is kept by this task, which ends with the holding.
    pub(super) fn watching(&mut self, check: (&str, u64), task: AbortOnDropHandle<()>) {
        if let Some(Entry { watching: Watching::Yes(watch), .. }) = self.of(check) {
            *watch = Some(task);
        }
    }

    /// A watch shows these namespaces. Whether there is something to be told.
    pub(super) fn watched(&mut self, check: (&str, u64), namespaces: Vec<String>) -> bool {
        let Some(entry) = self.of(check) else { return false };
        let digest = digest(&namespaces);
        if entry.told.is_some() || entry.namespaces == Some(digest) {
            return false;
        }
        entry.namespaces = Some(digest);
        let change = entry.well(check.0, Some(namespaces));
        self.news.insert(check.0.to_owned(), change);
        true
    }

    /// A watch has ended. Whether the account is due earlier than it was.
    pub(super) fn watch_ended(&mut self, check: (&str, u64), end: WatchEnd, now: u64) -> bool {
        let Some(entry) = self.of(check) else { return false };
        if !matches!(entry.watching, Watching::Yes(_)) {
            return false;
        }
        entry.watching = match end {
            WatchEnd::Refused => Watching::Refused,
            WatchEnd::Broken => Watching::No,
        };
        entry.list_due = now;
        let old = (entry.due, check.0.to_owned());
        let sooner = end == WatchEnd::Broken && now < entry.due;
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
        std::mem::take(&mut self.news).into_values().collect()
    }

    fn of(&mut self, (name, serial): (&str, u64)) -> Option<&mut Entry> {
        self.entries.get_mut(name).filter(|entry| entry.serial == serial)
    }
}

impl Entry {
    /// It answers.
    fn answered(
        &mut self,
        check: &Check,
        looked: &Looked,
        now: u64,
        rhythm: Rhythm,
        chance: f64,
    ) -> Option<Change> {
        let Seen { identity, namespaces } = &looked.seen;
        let returns = self.told.take().is_some();
        self.failures = 0;
        self.checking = None;
        if check.listing {
            self.list_due = now + jittered(rhythm.namespaces_ms, chance);
        }
        let fresh = namespaces.as_deref().map(digest);
        let others = fresh.is_some() && fresh != self.namespaces;
        self.namespaces = fresh.or(self.namespaces);
        let moved = self.identity != *identity;
        self.identity.clone_from(identity);
        (returns || moved || others).then(|| self.well(&check.name, namespaces.clone()))
    }

    /// It does not, or not as it should. With how long to wait.
    fn failed(
        &mut self,
        check: &Check,
        refusal: &Refusal,
        rhythm: Rhythm,
    ) -> (Option<Change>, u64) {
        self.failures = self.failures.saturating_add(1);
        self.checking = None;
        let doubtful = matches!(refusal.code, Code::Unreachable | Code::Timeout);
        if doubtful && self.failures == 1 && self.told.is_none() {
            return (None, SECOND_LOOK_MS.min(rhythm.health_ms));
        }
        let wait = backoff(rhythm.health_ms, self.failures);
        if self.told.replace(refusal.code) == Some(refusal.code) {
            return (None, wait);
        }
        let change = Change {
            account: check.name.clone(),
            health: Err(refusal.clone()),
            identity: None,
            namespaces: None,
        };
        (Some(change), wait)
    }

    fn well(&self, name: &str, namespaces: Option<Vec<String>>) -> Change {
        Change {
            account: name.to_owned(),
            health: Ok(()),
            identity: Some(self.identity.clone()),
            namespaces,
        }
    }
}

/// The wait after so many failures.
fn backoff(health_ms: u64, failures: u32) -> u64 {
    let grown = scaled(health_ms, GROWTH.powi(i32::try_from(failures.min(30)).unwrap_or(30) - 1));
    grown.min(LONGEST_MS.max(health_ms))
}

/// A wait, moved by up to a fifth.
fn jittered(wait_ms: u64, chance: f64) -> u64 {
    scaled(wait_ms, 1.0 + JITTER * (2.0 * chance - 1.0))
}

/// A part of a wait.
fn part(wait_ms: u64, chance: f64) -> u64 {
    scaled(wait_ms, chance)
}

fn scaled(wait_ms: u64, factor: f64) -> u64 {
    let scaled = std::time::Duration::from_millis(wait_ms).mul_f64(factor.max(0.0));
    u64::try_from(scaled.as_millis()).unwrap_or(u64::MAX)
}

/// Names namespaces in 32 bytes: they may be ten thousand.
fn digest(namespaces: &[String]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for namespace in namespaces {
        digest.update(namespace);
        digest.update(b"\n");
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests;
