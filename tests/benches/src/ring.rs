//! `ring.latency`: from the PATCH at one replica to `ACTIVE`, when the agent's stream is at the other, against a PATCH at
//! the replica that has the stream. Told beside them: the same with rings that are lost, so that only the looks are left.
//!
//! One account at a time on a quiet database, real HTTP and gRPC, and time that passes. The caller's answer ends a
//! measurement: it says that the account is `ACTIVE`, and has crossed back from the agent's replica to that of the
//! caller.

mod two;

use anyhow::Result;
use tests_harness::Kind;

use self::two::{Rings, Two};
use crate::measure::{Measure, ratios};

/// Activations of one side in one pair.
const ACTIVATIONS: usize = 100;
/// Activations without rings: each takes a second or more.
const LOST: usize = 60;

const AGAINST: &str = "the same at the replica that has the agent's stream; medians";

/// The measures' names.
struct Names {
    ratio: &'static str,
    /// Median and 99th percentile: at the other replica.
    other: [&'static str; 2],
    /// At the agent's.
    same: [&'static str; 2],
    /// At the other, rings lost.
    lost: [&'static str; 2],
}

const ON_MARIADB: Names = Names {
    ratio: "ring.latency.mariadb",
    other: ["ring.latency.mariadb_p50", "ring.latency.mariadb_p99"],
    same: ["ring.same.mariadb_p50", "ring.same.mariadb_p99"],
    lost: ["ring.lost.mariadb_p50", "ring.lost.mariadb_p99"],
};

const ON_POSTGRES: Names = Names {
    ratio: "ring.latency.postgresql",
    other: ["ring.latency.postgresql_p50", "ring.latency.postgresql_p99"],
    same: ["ring.same.postgresql_p50", "ring.same.postgresql_p99"],
    lost: ["ring.lost.postgresql_p50", "ring.lost.postgresql_p99"],
};

fn names(kind: Kind) -> Option<&'static Names> {
    match kind {
        // A bridge on SQLite has its database for itself.
        Kind::Sqlite => None,
        Kind::MariaDb => Some(&ON_MARIADB),
        Kind::Postgres => Some(&ON_POSTGRES),
    }
}

/// The ratio's name, if several replicas can be on this kind of database.
pub(crate) fn name(kind: Kind) -> Option<&'static str> {
    names(kind).map(|names| names.ratio)
}

pub(crate) async fn latency(kind: Kind, pairs: usize) -> Result<Vec<Measure>> {
    let Some(names) = names(kind) else { return Ok(Vec::new()) };
    let two = Two::start(kind, ACTIVATIONS, Rings::Heard).await?;
    let (mut other, mut same) = (Vec::new(), Vec::new());
    let (values, thrown_away) = ratios(
        pairs,
        async || {
            let times = two.activations(two.other()).await?;
            other.extend_from_slice(&times);
            Ok(share(times, 50))
        },
        async || {
            let times = two.activations(two.holder()).await?;
            same.extend_from_slice(&times);
            Ok(share(times, 50))
        },
    )
    .await?;
    two.stop().await;
    let two = Two::start(kind, LOST, Rings::Lost).await?;
    let lost = two.activations(two.other()).await?;
    two.stop().await;

    let mut ratio = Measure::of(names.ratio, "ratio", AGAINST, None, values);
    ratio.thrown_away = thrown_away;
    let mut measures = vec![ratio];
    for (names, times) in [(names.other, other), (names.same, same), (names.lost, lost)] {
        for (name, percent) in names.into_iter().zip([50, 99]) {
            let runs = times.len();
            measures.push(Measure::single(name, "ms", None, share(times.clone(), percent), runs));
        }
    }
    Ok(measures)
}

/// The time, in milliseconds, that so many percent of them do not exceed.
fn share(mut times: Vec<f64>, percent: usize) -> f64 {
    times.sort_by(f64::total_cmp);
    let place = (times.len() * percent).div_ceil(100).saturating_sub(1);
    times.get(place).copied().unwrap_or(f64::NAN)
}
