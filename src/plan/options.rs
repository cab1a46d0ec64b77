// SPDX-License-Identifier: GPL-2.0-or-later
//! Options of a load, as the user gave them: nothing changes them later.

use alloc::string::String;
use alloc::vec::Vec;

use super::Route;
use crate::facts::Facts;

/// The options of a load, apart from which files it takes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// `None` is `auto`.
    pub route: Option<Route>,
    pub profile: Profile,
    /// Replaces the image's command line.
    pub command_line: Option<Vec<u8>>,
    /// Replaces the image's command line by the running kernel's.
    pub reuse_cmdline: bool,
    /// Added after the command line, in order.
    pub append: Vec<Vec<u8>>,
    /// Keeps the next system from chaining: a mark is added to its command line.
    pub mark_chained: bool,
    /// Under lockdown, extract a UKI although nothing verifies its initrd.
    pub allow_unsigned_initrd: bool,
    /// The crash image instead of the one for exec.
    pub panic: bool,
    /// Try to load a crash image that does not fit.
    pub force: bool,
    /// Descriptions of disk keys for the capture kernel.
    pub crypt_keys: Vec<String>,
    /// Keep the keys of the crash image that is loaded now.
    pub reuse_crypt_keys: bool,
    /// Have the kernel load and unload nothing afterwards.
    pub lock: bool,
}

/// Which of a UKI's profiles is wanted.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub enum Profile {
    #[default]
    First,
    Number(u32),
    /// As the user named it: an ID, or a number.
    Named(Vec<u8>),
}

impl Options {
    /// Returns whether both words were given: auto never extracts a UKI under
    /// lockdown.
    #[must_use]
    pub fn extracts_knowingly(&self) -> bool {
        self.route == Some(Route::Extract) && self.allow_unsigned_initrd
    }

    /// Returns whether it makes sense to load again after a load that failed: that
    /// one has counted against the kernel's limit, and for a crash image it has
    /// dropped the old one with its keys. `facts` are those of now.
    #[must_use]
    pub fn may_be_repeated(&self, facts: &Facts) -> bool {
        !self.reuse_crypt_keys && facts.loads_left(self.panic) != Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_load_is_repeated_where_that_can_succeed() {
        let options = |panic, reuse_crypt_keys| Options {
            panic,
            reuse_crypt_keys,
            ..Options::default()
        };
        for (left, repeated) in [
            (None, true),
            (Some(-1), true),
            (Some(1), true),
            (Some(0), false),
        ] {
            let facts = Facts {
                load_limit_panic: left,
                ..Facts::default()
            };
            assert_eq!(options(true, false).may_be_repeated(&facts), repeated);
            assert!(options(false, false).may_be_repeated(&facts));
            assert!(!options(true, true).may_be_repeated(&facts));
        }
    }
}
