//! `cost.*`: what one account of a batch of 500 activations costs, exactly. `cargo xtask test` holds the same figures.

use anyhow::Result;
use tests_harness::Cost;

use crate::measure::Measure;

pub(crate) async fn cost() -> Result<Vec<Measure>> {
    let cost = Cost::of_a_batch().await?;
    let per_account = |count: u64| {
        #[expect(clippy::cast_precision_loss, reason = "counts of one batch")]
        let share = count as f64 / cost.accounts as f64;
        share
    };
    Ok(vec![
        Measure::single("cost.statements", "per account", None, per_account(cost.statements), 1),
        Measure::single("cost.rows", "per account", None, per_account(cost.rows), 1),
        Measure::single("cost.bytes", "per account", None, per_account(cost.bytes), 1),
        Measure::single("cost.fuel", "per account", None, per_account(cost.fuel), 1),
    ])
}
