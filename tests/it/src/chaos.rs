//! Three replicas, six agents and a database as real processes under load, each of which is killed or stopped at random
//! for a while; then everything is where it should be, as the tables say.
//!
//! Time is real here, and bounded: `SWINGBRIDGE_CHAOS_SECONDS` says how long it goes on (15 if it is not set), and
//! `SWINGBRIDGE_CHAOS_SEED` repeats the choices, though not the moments, of a run before.

mod load;
mod stage;
mod truth;

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tests_harness::Kind;

use self::load::Load;
use self::stage::{REPLICAS, Stage};

/// How long the trouble lasts if nobody says otherwise.
const SECONDS: u64 = 15;

/// Callers, each with accounts of its own, so that each knows what it asked for last.
const CALLERS: usize = 4;

fn from_environment(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

async fn survives(kind: Kind) -> Result<()> {
    let seed = from_environment("SWINGBRIDGE_CHAOS_SEED").unwrap_or_else(rand::random);
    run(kind, seed).await.with_context(|| format!("SWINGBRIDGE_CHAOS_SEED={seed}"))
}

async fn run(kind: Kind, seed: u64) -> Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut stage = Stage::build(kind).await?;
    let load = Load::start(&stage.apis(), CALLERS, &mut random);
    let seconds = from_environment("SWINGBRIDGE_CHAOS_SECONDS").unwrap_or(SECONDS);
    let until = Instant::now() + Duration::from_secs(seconds);
    while Instant::now() < until {
        let quiet = Duration::from_millis(random.random_range(100..600));
        tokio::time::sleep(quiet).await;
        trouble(&mut stage, &mut random).await?;
    }
    stage.all_well().await?;
    let wanted = load.finish().await.context("the callers")?;
    truth::settles(&stage, &wanted).await?;
    truth::holds(&stage, &wanted).await?;
    stage.end().await
}

/// One thing goes wrong, and right again after a while.
async fn trouble(stage: &mut Stage, random: &mut StdRng) -> Result<()> {
    let while_ms = Duration::from_millis(random.random_range(200..2_500));
    let victim = random.random_range(0..REPLICAS);
    let agent = random.random_range(0..stage.agents.len());
    match random.random_range(0..100) {
        0..35 => stage.kill_replica(victim, while_ms).await,
        35..55 => stage.pause_replica(victim, while_ms).await,
        55..70 => stage.kill_agent(agent, while_ms).await,
        70..80 => stage.pause_agent(agent, while_ms).await,
        80..92 => stage.pause_database(while_ms).await,
        _ => stage.kill_database(while_ms).await,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mariadb_everything_is_where_it_should_be_after_kills_and_stops() -> Result<()> {
    survives(Kind::MariaDb).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres_everything_is_where_it_should_be_after_kills_and_stops() -> Result<()> {
    survives(Kind::Postgres).await
}
