// SPDX-License-Identifier: GPL-2.0-or-later
//! PURE. The memory that a crash image takes, against what is reserved.
//!
//! To be loaded, its parts must find places in the reservation, as
//! arch/x86/kernel/kexec-bzimage64.c and kernel/kexec_file.c put them: from the
//! top down elfcorehdr, purgatory, boot parameters, the kernel at a multiple of
//! 2 MiB, the initrd.
//!
//! To run, there must be room at once for the kernel, the initrd, what is
//! unpacked of it, one `struct page` per page, and for what kernel and init
//! take at least. Where the first root is a tmpfs, it holds half of the memory
//! that the kernel has left, and the unpacked initrd must fit there.

use alloc::format;
use alloc::string::String;

use crate::diagnosis::{Diagnosis, Exit, Hint};
use crate::size::size;

const MIB: u64 = 1 << 20;
const PAGE_BYTES: u64 = 4096;
const KERNEL_ALIGNMENT_BYTES: u64 = 2 * MIB;
/// Purgatory, boot parameters with the firmware's memory map, command line.
pub const OTHER_BYTES: u64 = 128 << 10;
/// Where the kernel does not tell (before 6.6): headers for 8192 processors.
const ELFCOREHDR_BYTES: u64 = MIB;
/// Slab, page tables, per-processor data and buffers: 18 to 22 MiB were seen
/// with Debian's 6.1 and 6.12; 10 MiB for an init.
pub const BASE_BYTES: u64 = 32 * MIB;
/// A `struct page` has 64 bytes.
const MAP_DIVISOR: u64 = PAGE_BYTES / 64;

/// What unpacked initrds are kept in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RootFs {
    /// Without a limit.
    #[default]
    Ramfs,
    /// Limited to half of the memory.
    Tmpfs,
}

/// Sizes of an image.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Image {
    /// `init_size`: what the kernel takes until it has set up its memory, and
    /// no less than what it keeps.
    pub kernel_bytes: u64,
    pub initrd_bytes: u64,
    /// In memory, with the rest of each file's last page.
    pub unpacked_bytes: u64,
    pub root: RootFs,
}

/// What the running kernel gives.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Reservation {
    pub bytes: u64,
    /// crash_elfcorehdr_size; `None` before Linux 6.6.
    pub elfcorehdr_bytes: Option<u64>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Fits,
    /// It can be loaded, but may run out of memory.
    Tight,
    /// The kernel will refuse it.
    CannotLoad,
}

/// An image held against a reservation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Estimate {
    pub image: Image,
    pub reserved_bytes: u64,
    pub elfcorehdr_bytes: u64,
    /// Sum of what is loaded.
    pub load_bytes: u64,
    /// `struct page`s for the reservation.
    pub map_bytes: u64,
    /// Sum of what is needed to run.
    pub run_bytes: u64,
    /// What a tmpfs root can hold.
    pub tmpfs_bytes: Option<u64>,
    pub verdict: Verdict,
    /// The least reservation that is called enough, in MiB.
    pub enough_mib: u64,
}

impl Estimate {
    /// Returns what is to be told of an image that cannot be loaded.
    #[must_use]
    pub fn no_room(&self) -> Diagnosis {
        Diagnosis::failed(&"does not fit the memory for a crash kernel")
            .because(&self.too_small(self.load_bytes))
            .with_hints(&[self.hint("--force")])
    }

    /// Returns the warning of one that can be loaded, but may not work.
    #[must_use]
    pub fn scarce(&self) -> Option<Diagnosis> {
        if self.verdict != Verdict::Tight {
            return None;
        }
        // Enough in sum, then it is the tmpfs that is too small.
        let (needed, other) = match self.tmpfs_bytes {
            Some(limit) if self.run_bytes <= self.reserved_bytes => (
                format!(
                    "the initrd needs {} in a tmpfs, which holds {}",
                    size(self.image.unpacked_bytes),
                    size(limit)
                ),
                "rootfstype=ramfs on the capture kernel's command line",
            ),
            _ => (self.too_small(self.run_bytes), "a smaller initrd"),
        };
        let warning = Diagnosis::new(Exit::Done, &"may run out of memory");
        Some(warning.maybe(&needed).with_hints(&[self.hint(other)]))
    }

    fn too_small(&self, needed_bytes: u64) -> String {
        format!(
            "{} are reserved, {} are needed",
            size(self.reserved_bytes),
            size(needed_bytes)
        )
    }

    fn hint(&self, or: &'static str) -> Hint {
        let mib = self.enough_mib;
        Hint::Crashkernel { mib, or }
    }

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

    /// Whether the kernel finds a place for each part.
    fn has_places(&self, reserved_bytes: u64, elfcorehdr_bytes: u64) -> bool {
        let places = || {
            let top = reserved_bytes
                .checked_sub(elfcorehdr_bytes)?
                .checked_sub(OTHER_BYTES)?;
            let kernel = top.checked_sub(pages(self.kernel_bytes))?;
            let start = kernel & !(KERNEL_ALIGNMENT_BYTES - 1);
            let initrd_bytes = pages(self.initrd_bytes);
            // Above the kernel, if the alignment left enough; else below.
            (initrd_bytes <= kernel.saturating_sub(start) || initrd_bytes <= start).then_some(())
        };
        places().is_some()
    }

    /// Solves both conditions for the reservation.
    fn enough_mib(&self, fixed: u64) -> u64 {
        let run = sum(&[fixed, self.unpacked_bytes, BASE_BYTES]);
        let needed = match self.root {
            RootFs::Ramfs => run,
            RootFs::Tmpfs => run.max(sum(&[fixed, self.unpacked_bytes, self.unpacked_bytes])),
        };
        // The map takes one part in MAP_DIVISOR of it; one MiB for the rounding.
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
