//! What a batch costs may not grow unexplained: the accepted figures are a file beside this one.

use anyhow::Result;
use tests_harness::Cost;

/// The accepted figures. Whoever raises one says why in the commit.
const ACCEPTED: &str = include_str!("cost.json");

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_of_500_activations_costs_no_more_than_was_accepted() -> Result<()> {
    let accepted: Cost = serde_json::from_str(ACCEPTED)?;
    let cost = Cost::of_a_batch().await?;
    assert!(cost.statements < 10, "single digits: {cost:?}");
    assert!(cost.statements <= accepted.statements, "{cost:?} against {accepted:?}");
    assert!(cost.rows <= accepted.rows, "{cost:?} against {accepted:?}");
    assert!(cost.bytes <= accepted.bytes, "{cost:?} against {accepted:?}");
    // Two compilers of one guest differ by a few instructions in a hundred.
    assert!(cost.fuel <= accepted.fuel + accepted.fuel / 20, "{cost:?} against {accepted:?}");
    Ok(())
}
