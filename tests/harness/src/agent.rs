//! Reference agents in this process, with simulated clusters, on the clock of a test.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context as _, Result};
use async_trait::async_trait;
use host_agent::{Agent, AgentOptions, Script, Simulated, Status, Surroundings};
use host_core::port::time::Clock;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A bridge's clock, as an agent's surroundings: its chance is always the middle.
#[derive(Debug, Clone)]
pub struct AgentClock(pub Arc<dyn Clock>);

#[async_trait]
impl Surroundings for AgentClock {
    fn now(&self) -> u64 {
        self.0.now()
    }

    async fn sleep_until(&self, at: u64) {
        self.0.sleep_until(at).await;
    }

    fn chance(&self) -> f64 {
        0.5
    }
}

/// Tells instances apart.
static INSTANCES: AtomicU64 = AtomicU64::new(0);

/// An agent that runs.
#[derive(Debug)]
pub struct TestAgent {
    status: watch::Receiver<Status>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl TestAgent {
    /// Starts an agent, and returns when it has registered. `script` is a simulation file (`spec/agent-link.md`).
    ///
    /// # Errors
    /// When the script cannot be read, or the bridge refuses the agent.
    pub async fn start(
        bridge: &str,
        id: &str,
        zone: &str,
        script: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let instance = format!("{id}-{}", INSTANCES.fetch_add(1, Ordering::Relaxed));
        Self::start_with(AgentOptions::new(bridge, id, &instance, zone), script, clock).await
    }

    /// The same, with all its options.
    ///
    /// # Errors
    /// As for [`Self::start`].
    pub async fn start_with(
        options: AgentOptions,
        script: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self> {
        let surroundings: Arc<dyn Surroundings> = Arc::new(AgentClock(clock));
        let script = Script::read(script, "the test's script")?;
        let clusters = Arc::new(Simulated::new(script, Arc::clone(&surroundings)));
        let agent = Agent::new(options, clusters, surroundings)?;
        let status = agent.status();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn({
            let shutdown = shutdown.clone();
            async move {
                if let Err(error) = agent.run(shutdown).await {
                    tracing::error!("the agent stopped: {error}");
                }
            }
        });
        let mut started = Self { status, shutdown, task };
        started.registered().await?;
        Ok(started)
    }

    /// Returns when it is registered.
    ///
    /// # Errors
    /// When it stopped instead.
    pub async fn registered(&mut self) -> Result<()> {
        let registered = self.status.wait_for(|status| status.session.is_some()).await;
        registered.map(|_| ()).context("the agent stopped before it was registered")
    }

    /// Ends it as SIGTERM does: its stream is closed.
    pub async fn stop(self) {
        self.shutdown.cancel();
        // A task that panicked has said so already.
        let _ended = self.task.await;
    }
}
