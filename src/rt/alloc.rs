// SPDX-License-Identifier: GPL-2.0-or-later
//! Rust's global allocator on top of musl's malloc. Layer: effects.

use core::alloc::{GlobalAlloc, Layout};
use core::ptr;

/// The alignment in bytes that musl's malloc guarantees on 64-bit machines.
const MALLOC_ALIGN: usize = 16;

struct Malloc;

// SAFETY: each method returns memory from malloc that is as large and as aligned as the
// layout asks for, and frees it by the matching call.
unsafe impl GlobalAlloc for Malloc {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            // SAFETY: malloc takes any size; NULL means failure, as it does here.
            unsafe { libc::malloc(layout.size()) }.cast()
        } else {
            // SAFETY: `Layout` guarantees that the alignment is a power of two.
            unsafe { libc::aligned_alloc(layout.align(), layout.size()) }.cast()
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            // SAFETY: calloc takes any size; NULL means failure.
            return unsafe { libc::calloc(1, layout.size()) }.cast();
        }
        // SAFETY: same contract as this method's.
        let block = unsafe { self.alloc(layout) };
        if !block.is_null() {
            // SAFETY: `block` is a fresh allocation of `layout.size()` bytes.
            unsafe { ptr::write_bytes(block, 0, layout.size()) };
        }
        block
    }

    unsafe fn dealloc(&self, block: *mut u8, _: Layout) {
        // SAFETY: the caller promises that `block` came from this allocator.
        unsafe { libc::free(block.cast()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if layout.align() <= MALLOC_ALIGN {
            // SAFETY: the caller promises that `block` came from this allocator.
            return unsafe { libc::realloc(block.cast(), new_size) }.cast();
        }
        // SAFETY: the caller promises that `new_size` fits the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        // SAFETY: `wanted` is not of size zero, as the caller promises.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            // SAFETY: both blocks are at least this long and do not overlap.
            unsafe { ptr::copy_nonoverlapping(block, moved, layout.size().min(new_size)) };
            // SAFETY: `block` is no longer used.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}

#[global_allocator]
static MALLOC: Malloc = Malloc;
