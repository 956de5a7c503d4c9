//! Ids and chance from a seed.

use std::sync::{Mutex, PoisonError};

use host_core::port::ids::Ids;
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// The same seed gives the same ids, in the same order.
#[derive(Debug)]
pub struct SeededIds(Mutex<(u128, StdRng)>);

impl SeededIds {
    /// From a seed; also the upper part of every id, so that two seeds never give the same one.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new((u128::from(seed) << 64, StdRng::seed_from_u64(seed))))
    }
}

impl Ids for SeededIds {
    fn next(&self) -> String {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        inner.0 += 1;
        ulid::Ulid(inner.0).to_string()
    }

    fn chance(&self) -> f64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1.random()
    }
}
