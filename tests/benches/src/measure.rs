//! A measure: its value, its range, and whether its goal is met.

use std::io::Write as _;
use std::path::Path;

use anyhow::Result;
use serde::Serialize;

use crate::machine::{Machine, Ticks};

/// Runs in which the machine lost more than this share to steal are thrown away.
const STEAL_MAX: f64 = 0.05;

/// What a measure is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Goal {
    /// So much, or less.
    AtMost(f64),
    /// So much, or more.
    AtLeast(f64),
}

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
    pub(crate) goal: Option<Goal>,
    /// What the goal is compared with: of several runs the 95 % bound of the median, on the side that the goal is on.
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
        goal: Option<Goal>,
        mut values: Vec<f64>,
    ) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or(f64::NAN);
        let last = values.len().saturating_sub(1);
        let upper = upper_bound(values.len());
        let bound = match goal {
            Some(Goal::AtLeast(_)) => last.saturating_sub(upper),
            Some(Goal::AtMost(_)) | None => upper,
        };
        Self {
            name,
            value: at(last / 2),
            unit,
            low: at(0),
            high: at(last),
            runs: values.len(),
            against,
            goal,
            bound: at(bound),
            thrown_away: 0,
        }
    }

    /// One value that is exact, or is of one run.
    pub(crate) fn single(
        name: &'static str,
        unit: &'static str,
        goal: Option<Goal>,
        value: f64,
        runs: usize,
    ) -> Self {
        let measure = Self::of(name, unit, "–", goal, vec![value]);
        Self { runs, bound: value, ..measure }
    }

    fn verdict(&self) -> String {
        let (sign, goal, met) = match self.goal {
            None => return "told".to_owned(),
            Some(Goal::AtMost(goal)) => ('≤', goal, self.bound <= goal),
            Some(Goal::AtLeast(goal)) => ('≥', goal, self.bound >= goal),
        };
        let met = if met { "met" } else { "NOT met" };
        format!("{sign} {goal}: {met} (by {:.3})", self.bound)
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

/// Runs one side until there are so many good runs, and answers the values, and how many were thrown away.
pub(crate) async fn rounds(
    count: usize,
    mut run: impl AsyncFnMut() -> Result<f64>,
) -> Result<(Vec<f64>, usize)> {
    let bar = indicatif::ProgressBar::new(count as u64);
    let (mut values, mut thrown_away) = (Vec::new(), 0);
    while values.len() < count && thrown_away < count * 3 {
        let ticks = Ticks::now();
        let value = run().await?;
        if ticks.steal_since() > STEAL_MAX {
            thrown_away += 1;
            continue;
        }
        values.push(value);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok((values, thrown_away))
}

/// A measure that could not be taken here.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Skipped {
    pub(crate) name: &'static str,
    /// Why, and what to do.
    pub(crate) why: String,
}

/// All measures of a run.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    machine: Machine,
    measures: Vec<Measure>,
    skipped: Vec<Skipped>,
}

impl Report {
    pub(crate) fn new(measures: Vec<Measure>, skipped: Vec<Skipped>) -> Self {
        Self { machine: Machine::here(), measures, skipped }
    }

    pub(crate) fn print(&self) -> Result<()> {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{:?}\n", self.machine)?;
        writeln!(
            out,
            "{:<28} {:>12} {:<18} {:>25} {:>5}  goal",
            "measure", "median", "unit", "range", "runs"
        )?;
        for m in &self.measures {
            let range = format!("{:.3} … {:.3}", m.low, m.high);
            let (name, value, unit, runs) = (m.name, m.value, m.unit, m.runs);
            writeln!(
                out,
                "{name:<28} {value:>12.3} {unit:<18} {range:>25} {runs:>5}  {}",
                m.verdict()
            )?;
            if m.thrown_away > 0 {
                writeln!(out, "{:<28} {} runs thrown away for steal", "", m.thrown_away)?;
            }
        }
        for Skipped { name, why } in &self.skipped {
            writeln!(out, "{name:<28} SKIPPED: {why}")?;
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
    use super::{Goal, Measure, upper_bound};

    #[test]
    fn the_bound_of_a_median_is_the_binomial_one() {
        // P(Bin(15, ½) ≤ 10) = 0.9408, ≤ 11: 0.9824; for 21: ≤ 14 is 0.9608.
        assert_eq!(upper_bound(15), 11);
        assert_eq!(upper_bound(21), 14);
    }

    #[test]
    fn a_goal_from_below_is_held_against_the_lower_bound() {
        // Sorted, the fourth of fifteen is below the median with the probability that the bound wants.
        let values: Vec<f64> = (0..15).rev().map(f64::from).collect();
        let of = |goal| Measure::of("m", "ratio", "–", Some(goal), values.clone());
        assert_eq!(of(Goal::AtLeast(3.0)).verdict(), "≥ 3: met (by 3.000)");
        assert_eq!(of(Goal::AtLeast(3.5)).verdict(), "≥ 3.5: NOT met (by 3.000)");
        assert_eq!(of(Goal::AtMost(11.0)).verdict(), "≤ 11: met (by 11.000)");
        assert_eq!(of(Goal::AtMost(10.5)).verdict(), "≤ 10.5: NOT met (by 11.000)");
    }
}
