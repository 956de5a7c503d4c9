//! `simulate`: runs seeds, as many at once as there are processors, and says of one that fails how to see it again.

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::Result;
use clap::Parser;
use host_core::port::lifecycle::Lifecycle;
use indicatif::{ProgressBar, ProgressStyle};
use tests_simulation::{Mutant, Options, Outcome, lifecycle, simulate};
use tests_xtask::steps::say;

/// Simulates bridges, agents, database and clock, with a schedule from each seed.
#[derive(Debug, Clone, Parser)]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 1_000)]
    seeds: u64,
    /// The first seed; without --seeds the only one, with everything that happens
    #[arg(long)]
    seed: Option<u64>,
    /// Replicas of the bridge; left out: as each seed says
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=3))]
    replicas: Option<u64>,
    /// Steps of each seed before its faults stop
    #[arg(long, default_value_t = 100)]
    steps: usize,
    /// The lifecycle as the component that ships, instead of linked natively
    #[arg(long)]
    component: bool,
    /// A fault that is put in on purpose
    #[arg(long)]
    mutant: Option<Mutant>,
}

impl Arguments {
    fn options(&self, seed: u64, keeps_lines: bool) -> Options {
        Options {
            steps: self.steps,
            replicas: self.replicas.and_then(|replicas| usize::try_from(replicas).ok()),
            mutant: self.mutant,
            keeps_lines,
            ..Options::of_seed(seed)
        }
    }

    /// The words that bring a seed back.
    fn again(&self, seed: u64) -> String {
        let mut words = format!("cargo xtask simulate --seed {seed} --steps {}", self.steps);
        if let Some(replicas) = self.replicas {
            words.push_str(&format!(" --replicas {replicas}"));
        }
        if self.component {
            words.push_str(" --component");
        }
        if let Some(mutant) = self.mutant {
            words.push_str(&format!(" --mutant {mutant}"));
        }
        words
    }
}

fn main() -> ExitCode {
    match run(&Arguments::parse()) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            say(&format!("simulate: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<usize> {
    let module = match arguments.component {
        true => lifecycle::component()?,
        false => lifecycle::native(),
    };
    match arguments.seed {
        Some(seed) if !std::env::args().any(|word| word.starts_with("--seeds")) => {
            Ok(one(arguments, seed, module))
        }
        first => Ok(many(arguments, first.unwrap_or(0), &module)),
    }
}

/// One seed, with everything that happens.
fn one(arguments: &Arguments, seed: u64, module: Arc<dyn Lifecycle>) -> usize {
    let outcome = simulate(&arguments.options(seed, true), module);
    outcome.lines.iter().for_each(|line| say(line));
    let Outcome { violation, hash, commits, .. } = outcome;
    say(&format!("\nseed {seed}: {commits} commits, trace {hash:016x}"));
    match violation {
        Some(what) => {
            say(&format!("VIOLATED: {what}"));
            1
        }
        None => {
            say("nothing is violated");
            0
        }
    }
}

/// Many seeds, with a bar; answers how many failed.
fn many(arguments: &Arguments, first: u64, module: &Arc<dyn Lifecycle>) -> usize {
    let bar = ProgressBar::new(arguments.seeds);
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} seeds, {per_sec}, {eta} left");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    let (next, commits, failed) = (AtomicU64::new(0), AtomicU64::new(0), AtomicU64::new(0));
    let begun = Instant::now();
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= arguments.seeds {
            return;
        }
        let seed = first + number;
        let outcome = simulate(&arguments.options(seed, false), Arc::clone(module));
        commits.fetch_add(outcome.commits, Ordering::Relaxed);
        bar.inc(1);
        if let Some(what) = outcome.violation {
            failed.fetch_add(1, Ordering::Relaxed);
            bar.suspend(|| say(&format!("seed {seed}: {what}\n    {}", arguments.again(seed))));
        }
    };
    let at_once = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(work);
        }
    });
    bar.finish_and_clear();
    let (failed, seconds) = (failed.into_inner(), begun.elapsed().as_secs_f64());
    say(&format!(
        "{} seeds, {failed} violations, {} commits, {seconds:.1} s",
        arguments.seeds,
        commits.into_inner()
    ));
    usize::try_from(failed).unwrap_or(usize::MAX)
}
