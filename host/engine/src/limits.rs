//! What one module may use, and what one engine sets aside for all.

use std::time::Duration;

/// The limits of one module (`spec/modules.md`, "The sandbox"). Each has an error class of its own, so that whoever
/// reads the sentence knows which one to raise.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Wall clock for a whole call: waiting for a permit, instantiation, wasm and host calls.
    pub deadline: Duration,
    /// The largest component file, in bytes.
    pub file_bytes: usize,
    /// Linear memory of one instance, in bytes; at most the pool's [`Limits::POOL_MEMORY`].
    pub memory_bytes: usize,
    /// Elements of one table; at most the pool's [`Limits::POOL_TABLE`].
    pub table_elements: usize,
    /// Bytes that one host call may carry into the host.
    pub hostcall_bytes: usize,
    /// Rows that one call may read.
    pub read_rows: usize,
    /// Bytes that one call may read.
    pub read_bytes: usize,
    /// Writes that one call may make.
    pub writes: usize,
    /// Log lines of one call; more are dropped and counted.
    pub log_lines: usize,
    /// Bytes of log lines of one call; more are dropped and counted.
    pub log_bytes: usize,
    /// Calls at the same time.
    pub permits: usize,
}

impl Limits {
    /// The largest linear memory that the pool has room for.
    pub const POOL_MEMORY: usize = 64 << 20;
    /// The largest table that the pool has room for.
    pub const POOL_TABLE: usize = 20_000;
    /// Core instances of one component.
    pub const INSTANCES: usize = 64;
    /// Linear memories of one component.
    pub const MEMORIES: usize = 2;
    /// Tables of one component.
    pub const TABLES: usize = 8;
    /// Core modules in one component, nested ones included. Python's have 38.
    pub const CORE_MODULES: usize = 64;
    /// Components nested in one. Python's have 2.
    pub const NESTED: usize = 8;
    /// Functions in one component, all its core modules together. JavaScript's have about 13,000.
    pub const FUNCTIONS: usize = 50_000;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            deadline: Duration::from_secs(5),
            file_bytes: 32 << 20,
            memory_bytes: Self::POOL_MEMORY,
            table_elements: Self::POOL_TABLE,
            hostcall_bytes: 8 << 20,
            read_rows: 100_000,
            read_bytes: 64 << 20,
            writes: 20_000,
            log_lines: 200,
            log_bytes: 64 << 10,
            permits: 8,
        }
    }
}
