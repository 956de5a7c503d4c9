//! A run from its seed to its end.

use std::sync::Arc;

use host_core::port::lifecycle::Lifecycle;

use crate::options::Options;
use crate::world::World;
use crate::{calm, moves};

/// What came of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What is not as it must be; absent: all is well.
    pub violation: Option<String>,
    /// Everything that happened, as one number.
    pub hash: u64,
    /// Units of work that were committed.
    pub commits: u64,
    /// What happened, if the lines were kept.
    pub lines: Vec<String>,
}

/// Runs a seed.
#[must_use]
pub fn simulate(options: &Options, lifecycle: Arc<dyn Lifecycle>) -> Outcome {
    let mut world = World::new(options, lifecycle);
    world.drive();
    for step in 0..options.steps {
        let what = moves::draw(&world);
        world.common.trace.explain(format_args!("--- step {step}"));
        moves::happen(&mut world, &what);
        if world.common.trace.trouble().is_some() {
            break;
        }
    }
    if world.common.trace.trouble().is_none() {
        calm::settle(&mut world);
    }
    world.outcome()
}

impl World {
    /// What came of it so far.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        let trace = &self.common.trace;
        Outcome {
            violation: trace.trouble(),
            hash: trace.hash(),
            commits: self.common.watch.commits(),
            lines: trace.lines(),
        }
    }
}
