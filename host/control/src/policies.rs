//! The empty chain of policies: allow, keep, and the default retry.

use std::sync::Arc;

use async_trait::async_trait;
use host_core::error::CallError;
use host_core::policy::{Backoff, FailedTry, Placement, Subject, Verdict};
use host_core::port::ids::Ids;
use host_core::port::policy::Policies;
use host_core::settings::Settings;

/// Jitter: a wait is stretched by up to this share, so that accounts that failed together do not come back together.
const JITTER: f64 = 0.2;

/// What answers where no policy serves.
#[derive(Debug)]
pub struct EmptyChain {
    settings: Settings,
    ids: Arc<dyn Ids>,
}

impl EmptyChain {
    /// With the default retry of these settings; `ids` gives the chance for jitter.
    #[must_use]
    pub fn new(settings: Settings, ids: Arc<dyn Ids>) -> Self {
        Self { settings, ids }
    }

    /// `retry.first` × `retry.factor` per failed try, at most `retry.cap`, given up after `retry.max` tries
    /// (`spec/lifecycle.md`, the edge *retry is due*).
    fn backoff(&self, failed_count: u32) -> Backoff {
        let settings = &self.settings;
        if failed_count >= settings.retry_max {
            return Backoff::GiveUp;
        }
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a wait are far below 2^52")]
        let (first, cap) = (settings.retry_first_ms as f64, settings.retry_cap_ms as f64);
        let exponent = i32::try_from(failed_count.saturating_sub(1)).unwrap_or(i32::MAX);
        let wait = (first * settings.retry_factor.powi(exponent)).min(cap);
        let wait = wait * (1.0 + JITTER * self.ids.chance());
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and 1.2 × retry.cap, whole milliseconds are enough"
        )]
        Backoff::After(wait as u64)
    }
}

#[async_trait]
impl Policies for EmptyChain {
    async fn admit(&self, subjects: Vec<Subject>) -> Result<Vec<Verdict>, CallError> {
        Ok(vec![Verdict::Allow; subjects.len()])
    }

    async fn place(&self, subjects: Vec<Subject>) -> Result<Vec<Placement>, CallError> {
        Ok(vec![Placement::Keep; subjects.len()])
    }

    async fn retry(&self, questions: Vec<FailedTry>) -> Result<Vec<Backoff>, CallError> {
        Ok(questions.iter().map(|question| self.backoff(question.failed_count)).collect())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use host_core::policy::Backoff;
    use host_core::port::ids::Ids;
    use host_core::settings::Settings;

    use super::EmptyChain;

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

    #[test]
    fn waits_double_to_the_cap_and_end() {
        let chain = EmptyChain::new(Settings::default(), Arc::new(Chance(0.0)));
        let waits: Vec<Backoff> = (1..=8).map(|n| chain.backoff(n)).collect();
        let after = |seconds: u64| Backoff::After(seconds * 1_000);
        let doubled = [5, 10, 20, 40, 80, 160, 320].map(after);
        assert_eq!(waits[..7], doubled);
        assert_eq!(waits[7], Backoff::GiveUp);
    }

    #[test]
    fn no_wait_is_longer_than_the_cap_and_its_jitter() {
        let settings = Settings { retry_max: u32::MAX, ..Settings::default() };
        let chain = EmptyChain::new(settings, Arc::new(Chance(1.0)));
        assert_eq!(chain.backoff(1_000), Backoff::After(720_000));
    }
}
