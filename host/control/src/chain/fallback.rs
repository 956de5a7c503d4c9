//! The default retry, which stands behind every chain, and jitter.

use std::sync::Arc;

use host_core::policy::Backoff;
use host_core::port::ids::Ids;
use host_core::settings::InForce;

/// Jitter: a wait is stretched by up to this share, so that accounts that failed together do not come back together.
const JITTER: f64 = 0.2;

/// What answers *when to try again?* where no policy does.
#[derive(Debug)]
pub(super) struct DefaultRetry {
    settings: InForce,
    ids: Arc<dyn Ids>,
}

impl DefaultRetry {
    /// By these settings; `ids` gives the chance for jitter.
    pub(super) fn new(settings: InForce, ids: Arc<dyn Ids>) -> Self {
        Self { settings, ids }
    }

    /// `retry.first` × `retry.factor` per failed try, at most `retry.cap`, given up after `retry.max` tries
    /// (`spec/lifecycle.md`, the edge *retry is due*).
    pub(super) fn backoff(&self, failed_count: u32) -> Backoff {
        let settings = self.settings.get();
        if failed_count >= settings.retry_max {
            return Backoff::GiveUp;
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a wait are far below 2^52")]
        let (first, cap) = (settings.retry_first_ms as f64, settings.retry_cap_ms as f64);
        let exponent = i32::try_from(failed_count.saturating_sub(1)).unwrap_or(i32::MAX);
        self.stretched((first * settings.retry_factor.powi(exponent)).min(cap))
    }

    /// A policy's answer with the bridge's jitter: a policy has no randomness.
    pub(super) fn jittered(&self, backoff: Backoff) -> Backoff {
        #[expect(
            clippy::cast_precision_loss,
            reason = "longer waits than 2^52 ms are not told apart"
        )]
        match backoff {
            Backoff::After(millis) => self.stretched(millis as f64),
            Backoff::GiveUp => Backoff::GiveUp,
        }
    }

    fn stretched(&self, wait: f64) -> Backoff {
        let wait = wait * (1.0 + JITTER * self.ids.chance());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a float turns into the nearest number that there is, and whole milliseconds are enough"
        )]
        Backoff::After(wait as u64)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use host_core::policy::Backoff;
    use host_core::port::ids::Ids;
    use host_core::settings::{InForce, Settings};

    use super::DefaultRetry;

    #[derive(Debug)]
    struct Chance(f64);

    impl Ids for Chance {
        fn next(&self) -> String {
            String::new()
        }
        fn chance(&self) -> f64 {
            self.0
        }
    }

    fn retry(settings: Settings, chance: f64) -> DefaultRetry {
        DefaultRetry::new(InForce::new(settings), Arc::new(Chance(chance)))
    }

    #[test]
    fn waits_double_to_the_cap_and_end() {
        let retry = retry(Settings::default(), 0.0);
        let waits: Vec<Backoff> = (1..=8).map(|n| retry.backoff(n)).collect();
        let after = |seconds: u64| Backoff::After(seconds * 1_000);
        let doubled = [5, 10, 20, 40, 80, 160, 320].map(after);
        assert_eq!(waits[..7], doubled);
        assert_eq!(waits[7], Backoff::GiveUp);
    }

    #[test]
    fn no_wait_is_longer_than_the_cap_and_its_jitter() {
        let retry = retry(Settings { retry_max: u32::MAX, ..Settings::default() }, 1.0);
        assert_eq!(retry.backoff(1_000), Backoff::After(720_000));
    }

    #[test]
    fn a_policys_wait_gets_jitter_too_and_no_number_is_too_large() {
        let retry = retry(Settings::default(), 1.0);
        assert_eq!(retry.jittered(Backoff::After(10_000)), Backoff::After(12_000));
        assert_eq!(retry.jittered(Backoff::After(u64::MAX)), Backoff::After(u64::MAX));
        assert_eq!(retry.jittered(Backoff::GiveUp), Backoff::GiveUp);
    }
}
