//! What is kept for a time goes when that is over: in rounds, in small pieces, with pauses between them.

use host_core::clock::Millis;
use host_core::port::housekeeping::{Kept, Piece};
use tracing::{info, warn};

use crate::bridge::{Bridge, later};
use crate::counts::Counter;

/// Rows of one piece.
const PIECE: usize = 500;
/// The pause between two pieces, in milliseconds: others get their turn.
const PAUSE_MS: u64 = 50;
/// How often what is many and short-lived is gone through, in milliseconds.
const OFTEN_MS: u64 = 60_000;
/// How often everything else is.
const SELDOM_MS: u64 = 3_600_000;

/// The time between two rounds.
fn every(what: Kept) -> u64 {
    match what {
        Kept::Calls | Kept::Keys => OFTEN_MS,
        Kept::Journal | Kept::Operations | Kept::Requests | Kept::Agents => SELDOM_MS,
    }
}

impl Bridge {
    /// Lets go of what has been kept long enough, for ever. One replica is enough; two do no harm.
    pub(crate) async fn housekeeping(&self) {
        let clock = &self.shared.ports.clock;
        let begun = clock.now();
        let mut rounds: Vec<(Millis, Kept)> =
            Kept::ALL.into_iter().map(|what| (later(begun, every(what)), what)).collect();
        loop {
            let next = rounds.iter().map(|(at, _)| *at).min().unwrap_or(Millis::MAX);
            clock.sleep_until(next).await;
            for (at, what) in &mut rounds {
                if *at <= clock.now() {
                    self.let_go(*what).await;
                    *at = later(clock.now(), every(*what));
                }
            }
        }
    }

    /// One round. Trouble ends it; the next one begins again.
    async fn let_go(&self, what: Kept) {
        let shared = &self.shared;
        let kept = shared.tuning.retention.of(what);
        let before = shared.ports.clock.now().saturating_sub(kept);
        let (mut after, mut all) = (Some(String::new()), 0);
        while let Some(from) = after.take() {
            let piece = shared.ports.housekeeping.purge(what, before, from, PIECE).await;
            match piece {
                Ok(Piece { went, next }) => {
                    all += went;
                    after = next;
                }
                Err(error) => warn!(what = what.as_str(), "old rows stay for now: {error}"),
            }
            if after.is_some() {
                let clock = &shared.ports.clock;
                clock.sleep_until(later(clock.now(), PAUSE_MS)).await;
            }
        }
        if all > 0 {
            info!(what = what.as_str(), rows = all, "old rows went");
            shared.counts.add(Counter::Purged, &[what.as_str()], all as u64);
        }
    }
}
