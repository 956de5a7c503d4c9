//! A time as it is typed: so long ago, or a date.

use std::time::{Duration, UNIX_EPOCH};

use host_core::clock::Millis;

/// A time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Moment {
    /// So long ago.
    Ago(Duration),
    /// Then.
    At(Millis),
}

impl Moment {
    /// The time, if now is now.
    pub(super) fn at(&self, now: Millis) -> Millis {
        match self {
            Self::Ago(ago) => now.saturating_sub(millis(*ago)),
            Self::At(at) => *at,
        }
    }
}

fn millis(duration: Duration) -> Millis {
    Millis::try_from(duration.as_millis()).unwrap_or(Millis::MAX)
}

/// Reads a time.
pub(super) fn moment(text: &str) -> Result<Moment, String> {
    if let Ok(ago) = humantime::parse_duration(text) {
        return Ok(Moment::Ago(ago));
    }
    let at = humantime::parse_rfc3339_weak(text).ok();
    let since = at.and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    since.map(|since| Moment::At(millis(since))).ok_or_else(|| {
        "so long ago is written like 1h, and a time like 2026-11-22T12:00:00Z (UTC)".to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::moment;

    #[test]
    fn a_time_is_so_long_ago_or_a_date() {
        let at = |text: &str| moment(text).map(|moment| moment.at(10_000_000));
        assert_eq!(at("1h"), Ok(6_400_000));
        assert_eq!(at("90s"), Ok(9_910_000));
        assert_eq!(at("100y"), Ok(0), "before all times");
        assert_eq!(at("1970-01-01T00:00:01Z"), Ok(1_000));
        assert_eq!(at("1970-01-02 00:00:00"), Ok(86_400_000));
        assert!(at("yesterday").is_err() && at("").is_err() && at("1960-01-01T00:00:00Z").is_err());
    }
}
