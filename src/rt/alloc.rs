// SPDX-License-Identifier: GPL-2.0-or-later
//! Rust's global allocator, on pages from the kernel. Layer: effects.
//!
//! A block of more than [`SMALL`] bytes is a mapping of its own, which the kernel grows,
//! moves and takes back. Smaller blocks are cut from chunks, and a free one waits in a
//! list for the next of its size. No block has a header: Rust tells the size again.
#![allow(unsafe_code)]

use core::alloc::{GlobalAlloc, Layout};
use core::cell::UnsafeCell;
use core::ptr::{self, NonNull};
use core::sync::atomic::{AtomicBool, Ordering};

use rustix::mm::{MapFlags, MremapFlags, ProtFlags, mmap_anonymous, mremap, munmap};

/// The size of the smallest block and the alignment of all small ones, in bytes.
const UNIT: usize = 16;
/// The number of sizes that small blocks have, each twice the one before.
const SIZES: usize = 8;
/// The size of the largest small block in bytes.
const SMALL: usize = UNIT << (SIZES - 1);
/// The size in bytes of a chunk of small blocks, which is mapped at once.
const CHUNK: usize = 32 << 10;
/// The alignment of a mapping in bytes.
const PAGE: usize = 4096;

/// The start of a free block: the next one of its size.
type Free = Option<NonNull<Next>>;
struct Next(Free);

/// The small blocks.
struct Pool {
    /// The first free block of each size.
    free: [Free; SIZES],
    /// The rest of the newest chunk: its next byte, and the number of bytes left.
    uncut: (*mut u8, usize),
}

/// The allocator: the pool, and a lock for it. Threads rarely meet here.
struct Pages {
    is_locked: AtomicBool,
    pool: UnsafeCell<Pool>,
}

// SAFETY: whoever uses `pool` holds the lock.
unsafe impl Sync for Pages {}

#[global_allocator]
static PAGES: Pages = Pages {
    is_locked: AtomicBool::new(false),
    pool: UnsafeCell::new(Pool {
        free: [None; SIZES],
        uncut: (ptr::null_mut(), 0),
    }),
};

/// Returns which of the small sizes a block has, or `None` for a mapping.
fn small(layout: Layout) -> Option<usize> {
    let size = layout.size().max(UNIT).next_power_of_two();
    let is_small = layout.size() <= SMALL && layout.align() <= UNIT;
    is_small.then(|| (size / UNIT).trailing_zeros() as usize)
}

/// Maps `size` bytes of zeros; NULL without memory.
fn map(size: usize) -> *mut u8 {
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: the kernel chooses an address where nothing is.
    let block = unsafe { mmap_anonymous(ptr::null_mut(), size, access, MapFlags::PRIVATE) };
    block.map_or(ptr::null_mut(), |block| block.cast())
}

impl Pool {
    /// Hands out a block of a size of `UNIT << index` bytes; NULL without memory.
    fn take(&mut self, index: usize) -> *mut u8 {
        let Some(free) = self.free.get_mut(index) else {
            return ptr::null_mut();
        };
        if let Some(block) = *free {
            // SAFETY: the list has only free blocks, and `put` wrote the start of each.
            let Next(next) = unsafe { block.read() };
            *free = next;
            return block.as_ptr().cast();
        }
        let size = UNIT << index;
        if self.uncut.1 < size {
            let chunk = map(CHUNK);
            if chunk.is_null() {
                return chunk;
            }
            self.uncut = (chunk, CHUNK);
        }
        let (block, left) = self.uncut;
        self.uncut = (block.wrapping_add(size), left - size);
        block
    }

    /// Takes a block back that [`Self::take`] handed out for the same index.
    fn put(&mut self, index: usize, block: *mut u8) {
        if let (Some(free), Some(block)) = (self.free.get_mut(index), NonNull::new(block.cast())) {
            // SAFETY: nobody uses the block, which is aligned and large enough.
            unsafe { block.write(Next(*free)) };
            *free = Some(block);
        }
    }
}

impl Pages {
    /// Does `work` with the pool, while no other thread uses it.
    fn locked<T>(&self, work: impl FnOnce(&mut Pool) -> T) -> T {
        while self.is_locked.swap(true, Ordering::Acquire) {
            rustix::thread::sched_yield();
        }
        // SAFETY: the lock is held, and `work` cannot get here again: it allocates nothing.
        let done = work(unsafe { &mut *self.pool.get() });
        self.is_locked.store(false, Ordering::Release);
        done
    }
}

// SAFETY: each method hands out memory that is as large and as aligned as the layout asks
// for, and nobody else has it until it is given back with the same layout.
unsafe impl GlobalAlloc for Pages {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match small(layout) {
            Some(index) => self.locked(|pool| pool.take(index)),
            None if layout.align() <= PAGE => map(layout.size()),
            None => ptr::null_mut(),
        }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if let Some(index) = small(layout) {
            return self.locked(|pool| pool.put(index, block));
        }
        // SAFETY: `alloc` mapped these bytes, and nobody uses them any more. It cannot fail
        // then, and there is nobody to tell.
        let _ = unsafe { munmap(block.cast(), layout.size()) };
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: the caller promises that the size fits the alignment.
        let wanted = unsafe { Layout::from_size_align_unchecked(new_size, layout.align()) };
        let (from, to) = (small(layout), small(wanted));
        if from.is_some() && from == to {
            return block;
        }
        if from.is_none() && to.is_none() {
            let flags = MremapFlags::MAYMOVE;
            // SAFETY: `alloc` mapped these bytes; the caller uses the new address only.
            let moved = unsafe { mremap(block.cast(), layout.size(), new_size, flags) };
            return moved.map_or(ptr::null_mut(), |moved| moved.cast());
        }
        // SAFETY: the size is not zero, as the caller promises.
        let moved = unsafe { self.alloc(wanted) };
        if !moved.is_null() {
            let kept = layout.size().min(new_size);
            // SAFETY: both blocks have so many bytes, and are different ones.
            unsafe { ptr::copy_nonoverlapping(block, moved, kept) };
            // SAFETY: nobody uses the old block any more.
            unsafe { self.dealloc(block, layout) };
        }
        moved
    }
}
