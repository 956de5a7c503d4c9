//! The gate: where everything that takes time waits until the schedule lets it go on, and where the database fails.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use crate::chance::Chance;

/// How the database is, each in a thousand actions.
#[derive(Debug, Clone, Copy, Default)]
pub struct Weather {
    /// It waits before it is done, or its answer does.
    pub waits: u32,
    /// It is not done, and the answer says so.
    pub fails: u32,
    /// The answer to a write says that it failed, and perhaps it did not.
    pub lost: u32,
    /// A unit meets a lock.
    pub busy: u32,
    /// The database is gone: every action fails.
    pub gone: bool,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is done.
    Done,
    /// It is not done.
    Fails,
    /// It is done, and the answer is lost.
    DoneAndLost,
    /// It is not done, and the answer is lost.
    Lost,
    /// It meets a lock.
    Busy,
}

/// Something that waits.
#[derive(Debug)]
pub struct Waiting {
    /// Of which replica.
    pub replica: usize,
    /// What it is.
    pub what: &'static str,
    go: oneshot::Sender<()>,
}

/// More than this many actions without anything else happening are a circle.
const ACTIONS_MAX: usize = 20_000;

#[derive(Debug, Default)]
struct State {
    weather: Weather,
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    /// Actions since a replica was driven.
    actions: usize,
    /// What a replica does for ever.
    circle: Option<&'static str>,
}

/// The gate of a run.
#[derive(Debug)]
pub struct Gate {
    chance: Chance,
    state: Mutex<State>,
}

impl Gate {
    /// With this chance; fair weather.
    #[must_use]
    pub fn new(chance: Chance) -> Self {
        Self { chance, state: Mutex::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The weather from now on.
    pub fn set(&self, weather: Weather) {
        self.state().weather = weather;
    }

    /// The weather.
    pub fn weather(&self) -> Weather {
        self.state().weather
    }

    /// What waits, by number.
    pub fn waiting(&self) -> Vec<(u64, usize, &'static str)> {
        self.state().waiting.iter().map(|(id, held)| (*id, held.replica, held.what)).collect()
    }

    /// Lets one thing go on.
    pub fn release(&self, id: u64) {
        let held = self.state().waiting.remove(&id);
        if let Some(held) = held {
            // Nobody waits any more: the replica is gone.
            let _gone = held.go.send(());
        }
    }

    /// Forgets what a replica waits for: it is gone.
    pub fn forget(&self, replica: usize) {
        self.state().waiting.retain(|_, held| held.replica != replica);
    }

    /// A replica is driven.
    pub fn begin(&self) {
        self.state().actions = 0;
    }

    /// What a replica would do for ever, if anything.
    pub fn circle(&self) -> Option<&'static str> {
        self.state().circle
    }

    /// Whether this is one action too many.
    fn is_circle(&self, what: &'static str) -> bool {
        let mut state = self.state();
        state.actions += 1;
        if state.actions > ACTIONS_MAX {
            state.circle = Some(what);
        }
        state.actions > ACTIONS_MAX
    }

    fn wait(&self, replica: usize, what: &'static str) -> Option<oneshot::Receiver<()>> {
        let waits = self.weather().waits;
        if !self.chance.happens(waits) {
            return None;
        }
        let (go, went) = oneshot::channel();
        let mut state = self.state();
        state.next += 1;
        let id = state.next;
        state.waiting.insert(id, Waiting { replica, what, go });
        Some(went)
    }
}

/// A replica's way through the gate.
#[derive(Debug, Clone)]
pub struct Door {
    gate: Arc<Gate>,
    replica: usize,
}

impl Door {
    /// Of a replica.
    #[must_use]
    pub fn new(gate: Arc<Gate>, replica: usize) -> Self {
        Self { gate, replica }
    }

    /// Waits, if it is to be; for ever, if it has come here too often without a pause.
    pub async fn pass(&self, what: &'static str) {
        if self.gate.is_circle(what) {
            return std::future::pending().await;
        }
        if let Some(went) = self.gate.wait(self.replica, what) {
            let _forgotten = went.await;
        }
    }

    /// Whether a read fails.
    #[must_use]
    pub fn read_fails(&self) -> bool {
        let weather = self.gate.weather();
        weather.gone || self.gate.chance.happens(weather.fails)
    }

    /// What becomes of a write.
    #[must_use]
    pub fn fate(&self) -> Fate {
        let weather = self.gate.weather();
        let chance = &self.gate.chance;
        if weather.gone || chance.happens(weather.fails) {
            Fate::Fails
        } else if chance.happens(weather.lost) {
            if chance.happens(500) { Fate::DoneAndLost } else { Fate::Lost }
        } else if chance.happens(weather.busy) {
            Fate::Busy
        } else {
            Fate::Done
        }
    }
}
