//! The bridge dies at every statement, every commit and every delivery, is started again, and nothing is lost, doubled or
//! stuck.
//!
//! A story of every kind of request and of comings and goings is told once to count the points that it passes; then it is
//! told once for each of them, and the bridge dies there. Whoever wants more than fits into an ordinary run sets
//! `SWINGBRIDGE_CRASH_POINTS=all`, and who looks into a death names its point: `SWINGBRIDGE_CRASH_POINTS=17`.

mod guardian;
mod mortality;
mod story;
mod truth;

use anyhow::{Context as _, Result};
use tests_harness::Kind;

use self::story::Story;

/// How many of the points an ordinary run tries on each database.
const POINTS: usize = 40;

/// Dies at points of the story that lie evenly apart, all of them if that is asked for.
async fn dies_everywhere(kind: Kind) -> Result<()> {
    let points = std::env::var("SWINGBRIDGE_CRASH_POINTS").ok();
    if let Some(at) = points.as_ref().and_then(|points| points.parse().ok()) {
        return Story::tell(kind, at).await.map(|_| ());
    }
    let whole = Story::tell(kind, usize::MAX).await.context("the story without a death")?;
    let step = if points.as_deref() == Some("all") { 1 } else { whole.div_ceil(POINTS) };
    for at in (0..whole).step_by(step) {
        Story::tell(kind, at).await.with_context(|| format!("it died at point {at} of {whole}"))?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_a_bridge_that_dies_anywhere_goes_on_where_it_was() -> Result<()> {
    dies_everywhere(Kind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_a_bridge_that_dies_anywhere_goes_on_where_it_was() -> Result<()> {
    dies_everywhere(Kind::MariaDb).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_a_bridge_that_dies_anywhere_goes_on_where_it_was() -> Result<()> {
    dies_everywhere(Kind::Postgres).await
}
