//! `trial.scenarios`, `trial.replay`: what a laptop waits for.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Result, anyhow};
use host_core::port::lifecycle::Lifecycle;
use host_core::record::Record;
use host_trial::replay::Candidate;
use host_trial::suite::{Source, Suite};
use host_trial::{Kit, Modules};

use crate::measure::{Goal, Measure};

/// Ten steps, in which an account lives and dies.
const SCENARIO: &str = include_str!("trial/ten_steps.yaml");

/// No scenario here names a module.
#[derive(Debug)]
struct NoModules;

impl Modules for NoModules {
    fn bytes(&self, _: &std::path::Path) -> Result<Vec<u8>, String> {
        Err("no module is named".into())
    }
}

fn suite(kit: &Kit) -> Result<Suite<'_>> {
    let lifecycle = kit.lifecycle(host::LIFECYCLE.to_vec()).map_err(anyhow::Error::msg)?;
    Ok(Suite {
        kit,
        lifecycle: Arc::new(lifecycle) as Arc<dyn Lifecycle>,
        policy: None,
        filter: None,
        seed: 1,
        command: String::new(),
    })
}

fn sources(count: usize) -> Vec<Source> {
    let source = |number: usize| {
        let path = PathBuf::from(format!("{number}.yaml"));
        Source { path, text: SCENARIO.to_owned() }
    };
    (0..count).map(source).collect()
}

/// A hundred scenarios of ten steps, after the module is compiled: as `swingbridge test` runs them.
pub(crate) fn scenarios(runs: usize) -> Result<Measure> {
    let kit = Kit::new(Arc::new(NoModules)).map_err(anyhow::Error::msg)?;
    let (suite, sources) = (suite(&kit)?, sources(100));
    let mut values = Vec::new();
    for _ in 0..runs {
        let report = suite.run(&sources, |_| {});
        if report.counts() != (100, 0) {
            return Err(anyhow!("the scenario does not pass"));
        }
        values.push(report.took.as_secs_f64() * 1_000.0);
    }
    Ok(Measure::of("trial.scenarios", "ms", "–", Some(Goal::AtMost(1_000.0)), values))
}

/// A thousand recorded calls, one after the other.
pub(crate) fn replay(runs: usize) -> Result<Measure> {
    let kit = Kit::new(Arc::new(NoModules)).map_err(anyhow::Error::msg)?;
    let suite = suite(&kit)?;
    let report = suite.run(&sources(1), |_| {});
    let told = report.files.into_iter().next().and_then(|file| file.told.ok());
    let calls = told.map(|told| told.calls).unwrap_or_default();
    let candidate = Candidate::Lifecycle(Arc::clone(&suite.lifecycle));
    let calls = calls.into_iter().filter(|record| candidate.leaves_out(record).is_none());
    let calls: Vec<Record> = calls.collect::<Vec<_>>().into_iter().cycle().take(1_000).collect();
    let mut values = Vec::new();
    for _ in 0..runs {
        let began = Instant::now();
        let replay = kit.wait(candidate.replay(&calls, false, |_| {}));
        values.push(began.elapsed().as_secs_f64() * 1_000.0);
        if replay.same != 1_000 {
            return Err(anyhow!("the module decides otherwise than it did"));
        }
    }
    Ok(Measure::of("trial.replay", "ms", "–", Some(Goal::AtMost(250.0)), values))
}
