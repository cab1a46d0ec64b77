// SPDX-License-Identifier: GPL-2.0-or-later
//! The options of a load, as the user gave them; nothing changes them later. Layer: pure.

use alloc::vec::Vec;

use super::Route;

/// The options of a load, except the files that it takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// The route; `None` is `auto`.
    pub route: Option<Route>,
    pub profile: Profile,
    /// Replaces the image's command line.
    pub command_line: Option<Vec<u8>>,
    /// Replaces the image's command line with the running kernel's.
    pub reuse_cmdline: bool,
    /// The words of a boot entry: they replace the image's command line, unless they are
    /// empty.
    pub entry_words: Vec<u8>,
    /// The user's words, added after all of these, in order.
    pub append: Vec<Vec<u8>>,
    /// Adds a mark to the next system's command line, so that it does not chain.
    pub mark_chained: bool,
    /// Under lockdown, extracts a UKI even though nothing verifies its initrd.
    pub allow_unsigned_initrd: bool,
    /// Loads the crash image instead of the one for `exec`.
    pub panic: bool,
    /// Skip the kernel's digest, if that is possible.
    pub fast: Fast,
    /// Have the module unpack the initrd, if that is possible: the option or the kernel's
    /// word that asked for it, for warnings.
    pub unpack: Option<&'static str>,
}

/// The choice between skipping and keeping the kernel's digest, by who made it. The user's
/// has the option or the kernel's word that says so, for warnings.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Fast {
    /// Keep it: nobody asked.
    #[default]
    No,
    /// Keep it: the user refused to skip it, and is warned if the module skips it.
    Refused(&'static str),
    /// Skip it: the command does so by default, as a boot loader.
    ByDefault,
    /// Skip it: the user asked for that, and is warned if it cannot be skipped.
    Asked(&'static str),
}

/// The wanted profile of a UKI.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    #[default]
    First,
    Number(u32),
    /// The profile that the user named, by ID or by number.
    Named(Vec<u8>),
}

/// Splits the profile off words for a UKI: `@PROFILE WORDS`, as boot loaders pass it.
#[must_use]
pub fn split_profile(words: &[u8]) -> (Option<&[u8]>, &[u8]) {
    let Some(rest) = words.trim_ascii_start().strip_prefix(b"@") else {
        return (None, words);
    };
    let end = rest.iter().position(u8::is_ascii_whitespace);
    let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
    match name.is_empty() {
        true => (None, words),
        false => (Some(name), rest.trim_ascii_start()),
    }
}

impl Options {
    /// Returns the profile that begins the words which replace a UKI's command line.
    #[must_use]
    pub fn profile_in_words(&self) -> Option<&[u8]> {
        let words = self.command_line.as_ref().unwrap_or(&self.entry_words);
        split_profile(words).0
    }

    /// Returns whether the user gave any words for the command line.
    #[must_use]
    pub fn has_words(&self) -> bool {
        let appended = self.append.iter().any(|piece| !piece.is_empty());
        appended || self.reuse_cmdline || self.command_line.is_some()
    }

    /// Returns whether both `--route extract` and `--allow-unsigned-initrd` were given:
    /// auto never extracts a UKI under lockdown.
    #[must_use]
    pub fn extracts_knowingly(&self) -> bool {
        self.route == Some(Route::Extract) && self.allow_unsigned_initrd
    }
}
