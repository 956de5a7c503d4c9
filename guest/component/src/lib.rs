//! The lifecycle as a WebAssembly component: the exports of world `lifecycle`, served by the library `guest-lifecycle`.
//!
//! Glue and nothing else: reads in bulk, asks what the library asks, carries out what it decides. No decision about an
//! account is taken here. On other targets than WebAssembly the crate is empty.

#[cfg(target_arch = "wasm32")]
mod allocator;
#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
mod drive;
#[cfg(target_arch = "wasm32")]
mod exports;
#[cfg(target_arch = "wasm32")]
mod incoming;
#[cfg(target_arch = "wasm32")]
mod outgoing;
