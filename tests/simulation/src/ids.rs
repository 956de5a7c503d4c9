//! Ids as every replica makes them for itself: by its clock, and by chance.

use std::sync::{Arc, Mutex, PoisonError};

use host_core::port::ids::Ids;
use host_core::port::time::Clock as _;

use crate::chance::Chance;
use crate::clock::SimClock;

/// A replica's ids.
#[derive(Debug)]
pub struct SimIds {
    clock: Arc<SimClock>,
    chance: Chance,
    last: Mutex<u128>,
}

impl SimIds {
    /// By this clock; no other one has this chance.
    #[must_use]
    pub fn new(clock: Arc<SimClock>, chance: Chance) -> Self {
        Self { clock, chance, last: Mutex::default() }
    }
}

impl Ids for SimIds {
    fn next(&self) -> String {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let next = (u128::from(self.clock.now()) << 80) | self.chance.bits();
        *last = next.max(*last + 1);
        ulid::Ulid(*last).to_string()
    }

    fn chance(&self) -> f64 {
        self.chance.even()
    }
}
