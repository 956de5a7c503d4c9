//! Ids and chance from a seed: the same seed gives the same run.

use std::sync::{Mutex, PoisonError};

use host_core::port::ids::Ids;
use host_core::port::time::Clock as _;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

use super::clock::ScriptedClock;

#[derive(Debug)]
struct Drawn {
    chance: StdRng,
    last: u128,
}

/// Ids by a clock that is told, and chance by a seed.
#[derive(Debug)]
pub struct SeededIds {
    clock: ScriptedClock,
    drawn: Mutex<Drawn>,
}

impl SeededIds {
    /// From this seed.
    #[must_use]
    pub fn new(clock: ScriptedClock, seed: u64) -> Self {
        let drawn = Drawn { chance: StdRng::seed_from_u64(seed), last: 0 };
        Self { clock, drawn: Mutex::new(drawn) }
    }
}

impl Ids for SeededIds {
    fn next(&self) -> String {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        let bits: u128 = drawn.chance.random::<u128>() >> 48;
        let next = (u128::from(self.clock.now()) << 80) | bits;
        drawn.last = next.max(drawn.last + 1);
        ulid::Ulid(drawn.last).to_string()
    }

    fn chance(&self) -> f64 {
        let mut drawn = self.drawn.lock().unwrap_or_else(PoisonError::into_inner);
        drawn.chance.random()
    }
}
