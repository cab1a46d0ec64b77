// SPDX-License-Identifier: GPL-2.0-or-later
//! The input that the handshake offers to the kernel and to the image's parser.
//! Layer: effects.

use alloc::ffi::CString;
use alloc::vec::Vec;

use super::RunError;
use crate::abi;
use crate::formats::initrd::extra::ExtraDirectory;
use crate::formats::source::{FileSlice, InputId, read_small};
use crate::policy::plan::{Companion, CompanionKind, Flags, Manifest, Parser, Plan, Unpack};
use crate::sys::file::{self, InputFile};
use crate::sys::{AsFd, Fd};

/// The image, and everything that the user or a directory adds to it.
pub struct Offer<'load> {
    manifest: &'load Manifest<InputFile>,
    /// The directory that paths are relative to; `None` for the working directory.
    root: Option<Fd<'load>>,
    /// The user's part of the command line.
    pub cmdline: CString,
    pub flags: Flags,
    pub selection: abi::Selection,
    /// Flags of the session, `KEXEC_BPF_REGISTER_*`.
    pub session_flags: u32,
    pub unpack: Unpack,
    /// The parser that the kernel will ask for.
    pub parser: Parser,
    /// The companion files in the order in which the module takes them.
    pub companions: Vec<InputId>,
}

impl<'load> Offer<'load> {
    /// # Errors
    /// [`RunError::CompanionPath`], [`RunError::TooManyCompanions`].
    pub fn new(
        root: Option<Fd<'load>>,
        manifest: &'load Manifest<InputFile>,
        plan: &Plan,
    ) -> Result<Offer<'load>, RunError> {
        let cmdline = plan.cmdline.users.as_slice();
        let replaces_own = plan.cmdline.replaces_own();
        let offer = Offer {
            manifest,
            root,
            cmdline: CString::new(cmdline).map_err(|_| RunError::NulInCmdline)?,
            flags: plan.flags,
            selection: abi::Selection {
                profile: manifest.profile,
                flags: if replaces_own {
                    abi::SELECT_REPLACE_CMDLINE
                } else {
                    0
                },
                reserved: [0; 2],
            },
            session_flags: plan.session_flags(),
            unpack: plan.unpack,
            parser: plan.parser,
            companions: in_order(manifest)?,
        };
        // Check that each one fits. They are built again when they are put into the map,
        // so that memory use does not grow with their number.
        for id in &offer.companions {
            offer.companion(*id)?;
        }
        Ok(offer)
    }

    /// Reads the image's own parser; `None` if it cannot be read, or is larger than the
    /// interface allows.
    pub fn own_parser(&self, slice: FileSlice) -> Option<Vec<u8>> {
        let max_bytes = abi::PARSER_MAX_BYTES as u64;
        read_small(&self.manifest.image.file, slice, max_bytes).ok()
    }

    /// Returns the image's descriptor.
    pub fn image(&self) -> Fd<'_> {
        self.manifest.image.file.as_fd()
    }

    /// Returns the image's path.
    pub fn image_path(&self) -> &[u8] {
        &self.manifest.image.path
    }

    /// Returns a companion file in the form that the module takes: by its absolute path.
    ///
    /// # Errors
    /// [`RunError::CompanionPath`], [`RunError::NoSuchInput`].
    pub fn companion(&self, id: InputId) -> Result<abi::Addon, RunError> {
        let mut all = self.manifest.companions();
        let (_, companion) = all
            .find(|(own, _)| *own == id)
            .ok_or(RunError::NoSuchInput)?;
        let dst_dir = directory(companion).map_or("", |directory| directory.path);
        let given = &companion.input.path;
        let path = file::absolute(self.root, given)?;
        abi::Addon::new(dst_dir.as_bytes(), &path).ok_or_else(|| RunError::CompanionPath {
            path: given.clone(),
        })
    }
}

/// Returns the directory of the initrd that a file goes to; `None` for a PE addon.
fn directory(companion: &Companion<InputFile>) -> Option<&'static ExtraDirectory> {
    match companion.kind {
        CompanionKind::Addon(_) => None,
        CompanionKind::Member { directory, .. } => Some(directory),
    }
}

/// Returns the companion files in the order in which the module takes them: files
/// directory by directory, then PE addons.
fn in_order(manifest: &Manifest<InputFile>) -> Result<Vec<InputId>, RunError> {
    let count = manifest.companions.len();
    if count > abi::ADDONS_MAX {
        return Err(RunError::TooManyCompanions { count });
    }
    let mut order = Vec::with_capacity(count);
    for wanted in ExtraDirectory::all().map(Some).chain([None]) {
        let all = manifest.companions();
        let fitting = all.filter(|(_, companion)| directory(companion) == wanted);
        order.extend(fitting.map(|(id, _)| id));
    }
    Ok(order)
}
