//! The allocator of everything that links this crate, SQLite included.
//!
//! A batch of 500 accounts makes and drops some hundred thousand small values on one thread and another. With glibc's
//! malloc that was a third of the time of an activation (perf, `cargo xtask bench activation.sqlite`).

use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;
