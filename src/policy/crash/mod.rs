// SPDX-License-Identifier: GPL-2.0-or-later
//! Checks whether a crash image fits the memory that crashkernel= reserved. Layer: pure.
//!
//! If a capture kernel runs out of memory, the dump is lost, and nobody notices before
//! the kernel crashes. So the memory is estimated before the load.

pub mod estimate;

use alloc::vec::Vec;

use crate::formats::archive::{self, Archive, Depth};
use crate::formats::cmdline::{key, words};
use crate::formats::image::detect::{Image, detect_linux};
use crate::formats::source::{InputId, ReadAt, ReadError};
use crate::policy::plan::{Manifest, Plan};
use estimate::{Image as Sizes, RootFs};

/// The size of the header and the padding of a file that goes into an archive.
const MEMBER_BYTES: u64 = 1024;
const PAGE_BYTES: u64 = 4096;

/// The parts and sizes of a planned crash image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Measured {
    /// The memory that the capture kernel takes; `None` when it is not known, for example
    /// when only the image's own parser finds the kernel.
    pub kernel_bytes: Option<u64>,
    pub archives: Vec<Archive>,
    pub sizes: Sizes,
}

/// Measures the parts of `manifest` that `plan` loads.
///
/// # Errors
/// Returns the number of an input file that could not be read, and its [`ReadError`].
pub fn measure<F: ReadAt>(
    plan: &Plan,
    manifest: &Manifest<F>,
) -> Result<Measured, (InputId, ReadError)> {
    let kernel = manifest.get(plan.kernel.source);
    let header = kernel.and_then(|kernel| {
        let file: &dyn ReadAt = &kernel.file;
        match detect_linux(file, plan.kernel.slice) {
            Ok(Image::BzImage { header, .. }) => Some(header),
            _ => None,
        }
    });
    let kernel_bytes = header.map(|header| u64::from(header.init_size_bytes));
    let kernel_bytes = kernel_bytes.filter(|bytes| *bytes > 0);
    let mut archives = Vec::new();
    let mut sizes = Sizes {
        kernel_bytes: kernel_bytes.unwrap_or(0),
        root: root_fs(&plan.cmdline.text),
        ..Sizes::default()
    };
    for part in &plan.initrd {
        let bytes = part.slice.bytes;
        sizes.initrd_bytes = sizes.initrd_bytes.saturating_add(bytes);
        if !part.is_archive() {
            sizes.initrd_bytes = sizes.initrd_bytes.saturating_add(MEMBER_BYTES);
            let pages = bytes
                .saturating_add(PAGE_BYTES)
                .saturating_add(MEMBER_BYTES);
            sizes.unpacked_bytes = sizes.unpacked_bytes.saturating_add(pages);
        } else if let Some(input) = manifest.get(part.source) {
            // A boot configuration at its end takes no memory, wherever it may be.
            let found = archive::walk(&input.file, part.slice, Depth::Sizes, true);
            archives.extend(found.map_err(|error| (part.source, error))?.archives);
        }
    }
    for archive in &archives {
        sizes.unpacked_bytes = sizes.unpacked_bytes.saturating_add(archive.memory_bytes);
    }
    Ok(Measured {
        kernel_bytes,
        archives,
        sizes,
    })
}

/// Returns the file system that init/do_mounts.c uses for the first root: a tmpfs, unless
/// the command line names a root or the type.
fn root_fs(cmdline: &[u8]) -> RootFs {
    let for_kernel = || words(cmdline).take_while(|word| *word != b"--");
    let type_word = for_kernel()
        .filter(|word| key(word) == b"rootfstype")
        .last();
    let named = for_kernel().any(|word| key(word) == b"root");
    let tmpfs = match type_word {
        Some(word) => word.windows(5).any(|part| part == b"tmpfs"),
        None => !named,
    };
    if tmpfs { RootFs::Tmpfs } else { RootFs::Ramfs }
}

#[cfg(test)]
mod tests;
