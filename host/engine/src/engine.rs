//! The one constructor of wasmtime's engine, and the clock that its epochs go by.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use wasmtime::{
    Config, Enabled, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy,
};

use crate::limits::Limits;

/// How often the epoch moves if nothing else is said: what a loop that never ends costs beyond its deadline.
const TICK: Duration = Duration::from_millis(5);

/// What the pool is sized by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EngineOptions {
    /// Calls of lifecycle modules at the same time; the sum of their permits.
    pub lifecycle_permits: usize,
    /// Calls of policies at the same time.
    pub policy_permits: usize,
    /// Count instructions (fuel). For benchmarks and test runs: a loop costs more with it.
    pub fuel: bool,
    /// How often the epoch moves. Shorter for profiles, which take a sample whenever it does.
    pub tick: Duration,
    /// Modules keep a profile of their calls. Not for production.
    pub profile: bool,
    /// A call lets others run whenever the epoch moves. Where nobody else waits it may go on, so that the same calls come
    /// in the same order however busy the machine is.
    pub yields: bool,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            lifecycle_permits: 8,
            policy_permits: 8,
            fuel: false,
            tick: TICK,
            profile: false,
            yields: true,
        }
    }
}

/// Why there is no engine.
#[derive(Debug, Error)]
#[error("the WebAssembly engine cannot start: {0}")]
pub struct EngineError(String);

/// A wasmtime engine with the settings of `spec/modules.md`, "The sandbox". Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pub(crate) wasmtime: wasmtime::Engine,
    pub(crate) options: Arc<EngineOptions>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Engine {
    /// Starts an engine, and the thread that moves its epoch; the thread ends with the last clone.
    ///
    /// # Errors
    /// [`EngineError`] when the pool's address space cannot be had, or the thread cannot be started.
    pub fn new(options: EngineOptions) -> Result<Self, EngineError> {
        let config = config(&options);
        let wasmtime =
            wasmtime::Engine::new(&config).map_err(|error| EngineError(format!("{error:#}")))?;
        let (weak, tick) = (wasmtime.weak(), options.tick);
        std::thread::Builder::new()
            .name("epochs".into())
            // Sleeping between two moves skips ticks that were missed: a busy machine makes epochs late, never several
            // at once, which would stop calls that did nothing wrong.
            .spawn(move || {
                while let Some(engine) = weak.upgrade() {
                    engine.increment_epoch();
                    drop(engine);
                    std::thread::sleep(tick);
                }
            })
            .map_err(|error| EngineError(error.to_string()))?;
        Ok(Self { wasmtime, options: Arc::new(options) })
    }
}

/// The settings, each for a reason given in `spec/modules.md` or in wasmtime's advisories: what no guest of ours needs
/// is off (threads, 64-bit memory, garbage collection, exceptions; component-model async is not compiled in), the rest as wasmtime ships
/// it, since odd memory settings are where instances have leaked data before (CVE-2026-34988).
fn config(options: &EngineOptions) -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .epoch_interruption(true)
        .consume_fuel(options.fuel)
        .concurrency_support(false)
        .wasm_component_model(true)
        .wasm_threads(false)
        .shared_memory(false)
        .wasm_memory64(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_exceptions(false)
        .wasm_tail_call(false)
        .wasm_relaxed_simd(false)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool(options)));
    config
}

/// The pool, from the number of calls at the same time (`spec/modules.md`): never the reason why a call fails, since
/// permits are taken before an instance is.
fn pool(options: &EngineOptions) -> PoolingAllocationConfig {
    let permits = options.lifecycle_permits + options.policy_permits;
    let calls = u32::try_from(permits + 4).unwrap_or(u32::MAX);
    let each = |each: usize| u32::try_from(each).unwrap_or(u32::MAX);
    let of = |most: usize| calls.saturating_mul(each(most));
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(calls)
        .total_stacks(calls)
        .total_core_instances(of(Limits::INSTANCES))
        .total_memories(of(Limits::MEMORIES))
        .total_tables(of(Limits::TABLES))
        .max_core_instances_per_component(each(Limits::INSTANCES))
        .max_memories_per_component(each(Limits::MEMORIES))
        .max_tables_per_component(each(Limits::TABLES))
        .table_elements(Limits::POOL_TABLE)
        .max_memory_size(Limits::POOL_MEMORY)
        .linear_memory_keep_resident(1 << 20)
        .table_keep_resident(64 << 10)
        .max_unused_warm_slots(u32::try_from(permits).unwrap_or(u32::MAX))
        .pagemap_scan(Enabled::Auto);
    pool
}
