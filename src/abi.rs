// SPDX-License-Identifier: GPL-2.0-or-later
//! bpf/include/kexec_bpf.h in Rust; the header explains every item. Layer: pure.
//!
//! tests/abi compares each value, size and offset with the header.

use core::ffi::CStr;
use core::fmt;

/// The interface version that this program prefers.
pub const ABI_VERSION: u32 = 4;
/// The oldest interface version that this program also supports.
pub const ABI_VERSION_MIN: u32 = 3;
pub const REGISTER_BYTES_V3: usize = 16;
pub const REPORT_BYTES_V3: usize = 1728;
pub const PROC_PATH: &CStr = c"/proc/kexec_bpf";
pub const PARAMETERS_DIR: &str = "/sys/module/kexec_bpf/parameters";
pub const HOOK_NAME: &str = "kexec_pe_parser_hook";
pub const ROUNDS_MAX: usize = 4;
pub const PARSER_MAX_BYTES: usize = 1 << 20;
pub const ADDONS_MAX: usize = 512;
pub const DST_DIR_BYTES: usize = 64;
pub const PATH_BYTES: usize = 960;
pub const REASON_BYTES: usize = 256;
pub const MAP_SELECTION: &CStr = c"selection";
pub const MAP_ADDONS: &CStr = c"addons";
pub const SELECT_REPLACE_CMDLINE: u32 = 1;
pub const REGISTER_NO_DIGEST: u32 = 1;
pub const REGISTER_NO_PARSER: u32 = 2;
pub const REGISTER_UNPACK_INITRD: u32 = 4;
pub const REGISTER_EARLY: u32 = 8;
/// The words for them in the module's parameter `register_flags`.
pub const UNPACK_INITRD: &str = "unpack_initrd";
pub const EARLY: &str = "early";
pub const REPORT_OFFSET: u64 = 1 << 32;
pub const COOKIE_OFFSET: u64 = 2 << 32;
pub const UKI_PARSER_OFFSET: u64 = 3 << 32;
pub const ZBOOT_PARSER_OFFSET: u64 = 4 << 32;
pub const SIGNATURE_UNCHECKED: i32 = 1;

/// `struct kexec_bpf_register`
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct Register {
    pub abi_version: u32,
    pub ready_fd: i32,
    pub attached_fd: i32,
    pub timeout_ms: u32,
    pub flags: u32,
    pub reserved: [u32; 11],
}

/// `struct kexec_bpf_selection`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Selection {
    pub profile: u32,
    pub flags: u32,
    pub reserved: [u32; 2],
}

/// `struct kexec_bpf_addon`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Addon {
    pub dst_dir: [u8; DST_DIR_BYTES],
    pub path: [u8; PATH_BYTES],
}

/// `struct kexec_bpf_resource`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Resource {
    pub offset: u64,
    pub size: u64,
    pub flags: u32,
    pub parts: u32,
}

/// `struct kexec_bpf_round`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Round {
    pub parser: u32,
    pub calls: u32,
    pub image_size: u64,
    pub handshake_us: u64,
    pub hook_us: u64,
    pub kernel: Resource,
    pub initrd: Resource,
    pub cmdline_size: u64,
}

/// `struct kexec_bpf_report`
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Report {
    pub abi_version: u32,
    pub error: i32,
    pub stage: u32,
    pub rounds: u32,
    pub signature: i32,
    pub flags: u32,
    pub load_us: u64,
    pub round: [Round; ROUNDS_MAX],
    pub kernel: Resource,
    pub initrd: Resource,
    pub cmdline_size: u64,
    pub addons: u32,
    pub size: u32,
    pub addon: Addon,
    pub reason: [u8; REASON_BYTES],
    pub timeout_ms: u32,
    pub digest: u32,
    pub packed_size: u64,
    pub unpack: u32,
    pub reserved_one: u32,
    pub reserved_more: [u64; 29],
}

/// Defines an enum of the header, with all of its values in order.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($value:ident = $number:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum $name {
            $($value = $number,)*
        }

        impl $name {
            pub const ALL: &[$name] = &[$($name::$value,)*];

            /// Returns the value with this number.
            #[must_use]
            pub fn of(number: u32) -> Option<$name> {
                let mut all = $name::ALL.iter().copied();
                all.find(|value| *value as u32 == number)
            }
        }
    };
}

numbered! {
    /// `enum kexec_bpf_stage`: the stage that a load reached.
    Stage {
        Probe = 1,
        Signature = 2,
        Read = 3,
        Handshake = 4,
        Parse = 5,
        Rules = 6,
        Assemble = 7,
        Arch = 8,
        Loaded = 9,
        Segments = 10,
    }
}

numbered! {
    /// `enum kexec_bpf_digest`: whether the segments were left out of the kernel's SHA-256.
    Digest {
        Unknown = 0,
        LeftOut = 1,
        Kept = 2,
        Crash = 3,
        Always = 4,
        Unable = 5,
    }
}

numbered! {
    /// `enum kexec_bpf_unpack`: tells whether any archive of the initrd is still compressed,
    /// and for the first one, why.
    Unpack {
        None = 0,
        All = 1,
        Crash = 2,
        Format = 3,
        Damaged = 4,
        Early = 5,
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Digest::Unknown => "unknown",
            Digest::LeftOut => "skipped, so nothing verifies the image at the jump",
            Digest::Kept => "computed",
            Digest::Crash => "computed, as for every crash image",
            Digest::Always => "computed, because the module's parameter digest is \"always\"",
            Digest::Unable => "computed, because it cannot be skipped on this kernel",
        })
    }
}

impl fmt::Display for Unpack {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unpack::None => "the module did not get to it",
            Unpack::All => "nothing of it is packed",
            Unpack::Crash => "it is for a panic",
            Unpack::Format => "the module has no decoder for its format",
            Unpack::Damaged => "it is damaged, or has more than files in it",
            Unpack::Early => {
                "files for the kernel's start (microcode, ACPI tables) are in it, or after it"
            }
        })
    }
}

/// Chooses the newest version that both this program and the module support. `all` is the
/// module's file `abi_versions`, absent before version 4; `oldest` is its file
/// `abi_version`.
///
/// # Errors
/// The module's oldest version, if there is no version in common.
pub fn common_version(all: Option<&str>, oldest: u32) -> Result<u32, u32> {
    let spoken = |version: &u32| (ABI_VERSION_MIN..=ABI_VERSION).contains(version);
    let numbers = all.unwrap_or_default().split_whitespace();
    numbers
        .filter_map(|number| number.parse().ok())
        .chain([oldest])
        .filter(spoken)
        .max()
        .ok_or(oldest)
}

impl Addon {
    /// Creates an addon from its two strings. Returns `None` if one of them does not fit
    /// with its NUL, or contains a NUL.
    #[must_use]
    pub fn new(dst_dir: &[u8], path: &[u8]) -> Option<Addon> {
        Some(Addon {
            dst_dir: terminated(dst_dir)?,
            path: terminated(path)?,
        })
    }
}

/// Returns `text` as a NUL-terminated string in an array.
fn terminated<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    let mut array = [0; BYTES];
    if text.len() >= BYTES || text.contains(&0) {
        return None;
    }
    array.get_mut(..text.len())?.copy_from_slice(text);
    Some(array)
}

/// Returns the display name of a parser of `enum kexec_bpf_parser`.
#[must_use]
pub fn parser_name(parser: u32) -> &'static str {
    match parser {
        1 => "the image's own parser",
        2 => "the module's parser for UKIs",
        3 => "the module's parser for zboot images",
        _ => "no parser",
    }
}

/// Archives of the initrd were decompressed.
pub const RESOURCE_UNPACKED: u32 = 0x80;

/// The display names of the bits of `kexec_bpf_resource.flags`.
pub const RESOURCE_FLAGS: [(u32, &str); 8] = [
    (1, "slice of the image"),
    (2, "decompressed"),
    (4, "from BPF memory"),
    (8, "with addons"),
    (0x10, "with what the user added"),
    (0x20, "joined in place"),
    (0x40, "joined by a copy"),
    (RESOURCE_UNPACKED, "unpacked"),
];

impl Report {
    /// Returns the words for `error`, up to their NUL.
    #[must_use]
    pub fn reason(&self) -> &[u8] {
        until_nul(&self.reason)
    }
}

#[cfg(test)]
impl Report {
    /// Returns the report of a load that has not begun.
    pub fn none() -> Report {
        Report {
            abi_version: ABI_VERSION,
            error: 0,
            stage: Stage::Probe as u32,
            rounds: 0,
            signature: 0,
            flags: 0,
            load_us: 0,
            round: [Round::default(); ROUNDS_MAX],
            kernel: Resource::default(),
            initrd: Resource::default(),
            cmdline_size: 0,
            addons: 0,
            size: 1984,
            addon: Addon {
                dst_dir: [0; DST_DIR_BYTES],
                path: [0; PATH_BYTES],
            },
            reason: [0; REASON_BYTES],
            timeout_ms: 5000,
            digest: 0,
            packed_size: 0,
            unpack: 0,
            reserved_one: 0,
            reserved_more: [0; 29],
        }
    }
}

/// Returns the text in a field of characters, up to its NUL.
#[must_use]
pub fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|byte| *byte == 0).next().unwrap_or_default()
}

const _: () = assert!(size_of::<Register>() == 64);
const _: () = assert!(size_of::<Selection>() == 16);
const _: () = assert!(size_of::<Addon>() == 1024);
const _: () = assert!(size_of::<Resource>() == 24);
const _: () = assert!(size_of::<Round>() == 88);
const _: () = assert!(size_of::<Report>() == 1984);

#[cfg(test)]
mod tests {
    use super::{ABI_VERSION, common_version};

    #[test]
    fn the_newest_common_version_is_spoken() {
        for (all, oldest, common) in [
            (None, 3, Ok(3)),
            (None, 2, Err(2)),
            (None, 5, Err(5)),
            (Some("3 4"), 3, Ok(4)),
            (Some("3 4 5"), 3, Ok(4)),
            (Some("4 5"), 4, Ok(4)),
            (Some("5 6"), 5, Err(5)),
            (Some(""), 3, Ok(3)),
            (Some("x 4294967296 4"), 7, Ok(4)),
        ] {
            assert_eq!(common_version(all, oldest), common, "{all:?} {oldest}");
        }
        assert_eq!(ABI_VERSION, 4, "the cases above");
    }
}
