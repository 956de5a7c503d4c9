//! The built-in lifecycle with one rule changed on purpose: who fails once is given up, whatever the retry policy says.
//! A replay must name the accounts that this concerns, and no other.
//!
//! All of it is the source of `guest/component` but for the folder that the contract is read from and one answer
//! (`incoming.rs`). On other targets than WebAssembly the
//! crate is empty.

#[cfg(target_arch = "wasm32")]
#[path = "../../../../guest/component/src/allocator.rs"]
mod allocator;
#[cfg(target_arch = "wasm32")]
mod bindings;
#[cfg(target_arch = "wasm32")]
#[path = "../../../../guest/component/src/drive.rs"]
mod drive;
#[cfg(target_arch = "wasm32")]
#[path = "../../../../guest/component/src/exports.rs"]
mod exports;
#[cfg(target_arch = "wasm32")]
mod incoming;
#[cfg(target_arch = "wasm32")]
#[path = "../../../../guest/component/src/outgoing.rs"]
mod outgoing;
