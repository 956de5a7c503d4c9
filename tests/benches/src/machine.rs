//! The machine that a run is on, and what its host takes away meanwhile.

use std::fs;

use serde::Serialize;

/// What is written beside the measures.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Machine {
    cpu: String,
    cores: usize,
    kernel: String,
    profile: &'static str,
}

impl Machine {
    pub(crate) fn here() -> Self {
        let cpu = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")?.split(": ").nth(1));
        let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
        Self {
            cpu: cpu.unwrap_or("unknown").to_owned(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            kernel: kernel.trim().to_owned(),
            profile: if cfg!(debug_assertions) {
                "dev, debug assertions on"
            } else {
                "dev, opt-level 3"
            },
        }
    }
}

/// Processor time of the whole machine, in ticks.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ticks {
    all: u64,
    stolen: u64,
}

impl Ticks {
    pub(crate) fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).filter_map(|tick| tick.parse().ok()).collect();
        Self { all: ticks.iter().take(8).sum(), stolen: ticks.get(7).copied().unwrap_or(0) }
    }

    /// The share that was stolen since, in `0.0..=1.0`.
    pub(crate) fn steal_since(self) -> f64 {
        let now = Self::now();
        let all = now.all.saturating_sub(self.all).max(1);
        #[expect(clippy::cast_precision_loss, reason = "ticks of one run are few")]
        let share = now.stolen.saturating_sub(self.stolen) as f64 / all as f64;
        share
    }
}
