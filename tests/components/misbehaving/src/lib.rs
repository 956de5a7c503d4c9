//! A lifecycle module that misbehaves as the first account's name tells it: one sin a function, a sentence on each.
//!
//! On other targets than WebAssembly the crate is empty.

#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod sins;
