//! `engine.native`: processor time per account, activation end to end on SQLite, with the lifecycle as wasm against the
//! same bridge with the library linked.

use anyhow::Result;
use tests_harness::TestBridgeOptions;

use crate::measure::{Goal, Measure, ratios};
use crate::scene::{Scene, names};
use crate::stopwatch::processor_time;

/// Accounts of one run.
const ACCOUNTS: usize = 10_000;

pub(crate) async fn native(pairs: usize) -> Result<Measure> {
    let against = "the same bridge with the lifecycle library linked natively behind the same port";
    let (values, thrown_away) =
        ratios(pairs, async || activation(false).await, async || activation(true).await).await?;
    let mut measure =
        Measure::of("engine.native", "ratio", against, Some(Goal::AtMost(1.05)), values);
    measure.thrown_away = thrown_away;
    Ok(measure)
}

/// Processor time per account in seconds, from the PATCH until all are `ACTIVE`.
async fn activation(native: bool) -> Result<f64> {
    let scene = Scene::start(TestBridgeOptions { native, ..TestBridgeOptions::default() }).await?;
    let names = names(ACCOUNTS);
    scene.create(&names).await?;
    let before = processor_time();
    scene.bring(&names, "ACTIVE").await?;
    let used = processor_time() - before;
    scene.stop().await;
    #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
    let accounts = ACCOUNTS as f64;
    Ok(used.as_secs_f64() / accounts)
}
