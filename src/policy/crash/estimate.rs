// SPDX-License-Identifier: GPL-2.0-or-later
//! The memory that a crash image needs, compared with what is reserved. Layer: pure.
//!
//! To be loaded, the image needs room in the reservation for each of its parts.
//! arch/x86/kernel/kexec-bzimage64.c and kernel/kexec_file.c place them from the top
//! down: elfcorehdr, purgatory, boot parameters, the kernel at a multiple of 2 MiB, the
//! initrd.
//!
//! To run, the image needs room in the reservation for all of these at once: the capture
//! kernel, the initrd, its unpacked files, one `struct page` per page, and the minimum for
//! kernel and init. A first root on tmpfs can use half of the memory that the capture
//! kernel has left, and the unpacked initrd must fit into that.

use alloc::format;
use alloc::string::String;
use core::fmt;

use crate::diagnosis::size::size;
use crate::diagnosis::{Diagnosis, Exit, Hint};

const MIB: u64 = 1 << 20;
const PAGE_BYTES: u64 = 4096;
const KERNEL_ALIGNMENT_BYTES: u64 = 2 * MIB;
/// Memory for purgatory, the boot parameters with the firmware's memory map, and the
/// command line.
pub const OTHER_BYTES: u64 = 128 << 10;
/// The size of elfcorehdr where the kernel does not report it (before 6.6): headers for
/// 8192 processors.
const ELFCOREHDR_BYTES: u64 = MIB;
/// The minimum of memory for the capture kernel and its init. Slab, page tables,
/// per-processor data and buffers took 18 to 22 MiB with Debian's 6.1 and 6.12; an init
/// takes 10 MiB.
pub const BASE_BYTES: u64 = 32 * MIB;
/// One part in this many of the memory goes to its `struct page`s, of 64 bytes each.
const MAP_DIVISOR: u64 = PAGE_BYTES / 64;

/// The file system that holds the unpacked initrd.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RootFs {
    /// It has no limit.
    #[default]
    Ramfs,
    /// It is limited to half of the memory.
    Tmpfs,
}

/// The sizes of an image, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// `init_size`: the memory that the capture kernel takes until it has set up its own,
    /// and at least what it keeps.
    pub kernel_bytes: u64,
    pub initrd_bytes: u64,
    /// The size in memory, with each file rounded up to whole pages.
    pub unpacked_bytes: u64,
    pub root: RootFs,
}

/// The memory that the running kernel has reserved.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reservation {
    pub bytes: u64,
    /// crash_elfcorehdr_size; `None` before Linux 6.6.
    pub elfcorehdr_bytes: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Fits,
    /// The image can be loaded, but may run out of memory.
    Tight,
    /// The kernel will refuse the image.
    CannotLoad,
}

/// An image compared with a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Estimate {
    pub image: Image,
    pub reserved_bytes: u64,
    pub elfcorehdr_bytes: u64,
    /// The sum of the parts that are loaded.
    pub load_bytes: u64,
    /// The size of the `struct page`s for the reservation.
    pub map_bytes: u64,
    /// The sum of the memory that is needed to run.
    pub run_bytes: u64,
    /// The limit of a tmpfs root; `None` for a ramfs.
    pub tmpfs_bytes: Option<u64>,
    pub verdict: Verdict,
    /// The smallest reservation that counts as enough, in MiB.
    pub enough_mib: u64,
}

/// The other way out, beside a larger reservation.
const SMALLER: &str = ", or use a smaller initrd";

impl Estimate {
    /// Returns the diagnosis of an image that cannot be loaded.
    #[must_use]
    pub fn no_room(&self) -> Diagnosis {
        let (load, run) = (size(self.load_bytes), size(self.run_bytes));
        let without_initrd = self.load_bytes.saturating_sub(self.image.initrd_bytes);
        let or = match without_initrd > self.reserved_bytes {
            true => "",
            false => SMALLER,
        };
        Diagnosis::failed(&"does not fit in the memory reserved for a crash image")
            .because(&self.too_small(&format_args!("{load} needed to load, {run} to run")))
            .with_hints(&[self.hint(or)])
    }

    /// Returns the warning about an image that can be loaded, but may run out of memory.
    #[must_use]
    pub fn scarce(&self) -> Option<Diagnosis> {
        if self.verdict != Verdict::Tight {
            return None;
        }
        let mut needed = String::new();
        let mut other = ", or add rootfstype=ramfs to the capture kernel's command line";
        if self.run_bytes > self.reserved_bytes {
            needed = self.too_small(&format_args!("{} needed to run", size(self.run_bytes)));
            other = SMALLER;
        }
        let unpacked_bytes = self.image.unpacked_bytes;
        if let Some(limit) = self.tmpfs_bytes.filter(|limit| unpacked_bytes > *limit) {
            if !needed.is_empty() {
                needed.push_str("; and ");
            }
            let (unpacked, limit) = (size(unpacked_bytes), size(limit));
            needed.push_str(&format!(
                "the initrd needs {unpacked} in a tmpfs, which holds {limit}"
            ));
        }
        let warning = Diagnosis::new(Exit::Done, &"may run out of memory");
        Some(warning.maybe(&needed).with_hints(&[self.hint(other)]))
    }

    fn too_small(&self, needed: &dyn fmt::Display) -> String {
        format!("{needed}, {} reserved", size(self.reserved_bytes))
    }

    fn hint(&self, or: &'static str) -> Hint {
        let mib = self.enough_mib;
        Hint::Crashkernel { mib, or }
    }

    /// Estimates the memory that `image` needs in `reservation`.
    #[must_use]
    pub fn new(image: Image, reservation: Reservation) -> Estimate {
        let reserved_bytes = reservation.bytes;
        let elfcorehdr_bytes = pages(reservation.elfcorehdr_bytes.unwrap_or(ELFCOREHDR_BYTES));
        let fixed = image.fixed_bytes(elfcorehdr_bytes);
        let map_bytes = reserved_bytes / MAP_DIVISOR;
        let run_bytes = sum(&[fixed, image.unpacked_bytes, BASE_BYTES, map_bytes]);
        let tmpfs_bytes = (image.root == RootFs::Tmpfs)
            .then(|| reserved_bytes.saturating_sub(fixed.saturating_add(map_bytes)) / 2);
        let enough = run_bytes <= reserved_bytes
            && tmpfs_bytes.is_none_or(|limit| image.unpacked_bytes <= limit);
        let verdict = if !image.has_places(reserved_bytes, elfcorehdr_bytes) {
            Verdict::CannotLoad
        } else if enough {
            Verdict::Fits
        } else {
            Verdict::Tight
        };
        Estimate {
            image,
            reserved_bytes,
            elfcorehdr_bytes,
            load_bytes: fixed,
            map_bytes,
            run_bytes,
            tmpfs_bytes,
            verdict,
            enough_mib: image.enough_mib(fixed),
        }
    }
}

impl Image {
    fn fixed_bytes(&self, elfcorehdr_bytes: u64) -> u64 {
        sum(&[
            pages(self.kernel_bytes),
            pages(self.initrd_bytes),
            elfcorehdr_bytes,
            OTHER_BYTES,
        ])
    }

    /// Returns whether the kernel finds a place for each part.
    fn has_places(&self, reserved_bytes: u64, elfcorehdr_bytes: u64) -> bool {
        let places = || {
            let top = reserved_bytes
                .checked_sub(elfcorehdr_bytes)?
                .checked_sub(OTHER_BYTES)?;
            let kernel = top.checked_sub(pages(self.kernel_bytes))?;
            let start = kernel & !(KERNEL_ALIGNMENT_BYTES - 1);
            let initrd_bytes = pages(self.initrd_bytes);
            // The initrd goes above the kernel if the alignment left enough room, else
            // below.
            (initrd_bytes <= kernel.saturating_sub(start) || initrd_bytes <= start).then_some(())
        };
        places().is_some()
    }

    /// Returns the smallest reservation that meets both conditions, in MiB.
    fn enough_mib(&self, fixed: u64) -> u64 {
        let run = sum(&[fixed, self.unpacked_bytes, BASE_BYTES]);
        let needed = match self.root {
            RootFs::Ramfs => run,
            RootFs::Tmpfs => run.max(sum(&[fixed, self.unpacked_bytes, self.unpacked_bytes])),
        };
        // The `struct page`s take one part in MAP_DIVISOR of the whole; one MiB is added
        // for rounding.
        let with_map = needed.saturating_add(needed / (MAP_DIVISOR - 1));
        (with_map / MIB).saturating_add(1)
    }
}

fn pages(bytes: u64) -> u64 {
    bytes.div_ceil(PAGE_BYTES).saturating_mul(PAGE_BYTES)
}

fn sum(terms: &[u64]) -> u64 {
    terms.iter().fold(0, |sum, term| sum.saturating_add(*term))
}
