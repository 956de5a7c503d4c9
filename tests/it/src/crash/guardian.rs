//! Starts the bridge, and starts it again when it has died. Agents dial an address that stays.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use tests_harness::{Api, Cable, Kind, ManualClock, TestBridge, TestBridgeOptions, TestDatabase};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::mortality::Mortality;

/// The bridge's time goes twenty times as fast as ours, so that nobody waits long for a retry.
const TICK: Duration = Duration::from_millis(2);
const TICK_MS: u64 = 40;

/// Nobody is silent in the story; on a slow machine somebody seems to be.
const SILENCE_MS: u64 = 3_600_000;

/// A bridge that is looked after.
#[derive(Debug)]
pub(super) struct Guardian {
    pub(super) clock: Arc<ManualClock>,
    pub(super) cable: Arc<Cable>,
    pub(super) mortality: Arc<Mortality>,
    pub(super) api: watch::Receiver<Api>,
    done: CancellationToken,
    keeps: JoinHandle<Result<TestBridge>>,
    time: JoinHandle<()>,
}

impl Guardian {
    /// Starts the bridge, which dies at a point.
    pub(super) async fn start(kind: Kind, at: usize) -> Result<Self> {
        let mortality = Arc::new(Mortality::at(at));
        let options = TestBridgeOptions {
            database: kind,
            native: true,
            link: host_agents::Options {
                timeout_ms: SILENCE_MS,
                ..host_agents::Options::default()
            },
            failpoints: Some(Arc::clone(&mortality) as Arc<_>),
            ..TestBridgeOptions::default()
        };
        let database = Arc::new(TestDatabase::new(kind).await?);
        let mut bridge = TestBridge::prepared(database, options).await?;
        if bridge.restart().await.is_err() {
            // It died before it was up.
            mortality.revive();
            bridge.restart().await?;
        }
        let clock = Arc::clone(&bridge.clock);
        let time = tokio::spawn({
            let clock = Arc::clone(&clock);
            async move {
                let mut ticks = tokio::time::interval(TICK);
                loop {
                    ticks.tick().await;
                    clock.advance(TICK_MS);
                }
            }
        });
        let cable = Arc::new(Cable::unplugged().await?);
        cable.plug(bridge.agents_address());
        let (tell, api) = watch::channel(bridge.api.clone());
        let done = CancellationToken::new();
        let keeps = tokio::spawn(keep(
            bridge,
            Arc::clone(&cable),
            Arc::clone(&mortality),
            tell,
            done.clone(),
        ));
        Ok(Self { clock, cable, mortality, api, done, keeps, time })
    }

    /// Time stands still from now on.
    pub(super) fn stop_time(&self) {
        self.time.abort();
    }

    /// The bridge, looked after no longer.
    pub(super) async fn release(self) -> Result<TestBridge> {
        self.done.cancel();
        let bridge = self.keeps.await.context("the guardian broke off")?;
        self.time.abort();
        bridge
    }
}

async fn keep(
    mut bridge: TestBridge,
    cable: Arc<Cable>,
    mortality: Arc<Mortality>,
    tell: watch::Sender<Api>,
    done: CancellationToken,
) -> Result<TestBridge> {
    loop {
        tokio::select! {
            () = done.cancelled() => return Ok(bridge),
            () = mortality.died() => {}
        }
        // As a killed process: not a word to anybody.
        cable.cut();
        bridge.stop().await;
        mortality.revive();
        bridge.restart().await?;
        cable.plug(bridge.agents_address());
        tell.send_replace(bridge.api.clone());
    }
}
