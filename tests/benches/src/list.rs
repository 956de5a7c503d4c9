//! `list.page`: how long a page of `GET /armory/accounts` by key takes among 100,000 accounts, while accounts change.
//!
//! The caller reads pages from all over the list, one after the other, over real HTTP, and its own reading of the JSON
//! counts. Meanwhile another deactivates and activates 500 accounts at a time, without a pause.

use std::time::Duration;

use anyhow::{Result, ensure};
use tests_harness::Api;

use crate::many::Many;
use crate::measure::{Goal, Measure, rounds};
use crate::stopwatch::Stopwatch;

/// The measure's name.
pub(crate) const NAME: &str = "list.page";
/// Pages of one round.
const PAGES: usize = 1_000;
/// Rounds; each has a 99th percentile of its own.
const ROUNDS: usize = 7;
/// Accounts on a page.
const LIMIT: usize = 100;
/// Accounts that change together.
const CHANGING: usize = 500;
/// From one page to the next: a step through the list that has no factor with its length, so that no page comes twice.
const STRIDE: usize = 61_803;

pub(crate) async fn page(many: &Many) -> Result<Measure> {
    let (values, thrown_away) = rounds(ROUNDS, async || {
        let (api, names) = (many.scene.bridge.api.clone(), many.names.clone());
        let reader = tokio::spawn(async move { read(&api, &names).await });
        let mut changed = 0;
        while !reader.is_finished() {
            let begin = (changed * CHANGING * 7) % (many.names.len() - CHANGING);
            let batch = &many.names[begin..begin + CHANGING];
            many.scene.bring(batch, "INACTIVE").await?;
            many.scene.bring(batch, "ACTIVE").await?;
            changed += 1;
        }
        ensure!(changed > 0, "nothing changed meanwhile");
        let mut times = reader.await??;
        times.sort_unstable();
        Ok(times[times.len() * 99 / 100].as_secs_f64() * 1e3)
    })
    .await?;
    let mut measure = Measure::of(NAME, "ms p99", "–", Some(Goal::AtMost(10.0)), values);
    measure.thrown_away = thrown_away;
    Ok(measure)
}

/// How long each page took.
async fn read(api: &Api, names: &[String]) -> Result<Vec<Duration>> {
    let mut times = Vec::with_capacity(PAGES);
    for page in 0..PAGES {
        // The last page that is full begins behind the one before its first.
        let after = &names[(page * STRIDE) % (names.len() - LIMIT)];
        let path = format!("/armory/accounts?after={after}&limit={LIMIT}");
        let watch = Stopwatch::start();
        let answer = api.get(&path).await?;
        times.push(watch.elapsed());
        let items = answer.body["items"].as_array().map_or(0, Vec::len);
        ensure!(answer.status == 200 && items == LIMIT, "{items} accounts behind {after}");
    }
    Ok(times)
}
