// SPDX-License-Identifier: GPL-2.0-or-later
//! Places of files below `/.extra`, by their names or their sections. Layer: pure.
//!
//! Spec: systemd-stub(7). The modes are the stub's, because it measures the archives.
use crate::formats::image::uki::SectionKind;

/// One of the stub's directories, with the modes in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExtraDirectory {
    /// The path, relative to the initrd's root.
    pub path: &'static str,
    pub directory_mode: u16,
    pub file_mode: u16,
    /// Files with this suffix belong there, unless another directory's suffix is longer.
    pub suffix: &'static str,
    is_global: bool,
}

const CREDENTIALS: &str = ".cred";

const fn public(path: &'static str, suffix: &'static str, is_global: bool) -> ExtraDirectory {
    ExtraDirectory {
        path,
        directory_mode: 0o555,
        file_mode: 0o444,
        suffix,
        is_global,
    }
}

/// Describes a directory that only root can read.
const fn secret(path: &'static str, is_global: bool) -> ExtraDirectory {
    ExtraDirectory {
        directory_mode: 0o500,
        file_mode: 0o400,
        ..public(path, CREDENTIALS, is_global)
    }
}

/// The directories in the stub's order. A lookup prefers `*.confext.raw` to `*.raw`,
/// although confexts follow sysexts in the initrd.
static DIRECTORIES: [ExtraDirectory; 6] = [
    secret(".extra/credentials", false),
    secret(".extra/global_credentials", true),
    public(".extra/sysext", ".raw", false),
    public(".extra/global_sysext", ".raw", true),
    public(".extra/confext", ".confext.raw", false),
    public(".extra/global_confext", ".confext.raw", true),
];

impl ExtraDirectory {
    /// Returns the directory for a file with this name; the longest suffix decides.
    #[must_use]
    pub fn of(name: &[u8], is_global: bool) -> Option<&'static ExtraDirectory> {
        DIRECTORIES
            .iter()
            .filter(|directory| {
                // A name that is only the suffix begins with a dot, and the stub skips
                // such names.
                directory.is_global == is_global
                    && name.len() > directory.suffix.len()
                    && has_suffix(name, directory.suffix)
            })
            .max_by_key(|directory| directory.suffix.len())
    }

    /// Returns all directories, in the order in which their archives follow each other.
    pub fn all() -> impl Iterator<Item = &'static ExtraDirectory> {
        DIRECTORIES.iter()
    }

    #[must_use]
    pub fn holds_credentials(&self) -> bool {
        self.suffix == CREDENTIALS
    }
}

/// Returns whether `name` ends with `suffix`, ignoring case, as on the stub's FAT file
/// systems.
pub(crate) fn has_suffix(name: &[u8], suffix: &str) -> bool {
    let start = name.len().checked_sub(suffix.len());
    start
        .and_then(|start| name.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(suffix.as_bytes()))
}

/// Sections that become one file each in `/.extra`, in the stub's order.
pub const SECTION_FILES: [(SectionKind, &str); 4] = [
    (SectionKind::Pcrsig, "tpm2-pcr-signature.json"),
    (SectionKind::Pcrpkey, "tpm2-pcr-public-key.pem"),
    (SectionKind::Osrel, "os-release"),
    (SectionKind::Profile, "profile"),
];

/// The directory of [`SECTION_FILES`], its mode, and the mode of the files in it.
pub const SECTION_DIRECTORY: &str = ".extra";
pub const SECTION_DIRECTORY_MODE: u16 = 0o555;
pub const SECTION_FILE_MODE: u16 = 0o444;

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
            let found = ExtraDirectory::of(name.as_bytes(), false).map(|directory| directory.path);
            assert_eq!(found, path, "{name}");
            let global = ExtraDirectory::of(name.as_bytes(), true).map(|directory| directory.path);
            assert_eq!(
                global,
                path.map(|path| path.replace('/', "/global_")).as_deref()
            );
        }
    }

    #[test]
    fn credentials_are_secret() {
        for directory in ExtraDirectory::all() {
            let modes = (directory.directory_mode, directory.file_mode);
            let secret = directory.path.ends_with("credentials");
            assert_eq!(
                modes,
                if secret {
                    (0o500, 0o400)
                } else {
                    (0o555, 0o444)
                }
            );
            assert_eq!(directory.holds_credentials(), secret);
        }
    }
}
