//! Two replicas on one database, an agent at the second, and a clock that goes as the wall's does.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use host_core::port::time::Clock as _;
use tests_harness::{
    Api, Kind, ManualClock, TestAgent, TestBridge, TestBridgeOptions, TestDatabase,
};
use tokio::task::JoinHandle;

use crate::scene::{AGENT, bring, create, names};
use crate::stopwatch::Stopwatch;

/// Where nobody is: a ring that is sent there is lost.
const NOWHERE: &str = "http://127.0.0.1:9";
/// How finely the clock goes.
const TICK: Duration = Duration::from_millis(5);
/// Two beats of a replica, after which the others ring at it.
const BEATS_MS: u64 = 4_000;
/// Where rings are lost, activations begin at moments that are spread over the second between two looks: each is so much
/// later in its second than the one before it.
const SPREAD_MS: u64 = 618;

/// Whether replicas reach each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rings {
    Heard,
    Lost,
}

/// The replicas, and what there is for them to do.
#[derive(Debug)]
pub(super) struct Two {
    replicas: Vec<TestBridge>,
    agent: TestAgent,
    names: Vec<String>,
    rings: Rings,
    goes: JoinHandle<()>,
}

impl Two {
    /// With so many accounts, which are `INACTIVE`.
    pub(super) async fn start(kind: Kind, accounts: usize, rings: Rings) -> Result<Self> {
        let database = Arc::new(TestDatabase::new(kind).await?);
        let clock = Arc::new(ManualClock::default());
        let goes = tokio::spawn(go(Arc::clone(&clock)));
        let mut replicas = Vec::new();
        for seed in 1..=2 {
            let options = TestBridgeOptions {
                database: kind,
                replica: format!("bridge-{seed}"),
                advertise: (rings == Rings::Lost).then(|| NOWHERE.to_owned()),
                clock: Some(Arc::clone(&clock)),
                seed,
                ..TestBridgeOptions::default()
            };
            replicas.push(TestBridge::start_on(Arc::clone(&database), options).await?);
        }
        clock.sleep_until(clock.now() + BEATS_MS).await;
        let (dials, script) = (replicas[1].agents(), "default: { takes: 0ms }");
        let agent = TestAgent::start(&dials, AGENT, "eu", script, Arc::clone(&clock) as _).await?;
        let two = Self { replicas, agent, names: names(accounts), rings, goes };
        create(two.holder(), &two.names).await?;
        clock.sleep_until(clock.now() + BEATS_MS).await;
        Ok(two)
    }

    /// The replica that has the agent's stream.
    pub(super) fn holder(&self) -> &Api {
        &self.replicas[1].api
    }

    /// The other one.
    pub(super) fn other(&self) -> &Api {
        &self.replicas[0].api
    }

    /// How long each account takes from the PATCH to `ACTIVE`, one after the other, in milliseconds.
    pub(super) async fn activations(&self, asked: &Api) -> Result<Vec<f64>> {
        bring(self.holder(), &self.names, "INACTIVE").await?;
        let clock = &self.replicas[0].clock;
        let mut times = Vec::with_capacity(self.names.len());
        let bar = indicatif::ProgressBar::new(self.names.len() as u64);
        for name in &self.names {
            if self.rings == Rings::Lost {
                let spread = times.len() as u64 * SPREAD_MS % 1_000;
                clock.sleep_until(clock.now() + spread).await;
            }
            let watch = Stopwatch::start();
            bring(asked, std::slice::from_ref(name), "ACTIVE").await?;
            times.push(watch.elapsed().as_secs_f64() * 1e3);
            bar.inc(1);
        }
        bar.finish_and_clear();
        Ok(times)
    }

    pub(super) async fn stop(mut self) {
        for replica in &mut self.replicas {
            replica.stop().await;
        }
        self.agent.stop().await;
        self.goes.abort();
    }
}

/// Lets the clock show the time that has passed.
async fn go(clock: Arc<ManualClock>) {
    let watch = Stopwatch::start();
    let mut shown = 0;
    let mut ticks = tokio::time::interval(TICK);
    loop {
        ticks.tick().await;
        let passed = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        clock.advance(passed.saturating_sub(shown));
        shown = passed;
    }
}
