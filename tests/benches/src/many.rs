//! A bridge with 100,000 accounts that are `ACTIVE`, with all that their lives left in the other tables. Filled once for
//! the measures that need it, through the API.

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};
use tests_harness::TestBridgeOptions;

use crate::scene::{Scene, names};

/// Accounts of the large table.
pub(crate) const ACCOUNTS: usize = 100_000;
/// Accounts of one request that fills it.
const TOGETHER: usize = 5_000;

/// The bridge, and the names in their order.
#[derive(Debug)]
pub(crate) struct Many {
    pub(crate) scene: Scene,
    pub(crate) names: Vec<String>,
}

impl Many {
    /// Makes it. That takes a minute or two, and shows how far it is.
    pub(crate) async fn fill() -> Result<Self> {
        let scene = Scene::start(TestBridgeOptions::default()).await?;
        let names = names(ACCOUNTS);
        let style = "{msg} {bar:40} {pos}/{len} ({eta} left)";
        let bar =
            ProgressBar::new(ACCOUNTS as u64).with_style(ProgressStyle::with_template(style)?);
        bar.set_message("filling the table");
        for part in names.chunks(TOGETHER) {
            scene.create(part).await?;
            scene.bring(part, "ACTIVE").await?;
            bar.inc(part.len() as u64);
        }
        bar.finish_and_clear();
        Ok(Self { scene, names })
    }

    pub(crate) async fn stop(self) {
        self.scene.stop().await;
    }
}
