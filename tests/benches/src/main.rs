//! The measures of the bridge, each against its bare floor: `cargo xtask bench [NAME…]`.
//!
//! A ratio is measured with both sides in turn in one run, so that a noisy machine harms both alike; what the other side
//! is stands beside ours, as good as we can make it. Nothing here asserts a time.

mod activation;
mod agent;
mod cost;
mod engine;
mod growth;
mod list;
mod machine;
mod many;
mod measure;
mod native;
mod ring;
mod scene;
mod stopwatch;
mod trial;

use anyhow::{Context as _, Result};
use clap::Parser;
use tests_harness::Kind;
use tests_xtask::databases::{MariaDb, Postgres};

use crate::many::Many;
use crate::measure::{Measure, Report, Skipped};

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

impl Arguments {
    fn want(&self, name: &str) -> bool {
        self.names.is_empty()
            || self.names.iter().any(|asked| {
                name == asked
                    || name.strip_prefix(asked).is_some_and(|rest| rest.starts_with(['.', '_']))
            })
    }
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let report = runtime.block_on(measured(&arguments))?;
    report.print()?;
    report.write("target/measures.json").context("target/measures.json cannot be written")
}

async fn measured(arguments: &Arguments) -> Result<Report> {
    let (mut measures, mut skipped): (Vec<Measure>, Vec<Skipped>) = Default::default();
    let (want, pairs) = (|name: &str| arguments.want(name), arguments.pairs);
    if want("engine.fresh_call") {
        measures.extend(engine::fresh_call(pairs).await?);
    }
    if want("engine.native") {
        measures.push(native::native(pairs).await?);
    }
    for kind in Kind::ALL {
        let name = activation::name(kind);
        if !want(name) {
            continue;
        }
        match missing(kind) {
            None => measures.push(activation::activation(kind, pairs).await?),
            Some(why) => skipped.push(Skipped { name, why }),
        }
    }
    for kind in Kind::ALL {
        let Some(name) = ring::name(kind).filter(|name| want(name)) else { continue };
        match missing(kind) {
            None => measures.extend(ring::latency(kind, pairs).await?),
            Some(why) => skipped.push(Skipped { name, why }),
        }
    }
    if want(growth::NAME) || want(list::NAME) {
        let many = Many::fill().await?;
        if want(growth::NAME) {
            measures.push(growth::growth(&many, pairs).await?);
        }
        if want(list::NAME) {
            measures.push(list::page(&many).await?);
        }
        many.stop().await;
    }
    if ["agent.rss", "agent.requests", "agent.traffic", "agent.processor"].into_iter().any(want) {
        measures.extend(agent::held().await?);
    }
    // These run worlds of their own, each with a runtime.
    if want("trial.scenarios") {
        measures.push(tokio::task::block_in_place(|| trial::scenarios(pairs))?);
    }
    if want("trial.replay") {
        measures.push(tokio::task::block_in_place(|| trial::replay(pairs))?);
    }
    if want("cost.statements") {
        measures.extend(cost::cost().await?);
    }
    Ok(Report::new(measures, skipped))
}

/// Why a kind of database cannot be measured here.
fn missing(kind: Kind) -> Option<String> {
    let found = match kind {
        Kind::Sqlite => Ok(()),
        Kind::MariaDb => MariaDb::find().map(drop),
        Kind::Postgres => Postgres::find().map(drop),
    };
    found.err().map(|error| format!("{error:#}"))
}
