//! All chance of a run, from its seed.

use std::sync::{Mutex, MutexGuard, PoisonError};

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// One stream of chance.
#[derive(Debug)]
pub struct Chance(Mutex<StdRng>);

impl Chance {
    /// From a seed; `stream` tells several of one seed apart.
    #[must_use]
    pub fn new(seed: u64, stream: u64) -> Self {
        let mixed =
            seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ stream.wrapping_mul(0xd1b5_4a32_d192_ed03);
        Self(Mutex::new(StdRng::seed_from_u64(mixed)))
    }

    fn inner(&self) -> MutexGuard<'_, StdRng> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An even choice of `0..n`; 0 if `n` is 0.
    pub fn below(&self, n: usize) -> usize {
        if n < 2 { 0 } else { self.inner().random_range(0..n) }
    }

    /// An even choice of `low..=high`.
    pub fn between(&self, low: u64, high: u64) -> u64 {
        self.inner().random_range(low..=high)
    }

    /// Whether something happens that happens so many times in a thousand.
    pub fn happens(&self, per_mille: u32) -> bool {
        per_mille > 0 && self.inner().random_range(0..1_000) < per_mille
    }

    /// One of these.
    pub fn one_of<'t, T>(&self, these: &'t [T]) -> &'t T {
        &these[self.below(these.len())]
    }

    /// An even chance in `0.0..1.0`.
    pub fn even(&self) -> f64 {
        self.inner().random()
    }

    /// 80 bits.
    pub fn bits(&self) -> u128 {
        self.inner().random::<u128>() & ((1 << 80) - 1)
    }
}
