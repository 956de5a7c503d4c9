//! An allocator for an instance that lives for one call: it takes and never gives back.
//!
//! The bridge throws the instance away after the call, with all its memory, so that freeing would be work for nobody.
//! Only the newest block can grow or be given back in place, which is what a growing list needs.
#![allow(
    unsafe_code,
    reason = "an allocator is unsafe by its trait; the invariants stand beside each block"
)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;

/// The granularity in which linear memory grows, in bytes.
const PAGE: usize = 65_536;

/// Memory from `next` to `end` is ours and unused.
struct OneCall {
    next: Cell<usize>,
    end: Cell<usize>,
}

// SAFETY: the component is built without threads (`wasm32-unknown-unknown`, no atomics), so nothing is ever shared.
unsafe impl Sync for OneCall {}

#[global_allocator]
static ALLOCATOR: OneCall = OneCall { next: Cell::new(0), end: Cell::new(0) };

impl OneCall {
    /// Takes `size` bytes from `start` on, growing linear memory if need be. Answers whether it could.
    fn take(&self, start: usize, size: usize) -> bool {
        let Some(next) = start.checked_add(size) else { return false };
        if next > self.end.get() {
            let pages = (next - self.end.get()).div_ceil(PAGE);
            let before = core::arch::wasm32::memory_grow(0, pages);
            if before == usize::MAX || before * PAGE != self.end.get() {
                return false;
            }
            self.end.set((before + pages) * PAGE);
        }
        self.next.set(next);
        true
    }

    /// Begins behind what linear memory holds already: data, and the stack of the compiler.
    fn begin(&self) {
        if self.end.get() == 0 {
            let end = core::arch::wasm32::memory_size(0) * PAGE;
            self.next.set(end);
            self.end.set(end);
        }
    }
}

// SAFETY: each block lies behind the one before, aligned as asked, within memory that nobody else uses; a block is
// only ever moved by copying all of its bytes.
unsafe impl GlobalAlloc for OneCall {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.begin();
        let start = self.next.get().next_multiple_of(layout.align());
        if self.take(start, layout.size()) { start as *mut u8 } else { std::ptr::null_mut() }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if block as usize + layout.size() == self.next.get() {
            self.next.set(block as usize);
        }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let start = block as usize;
        if start + layout.size() == self.next.get() {
            return if self.take(start, size) { block } else { std::ptr::null_mut() };
        }
        if size <= layout.size() {
            return block;
        }
        // SAFETY: the caller promises that the new layout is valid, and that `block` has `layout.size()` bytes.
        unsafe {
            let moved = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                std::ptr::copy_nonoverlapping(block, moved, layout.size());
            }
            moved
        }
    }
}
