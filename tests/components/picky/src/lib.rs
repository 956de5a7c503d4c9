//! A policy that misbehaves as an account's name tells it: one sin a name. Every other name is allowed, kept, and tried again
//! after a second.
//!
//! On other targets than WebAssembly the crate is empty.

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod sins;
