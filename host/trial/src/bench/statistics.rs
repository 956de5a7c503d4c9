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
    /// The bounds of the median, at 95 % or more; nothing of so few pairs that none can be told: fewer than six.
    pub bounds: Option<(f64, f64)>,
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
        let last = count.saturating_sub(1);
        let median = f64::midpoint(at(last / 2), at(count / 2));
        let bounds = place(count).map(|low| (at(low), at(last - low)));
        Self { median, bounds, pairs: count }
    }

    /// Whether the difference is more than noise: 1 lies outside the bounds.
    #[must_use]
    pub fn is_more_than_noise(&self) -> bool {
        self.bounds.is_some_and(|(low, high)| low > 1.0 || high < 1.0)
    }
}

/// The last place in so many sorted values below which the median lies with a probability of 0.025 at most: as often as
/// a fair coin, thrown for each value, shows no more than that many heads.
fn place(count: usize) -> Option<usize> {
    let (mut below, mut found) = (0.0, None);
    // In logarithms: 2 to the 1,024 is no number any more.
    #[expect(clippy::cast_precision_loss, reason = "pairs are few")]
    let number = |n: usize| n as f64;
    let mut logarithm = -number(count) * std::f64::consts::LN_2;
    for place in 0..count {
        below += logarithm.exp();
        if below > 0.025 {
            break;
        }
        found = Some(place);
        logarithm += number(count - place).ln() - number(place + 1).ln();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Ratio, Spread, place};

    #[test]
    fn noise_is_told_from_a_difference() {
        let noise = (0..21).map(|n| 0.9 + 0.01 * f64::from(n)).collect();
        assert!(!Ratio::of(noise).is_more_than_noise());
        let slower: Vec<f64> = (0..21).map(|n| 1.05 + 0.01 * f64::from(n)).collect();
        let slower = Ratio::of(slower);
        assert!(
            slower.is_more_than_noise()
                && slower.bounds.is_some_and(|(low, high)| low > 1.05 && high < 1.25),
            "{slower:?}"
        );
    }

    #[test]
    fn few_pairs_prove_nothing_against_one_that_differs() {
        assert!(!Ratio::of(vec![1.2, 1.3, 0.9]).is_more_than_noise());
        let few = Ratio::of(vec![1.2; 5]);
        assert!(few.bounds.is_none() && !few.is_more_than_noise(), "{few:?}");
        assert!(Ratio::of(vec![1.2; 6]).is_more_than_noise());
    }

    /// The table of the sign test's bounds, as textbooks have it (one less, since places count from 0 here).
    #[test]
    fn bounds_hold_the_median_in_95_of_100_cases() {
        let places: Vec<Option<usize>> =
            [0, 5, 6, 8, 9, 10, 20, 51, 100].into_iter().map(place).collect();
        let known = [None, None, Some(0), Some(0), Some(1), Some(1), Some(5), Some(18), Some(39)];
        assert_eq!(places, known);
        assert_eq!(place(2_000), Some(955), "so many that 2 to their number overflows");
    }

    #[test]
    fn a_spread_is_of_its_values() {
        let spread = Spread::of((1..=100).map(f64::from).collect());
        assert_eq!((spread.p50, spread.p99, spread.least, spread.most), (50.0, 99.0, 1.0, 100.0));
    }
}
