// SPDX-License-Identifier: GPL-2.0-or-later
//! Where a companion file goes below `/.extra`, by its name.
//!
//! Layer: pure. Spec: systemd-stub(7) and its modes, which are measured.

/// One of the stub's directories and the modes in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtraDirectory {
    /// Relative to the initrd's root.
    pub path: &'static str,
    pub directory_mode: u16,
    pub file_mode: u16,
    suffix: &'static str,
}

/// In the stub's order. `*.confext.raw` comes before `*.raw` when looking, and
/// behind it in the initrd.
const DIRECTORIES: [ExtraDirectory; 3] = [
    ExtraDirectory {
        path: ".extra/credentials",
        directory_mode: 0o500,
        file_mode: 0o400,
        suffix: ".cred",
    },
    ExtraDirectory {
        path: ".extra/sysext",
        directory_mode: 0o555,
        file_mode: 0o444,
        suffix: ".raw",
    },
    ExtraDirectory {
        path: ".extra/confext",
        directory_mode: 0o555,
        file_mode: 0o444,
        suffix: ".confext.raw",
    },
];

impl ExtraDirectory {
    /// The directory for a file of that name; the longest suffix decides.
    /// Suffixes match without regard to case.
    #[must_use]
    pub fn of(name: &[u8]) -> Option<&'static ExtraDirectory> {
        DIRECTORIES
            .iter()
            .filter(|directory| {
                let start = name.len().checked_sub(directory.suffix.len());
                // A name that is nothing but the suffix begins with a dot, and
                // the stub skips those.
                start.filter(|start| *start > 0).is_some_and(|start| {
                    name.get(start..)
                        .is_some_and(|end| end.eq_ignore_ascii_case(directory.suffix.as_bytes()))
                })
            })
            .max_by_key(|directory| directory.suffix.len())
    }

    /// All of them, in the order in which their archives follow each other.
    pub fn all() -> impl Iterator<Item = &'static ExtraDirectory> {
        DIRECTORIES.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::ExtraDirectory;

    #[test]
    fn the_longest_suffix_decides() {
        for (name, path) in [
            ("root.cred", Some(".extra/credentials")),
            ("ROOT.CRED", Some(".extra/credentials")),
            ("tools.raw", Some(".extra/sysext")),
            ("net.confext.raw", Some(".extra/confext")),
            ("net.sysext.raw", Some(".extra/sysext")),
            (".cred", None),
            ("cred", None),
            ("a.img", None),
            ("", None),
        ] {
            let found = ExtraDirectory::of(name.as_bytes()).map(|directory| directory.path);
            assert_eq!(found, path, "{name}");
        }
    }
}
