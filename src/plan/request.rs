// SPDX-License-Identifier: GPL-2.0-or-later
//! What the user asked for.

use alloc::string::String;
use alloc::vec::Vec;

use super::{PlanError, Route};
use crate::image::addon::{self, Addon};
use crate::image::pe::Machine;
use crate::image::uki::{SectionKind, Selection};
use crate::initrd::extra::ExtraDirectory;
use crate::source::{ReadAt, ReadError};

/// Index of the image itself among the open input files; the user's initrds
/// follow from 1, then the addons.
pub const IMAGE: u32 = 0;

/// Options and the files that go with the image; their contents aside.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Request {
    /// `None` is `auto`.
    pub route: Option<Route>,
    /// Sizes of the user's initrds, in order.
    pub initrd_bytes: Vec<u64>,
    /// Companion files and addons in the order of their names' folders: global
    /// ones, the image's own, the user's.
    pub addons: Vec<AddonFile>,
    /// Replaces the image's command line.
    pub command_line: Option<Vec<u8>>,
    /// Replaces the image's command line by the running kernel's.
    pub reuse_cmdline: bool,
    /// Added behind the command line, in order.
    pub append: Vec<Vec<u8>>,
    /// Under lockdown, take a UKI apart although nothing verifies its initrd.
    pub allow_unsigned_initrd: bool,
    /// The crash image instead of the one for exec.
    pub panic: bool,
    /// Try to load a crash image that does not fit.
    pub force: bool,
    /// Descriptions of disk keys for the capture kernel.
    pub crypt_keys: Vec<String>,
    /// Keep the keys of the crash image that is loaded now.
    pub reuse_crypt_keys: bool,
    /// The UKI's profile, from 0.
    pub profile: u32,
    /// Have the kernel load and unload nothing afterwards.
    pub lock: bool,
}

/// A file that extends the image.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AddonFile {
    /// A PE addon.
    Pe(Addon),
    /// A file that goes below /.extra as it is.
    Member {
        directory: &'static ExtraDirectory,
        name: String,
        bytes: u64,
    },
}

impl Request {
    /// Index of an initrd among the open input files.
    #[must_use]
    pub fn initrd_source(number: u32) -> u32 {
        number.saturating_add(1)
    }

    /// Index of an addon among the open input files.
    #[must_use]
    pub fn addon_source(&self, number: u32) -> u32 {
        let initrds = u32::try_from(self.initrd_bytes.len()).unwrap_or(u32::MAX);
        Request::initrd_source(initrds).saturating_add(number)
    }

    /// The PE addons among `addons`.
    pub fn pe_addons(&self) -> impl DoubleEndedIterator<Item = (u32, &Addon)> {
        let numbered = self.addons.iter().enumerate();
        numbered.filter_map(|(number, file)| match file {
            AddonFile::Pe(addon) => {
                let source = self.addon_source(u32::try_from(number).unwrap_or(u32::MAX));
                Some((source, addon))
            }
            AddonFile::Member { .. } => None,
        })
    }
}

/// The kernel release that the image says addons must be made for.
pub fn uname<R: ReadAt + ?Sized>(
    source: &R,
    selection: &Selection,
) -> Result<Option<Vec<u8>>, ReadError> {
    let slice = selection.get(SectionKind::Uname);
    let slice = slice.filter(|slice| slice.bytes > 0);
    slice
        .map(|slice| addon::read_uname(source, slice))
        .transpose()
}

/// Refuses addons that are made for another machine or kernel.
pub fn check_addons<R: ReadAt + ?Sized>(
    source: &R,
    machine: Machine,
    selection: &Selection,
    request: &Request,
) -> Result<(), PlanError> {
    let uname = uname(source, selection)?;
    for (source, addon) in request.pe_addons() {
        addon
            .check(machine, uname.as_deref())
            .map_err(|error| PlanError::Addon { source, error })?;
    }
    Ok(())
}
