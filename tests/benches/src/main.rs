//! The measures of the bridge, each against its bare floor: `cargo xtask bench [NAME…]`.
//!
//! A ratio is measured with both sides in turn in one run, so that a noisy machine harms both alike; what the other side
//! is stands beside ours, as good as we can make it. Nothing here asserts a time.

mod cost;
mod engine;
mod machine;
mod measure;
mod native;
mod stopwatch;

use anyhow::{Context as _, Result};
use clap::Parser;

use crate::measure::{Measure, Report};

/// Runs measures, prints a table, and writes target/measures.json.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask bench")]
struct Arguments {
    /// Which measures: a name, or the part before its dot (engine, cost). All, if none is named.
    names: Vec<String>,
    /// Paired runs per ratio; 15 at least for a goal to be called met.
    #[arg(long, default_value_t = 21)]
    pairs: usize,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let wanted = |name: &str| {
        arguments.names.is_empty()
            || arguments.names.iter().any(|asked| {
                name == asked
                    || name.strip_prefix(asked).is_some_and(|rest| rest.starts_with(['.', '_']))
            })
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let mut measures: Vec<Measure> = Vec::new();
    runtime.block_on(async {
        if wanted("engine.fresh_call") {
            measures.extend(engine::fresh_call(arguments.pairs).await?);
        }
        if wanted("engine.native") {
            measures.push(native::native(arguments.pairs).await?);
        }
        if wanted("cost.statements") {
            measures.extend(cost::cost().await?);
        }
        Ok::<_, anyhow::Error>(())
    })?;
    let report = Report::new(measures);
    report.print()?;
    report.write("target/measures.json").context("target/measures.json cannot be written")
}
