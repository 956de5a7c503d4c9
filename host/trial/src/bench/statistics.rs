//! Spreads of times, and what of a ratio is more than noise.

/// How values lie.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Spread {
    /// The median.
    pub p50: f64,
    /// What 99 of 100 are below.
    pub p99: f64,
    /// The smallest.
    pub least: f64,
    /// The largest.
    pub most: f64,
    /// How many there were.
    pub count: usize,
}

impl Spread {
    /// Of these values.
    #[must_use]
    pub fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |share: usize| {
            let place = (values.len().saturating_sub(1)) * share / 100;
            values.get(place).copied().unwrap_or_default()
        };
        Self { p50: at(50), p99: at(99), least: at(0), most: at(100), count: values.len() }
    }
}

/// A ratio of paired measurements.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Ratio {
    /// The median.
    pub median: f64,
    /// The lower bound of the median, at 95 %.
    pub low: f64,
    /// The upper bound of the median, at 95 %.
    pub high: f64,
    /// How many pairs there were.
    pub pairs: usize,
}

impl Ratio {
    /// Of these ratios, by the order of their values: no shape of the noise is assumed.
    #[must_use]
    pub fn of(mut ratios: Vec<f64>) -> Self {
        ratios.sort_by(f64::total_cmp);
        let at = |place: usize| ratios.get(place).copied().unwrap_or(f64::NAN);
        let count = ratios.len();
        let low = place(count);
        let last = count.saturating_sub(1);
        let median = f64::midpoint(at(last / 2), at(count / 2));
        Self { median, low: at(low), high: at(last.saturating_sub(low)), pairs: count }
    }

    /// Whether the difference is more than noise: 1 lies outside the bounds.
    #[must_use]
    pub fn is_more_than_noise(&self) -> bool {
        self.low > 1.0 || self.high < 1.0
    }
}

/// The place, in sorted values, below which the median lies with a probability of 0.025, by the binomial distribution.
fn place(count: usize) -> usize {
    let (mut below, mut ways) = (0.0, 1.0);
    let all = 2.0_f64.powi(i32::try_from(count).unwrap_or(i32::MAX));
    for place in 0..count {
        #[expect(clippy::cast_precision_loss, reason = "pairs are few")]
        {
            below += ways / all;
            ways = ways * (count - place) as f64 / (place + 1) as f64;
        }
        if below > 0.025 {
            return place;
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::{Ratio, Spread};

    #[test]
    fn noise_is_told_from_a_difference() {
        let noise = (0..21).map(|n| 0.9 + 0.01 * f64::from(n)).collect();
        assert!(!Ratio::of(noise).is_more_than_noise());
        let slower: Vec<f64> = (0..21).map(|n| 1.05 + 0.01 * f64::from(n)).collect();
        let slower = Ratio::of(slower);
        assert!(
            slower.is_more_than_noise() && slower.low > 1.05 && slower.high < 1.25,
            "{slower:?}"
        );
    }

    #[test]
    fn few_pairs_prove_nothing_against_one_that_differs() {
        assert!(!Ratio::of(vec![1.2, 1.3, 0.9]).is_more_than_noise());
    }

    #[test]
    fn a_spread_is_of_its_values() {
        let spread = Spread::of((1..=100).map(f64::from).collect());
        assert_eq!((spread.p50, spread.p99, spread.least, spread.most), (50.0, 99.0, 1.0, 100.0));
    }
}
