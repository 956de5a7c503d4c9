//! A measure: its value, its range, and whether its goal is met.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::machine::{Machine, Ticks};

/// Runs in which the machine lost more than this share to steal are thrown away.
const STEAL_MAX: f64 = 0.05;

/// One line of the table.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Measure {
    pub(crate) name: &'static str,
    /// The median of the runs.
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) low: f64,
    pub(crate) high: f64,
    pub(crate) runs: usize,
    /// What it is compared with.
    pub(crate) against: &'static str,
    #[serde(skip)]
    pub(crate) goal: Option<f64>,
    /// What the goal is compared with: for a ratio the upper 95 % bound of the median.
    #[serde(skip)]
    pub(crate) bound: f64,
    /// Runs that were thrown away, because the machine's host took processor time.
    #[serde(skip)]
    pub(crate) thrown_away: usize,
}

impl Measure {
    /// From the values of its runs.
    pub(crate) fn of(
        name: &'static str,
        unit: &'static str,
        against: &'static str,
        goal: Option<f64>,
        mut values: Vec<f64>,
    ) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        Self {
            name,
            value: at(last / 2),
            unit,
            low: at(0),
            high: at(last),
            runs: values.len(),
            against,
            goal,
            bound: at(upper_bound(values.len())),
            thrown_away: 0,
        }
    }

    /// One value that is exact, or is of one run.
    pub(crate) fn single(
        name: &'static str,
        unit: &'static str,
        goal: Option<f64>,
        value: f64,
        runs: usize,
    ) -> Self {
        let measure = Self::of(name, unit, "–", goal, vec![value]);
        Self { runs, bound: value, ..measure }
    }

    fn verdict(&self) -> String {
        let Some(goal) = self.goal else { return "told".to_owned() };
        let met = if self.bound <= goal { "met" } else { "NOT met" };
        format!("≤ {goal}: {met} (by {:.3})", self.bound)
    }
}

/// The place, in sorted values, of an upper 95 % bound of their median: the smallest one that the median of what they
/// were drawn from is below with a probability of 0.95, by the binomial distribution.
fn upper_bound(count: usize) -> usize {
    let mut below = 0.0;
    let mut ways = 1.0;
    let all = 2.0_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    for place in 0..count {
        #[expect(clippy::cast_precision_loss, reason = "runs are few")]
        {
            below += ways / all;
            ways = ways * (count - place) as f64 / (place + 1) as f64;
        }
        if below >= 0.95 {
            return place;
        }
    }
    count.saturating_sub(1)
}

/// Runs both sides in turn until there are `pairs` good pairs, and answers the ratios, and how many were thrown away.
pub(crate) async fn ratios(
    pairs: usize,
    mut ours: impl AsyncFnMut() -> Result<f64>,
    mut theirs: impl AsyncFnMut() -> Result<f64>,
) -> Result<(Vec<f64>, usize)> {
    let bar = indicatif::ProgressBar::new(pairs as u64);
    let mut ratios = Vec::new();
    let mut thrown_away = 0;
    while ratios.len() < pairs && thrown_away < pairs * 3 {
        let ticks = Ticks::now();
        // A B, then B A: a machine that slows down over a pair harms both sides alike.
        let (ours, theirs) = if ratios.len() % 2 == 0 {
            let ours = ours().await?;
            (ours, theirs().await?)
        } else {
            let theirs = theirs().await?;
            (ours().await?, theirs)
        };
        if ticks.steal_since() > STEAL_MAX {
            thrown_away += 1;
            continue;
        }
        ratios.push(ours / theirs);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((ratios, thrown_away))
}

/// All measures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    measures: Vec<Measure>,
}

impl Report {
    pub(crate) fn new(measures: Vec<Measure>) -> Self {
        Self { machine: Machine::here(), measures }
    }

    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:?}\n", self.machine)?;
        writeln!(
            out,
            "{:<24} {:>12} {:<18} {:>25} {:>5}  goal",
            "measure", "median", "unit", "range", "runs"
        )?;
        for m in &self.measures {
            let range = format!("{:.3} … {:.3}", m.low, m.high);
            let (name, value, unit, runs) = (m.name, m.value, m.unit, m.runs);
            writeln!(
                out,
                "{name:<24} {value:>12.3} {unit:<18} {range:>25} {runs:>5}  {}",
                m.verdict()
            )?;
            if m.thrown_away > 0 {
                writeln!(out, "{:<24} {} runs thrown away for steal", "", m.thrown_away)?;
            }
        }
        for m in self.measures.iter().filter(|m| m.against != "–") {
            writeln!(out, "\n{}: against {}", m.name, m.against)?;
        }
        Ok(())
    }

    pub(crate) fn write(&self, path: impl AsRef<Path>) -> Result<()> {
        Ok(std::fs::write(path, serde_json::to_string_pretty(self)?)?)
    }
}

#[cfg(test)]
mod tests {
    use super::upper_bound;

    #[test]
    fn the_bound_of_a_median_is_the_binomial_one() {
        // P(Bin(15, ½) ≤ 10) = 0.9408, ≤ 11: 0.9824; for 21: ≤ 14 is 0.9608.
        assert_eq!(upper_bound(15), 11);
        assert_eq!(upper_bound(21), 14);
    }
}
