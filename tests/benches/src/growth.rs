//! `activation.growth`: what one account of a batch of 1,000 activations costs among 100,000 accounts, against among
//! 1,000.
//!
//! Processor time of the whole process, SQLite in it: the wait for a disk is the same for both, whatever the size of the
//! table, and would hide what grows. The batch is a run of names, as those of a zone or a team are.

use std::cell::Cell;

use anyhow::Result;
use tests_harness::TestBridgeOptions;

use crate::many::Many;
use crate::measure::{Goal, Measure, ratios};
use crate::scene::{Scene, names};
use crate::stopwatch::processor_time;

/// The measure's name.
pub(crate) const NAME: &str = "activation.growth";
/// Accounts of a batch, and of the small table.
const BATCH: usize = 1_000;
/// Batches of one run: processor time is told in hundredths of a second.
const BATCHES: usize = 4;

const AGAINST: &str =
    "the same batch in a table of 1,000 accounts; processor time of bridge, database and agent";

pub(crate) async fn growth(many: &Many, pairs: usize) -> Result<Measure> {
    let few = names(BATCH);
    let small = Scene::start(TestBridgeOptions::default()).await?;
    small.create(&few).await?;
    small.bring(&few, "ACTIVE").await?;
    // Every batch is somewhere else in the large table.
    let place = Cell::new(0);
    let (values, thrown_away) = ratios(
        pairs,
        async || {
            let mut cost = 0.0;
            for _ in 0..BATCHES {
                let begin = place.get() % many.names.len();
                place.set(begin + BATCH * 7);
                let batch = &many.names[begin..many.names.len().min(begin + BATCH)];
                cost += activation(&many.scene, batch).await?;
            }
            Ok(cost)
        },
        async || {
            let mut cost = 0.0;
            for _ in 0..BATCHES {
                cost += activation(&small, &few).await?;
            }
            Ok(cost)
        },
    )
    .await?;
    small.stop().await;
    let mut measure = Measure::of(NAME, "ratio", AGAINST, Some(Goal::AtMost(1.15)), values);
    measure.thrown_away = thrown_away;
    Ok(measure)
}

/// Seconds of processor time that the activation of these accounts takes; they are `ACTIVE` before it too.
async fn activation(scene: &Scene, names: &[String]) -> Result<f64> {
    scene.bring(names, "INACTIVE").await?;
    let before = processor_time();
    scene.bring(names, "ACTIVE").await?;
    Ok((processor_time() - before).as_secs_f64())
}
