//! A year of one bridge, its agents and its clusters: activations, retries, agents and clusters that come and go, with
//! time that passes in hours.

use std::sync::Arc;

use host_core::port::lifecycle::Lifecycle;

use crate::calm;
use crate::gate::Weather;
use crate::moves::{self, Move};
use crate::options::{Options, TIMEOUT_MS};
use crate::run::Outcome;
use crate::world::World;

/// A year, in milliseconds.
const YEAR_MS: u64 = 365 * 24 * 3_600_000;

/// How long nobody asks anything and nothing breaks, at most: half a day.
const QUIET_MS: u64 = 12 * 3_600_000;

/// Lives through it. What has not settled at the end is violated.
#[must_use]
pub fn live(seed: u64, lifecycle: Arc<dyn Lifecycle>) -> Outcome {
    let options = Options { replicas: Some(1), ..Options::of_seed(seed) };
    let mut world = World::new(&options, lifecycle);
    world.common.gate.set(Weather::default());
    world.troubles.cuts = true;
    world.troubles.crashes = true;
    world.troubles.refusals = true;
    world.troubles.outages = false;
    world.drive();
    let end = world.time.now() + YEAR_MS;
    while world.time.now() < end && world.common.trace.trouble().is_none() {
        let until = world.time.now() + world.chance.between(1, QUIET_MS);
        for _ in 0..world.chance.between(1, 60) {
            let what = moves::draw(&world);
            moves::happen(&mut world, &what);
        }
        world.replicas.iter_mut().for_each(|replica| replica.paused = false);
        // What is due is due while time passes; whoever beats in between is passed over, and found silent.
        while world.time.now() < until && world.common.trace.trouble().is_none() {
            let left = until - world.time.now();
            let due = world.next_due_in().unwrap_or(left).clamp(1, left);
            moves::happen(&mut world, &Move::Pass(due.min(TIMEOUT_MS * 600)));
            calm::carry_all(&mut world);
        }
    }
    if world.common.trace.trouble().is_none() {
        calm::settle(&mut world);
    }
    world.outcome()
}
