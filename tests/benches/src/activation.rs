//! `activation.sqlite`, `.mariadb`, `.postgresql`: accounts per second from `INACTIVE` to `ACTIVE`, end to end, against
//! the bare statements that leave the same rows.
//!
//! Ours is everything: HTTP, the component, the database, gRPC, the agent. The floor is the database alone. After each
//! pair both databases are compared, so that neither side can do less than the other without being found.

mod equal;
mod floor;

use std::cell::RefCell;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use host_core::port::time::Clock as _;
use tests_harness::{Kind, TestDatabase};

use self::equal::Tables;
use self::floor::{Created, Floor};
use crate::measure::{Goal, Measure, ratios};
use crate::scene::{Scene, names, on_a};
use crate::stopwatch::Stopwatch;

/// Accounts of one run.
const ACCOUNTS: usize = 10_000;

const AGAINST: &str = "the least set-wise statements that leave the same rows: bare sqlx, the same batches, schema, \
    checks and session settings";

/// The measure's name, by the kind of database.
pub(crate) fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Sqlite => "activation.sqlite",
        Kind::MariaDb => "activation.mariadb",
        Kind::Postgres => "activation.postgresql",
    }
}

pub(crate) async fn activation(kind: Kind, pairs: usize) -> Result<Measure> {
    let names = names(ACCOUNTS);
    // What each side left when it ran last.
    let left: RefCell<[Option<Tables>; 2]> = RefCell::default();
    let keep = |side: usize, tables: Tables| {
        let mut left = left.borrow_mut();
        left[side] = Some(tables);
        match (&left[0], &left[1]) {
            (Some(ours), Some(floor)) => ours.ensure_equal(floor),
            _ => Ok(()),
        }
    };
    let (values, thrown_away) = ratios(
        pairs,
        async || {
            let (rate, tables) = ours(kind, &names).await?;
            keep(0, tables)?;
            Ok(rate)
        },
        async || {
            let (rate, tables) = theirs(kind, &names).await?;
            keep(1, tables)?;
            Ok(rate)
        },
    )
    .await?;
    let mut measure = Measure::of(name(kind), "ratio", AGAINST, Some(Goal::AtLeast(0.6)), values);
    measure.thrown_away = thrown_away;
    Ok(measure)
}

/// Accounts per second of the whole bridge, and what it left.
async fn ours(kind: Kind, names: &[String]) -> Result<(f64, Tables)> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let scene = Scene::on(Arc::clone(&database), on_a(kind)).await?;
    scene.create(names).await?;
    let watch = Stopwatch::start();
    scene.bring(names, "ACTIVE").await?;
    let rate = per_second(&watch);
    observed(&database).await?;
    scene.stop().await;
    Ok((rate, Tables::of(&database).await?))
}

/// Accounts per second of the bare statements, and what they left.
async fn theirs(kind: Kind, names: &[String]) -> Result<(f64, Tables)> {
    let database = Arc::new(TestDatabase::new(kind).await?);
    let scene = Scene::on(Arc::clone(&database), on_a(kind)).await?;
    scene.create(names).await?;
    let now = scene.bridge.clock.now();
    scene.stop().await;
    let created = Created::read(&database, now).await?;
    let floor = Floor::open(&database, created).await?;
    let watch = Stopwatch::start();
    let mut floor = floor.activate(names).await?;
    let rate = per_second(&watch);
    floor.see(names).await?;
    floor.close().await?;
    let tables = Tables::of(&database).await?;
    ensure!(!tables.is_empty(), "the floor left rows");
    Ok((rate, tables))
}

/// Returns when the bridge has taken in what the agent says after its last answer.
async fn observed(database: &TestDatabase) -> Result<()> {
    let seen = "SELECT COUNT(*) FROM swingbridge_namespaces";
    let all = ACCOUNTS.to_string();
    while database.rows(seen).await?.first().is_none_or(|row| row[0].as_ref() != Some(&all)) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

fn per_second(watch: &Stopwatch) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "ten thousand")]
    let accounts = ACCOUNTS as f64;
    accounts / watch.elapsed().as_secs_f64()
}
